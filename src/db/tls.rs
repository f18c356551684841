//! TLS to PostgreSQL, by rustls: how a server proves who it is, and the first words before the handshake.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a server has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing, not even that it speaks TLS.
    Prefer,
    /// That it speaks TLS.
    Require,
    /// And that somebody trusted has signed its certificate.
    VerifyCa,
    /// And that it is the one that is meant.
    VerifyFull,
}

impl Mode {
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                let known = "disable, prefer, require, verify-ca or verify-full";
                return Err(format!("sslmode={text} is not known; expected {known}"));
            }
        })
    }
}

/// The PEM files that a URL names.
#[derive(Default)]
pub struct Files {
    pub roots: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
}

impl Files {
    pub fn are_named(&self) -> bool {
        self.roots.is_some() || self.certificate.is_some() || self.key.is_some()
    }
}

/// How to speak TLS. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    /// A server that does not is spoken to in clear.
    is_optional: bool,
}

impl Tls {
    /// Reads the files.
    pub fn new(mode: Mode, files: &Files) -> Result<Self, String> {
        // As libpq does: whoever names those whom he trusts wants the others refused.
        let mode = if mode == Mode::Require && files.roots.is_some() { Mode::VerifyCa } else { mode };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match mode {
            Mode::Prefer | Mode::Require => Arc::new(AnyName { provider: provider.clone(), signed: None }),
            Mode::VerifyCa => {
                let signed = Some(trusting(files, &provider)?);
                Arc::new(AnyName { provider: provider.clone(), signed })
            }
            Mode::VerifyFull => trusting(files, &provider)?,
        };
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder =
            builder.map_err(|error| error.to_string())?.dangerous().with_custom_certificate_verifier(verifier);
        let config = match (&files.certificate, &files.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("sslkey {key}: {error}"))?;
                let chain = certificates("sslcert", certificate)?;
                builder.with_client_auth_cert(chain, key).map_err(|error| format!("sslcert: {error}"))?
            }
            _ => return Err("sslcert and sslkey go together".to_owned()),
        };
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), is_optional: mode == Mode::Prefer })
    }

    /// Asks the server for TLS and shakes hands; the stream itself where it has none and need not have any.
    pub async fn speak(
        &self,
        mut stream: TcpStream,
        host: &str,
    ) -> io::Result<Result<Box<TlsStream<TcpStream>>, TcpStream>> {
        // SSLRequest: its length and a number that is no version.
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await?;
        match stream.read_u8().await? {
            b'S' => {}
            b'N' if self.is_optional => return Ok(Err(stream)),
            _ => return Err(io::Error::other("the server does not speak TLS, and sslmode asks for it")),
        }
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| io::Error::other(format!("{host} is no host's name")))?;
        let spoken = self.connector.connect(name, stream).await;
        spoken.map(|stream| Ok(Box::new(stream))).map_err(|error| io::Error::other(explain(host, &error)))
    }
}

/// What went wrong in a handshake, for who set it up.
fn explain(host: &str, error: &io::Error) -> String {
    let known = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match known {
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            format!("TLS with {host}: its certificate is signed by nobody whom sslrootcert, or else the system, trusts")
        }
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => format!("TLS with {host}: its certificate is for another name, and sslmode is verify-full"),
        Some(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
            format!("TLS with {host}: its certificate has expired")
        }
        _ => format!("TLS with {host}: {error}"),
    }
}

fn certificates(what: &str, path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => Err(format!("{what} {path}: there is no certificate in it")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("{what} {path}: {error}")),
    }
}

/// Trusts those in the file, or else those whom the system trusts.
fn trusting(files: &Files, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    match &files.roots {
        Some(path) => {
            for certificate in certificates("sslrootcert", path)? {
                roots.add(certificate).map_err(|error| format!("sslrootcert {path}: {error}"))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    verifier.map_err(|error| format!("nobody is trusted: {error}; name a file by sslrootcert"))
}

/// Takes a certificate whoever it is for, if the server holds its key.
#[derive(Debug)]
struct AnyName {
    provider: Arc<CryptoProvider>,
    /// Who has to say that somebody trusted has signed it; none: it need not be signed by anybody.
    signed: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(signed) = &self.signed else { return Ok(ServerCertVerified::assertion()) };
        // The name is looked at last, when everything else is found to be right.
        match signed.verify_server_cert(certificate, chain, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
