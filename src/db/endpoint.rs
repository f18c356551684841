//! Where a database is, and how safely it is to be reached: a connection URL, of which tokio-postgres understands all
//! but TLS.
//!
//! | `sslmode` | |
//! |---|---|
//! | none, `disable` | in clear |
//! | `prefer` | TLS where the server offers it, with whatever certificate |
//! | `require` | TLS with whatever certificate; with `sslrootcert` as `verify-ca` |
//! | `verify-ca` | and the certificate is signed by who is trusted |
//! | `verify-full` | and it is the certificate of the host that the URL names |
//!
//! `sslrootcert` names a PEM file of those who are trusted; without it, or as `system`, those whom the system trusts.
//! `sslcert` and `sslkey` name the PEM files of a client's certificate. What libpq knows and this does not is refused:
//! nothing that was to make a connection safe is passed over.

use std::error::Error;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::tls::{Files, Mode, Tls};

/// A database's address, role and way to be reached.
#[derive(Clone)]
pub struct Endpoint {
    pub config: Config,
    /// None: in clear.
    pub tls: Option<Tls>,
}

impl Endpoint {
    /// Understands a connection URL, and reads the certificates that it names. Says what is wrong without repeating the
    /// URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut files, mut rest) = (None, Files::default(), Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = decoded(value);
            match name {
                "sslmode" => mode = Some(value),
                "sslrootcert" => files.roots = Some(value).filter(|value| value != "system"),
                "sslcert" => files.certificate = Some(value),
                "sslkey" => files.key = Some(value),
                "channel_binding" if value == "require" => {
                    return Err("channel_binding=require is not spoken".to_owned());
                }
                "channel_binding" => {}
                "sslnegotiation" if value != "postgres" => {
                    return Err("of sslnegotiation only postgres is spoken".to_owned());
                }
                _ if name.starts_with("ssl") && name != "sslnegotiation" => {
                    return Err(format!("{name} is not known here"));
                }
                _ => rest.push(parameter),
            }
        }
        let tls = match mode.as_deref() {
            None if files.are_named() => return Err("certificates are named, and no sslmode that uses them".to_owned()),
            None | Some("disable") => None,
            Some(mode) => Some(Tls::new(Mode::parse(mode)?, &files)?),
        };
        let separator = if rest.is_empty() { "" } else { "?" };
        let mut config: Config =
            format!("{address}{separator}{}", rest.join("&")).parse().map_err(|error: tokio_postgres::Error| {
                error.source().map_or_else(|| error.to_string(), ToString::to_string)
            })?;
        // What is handed to tokio-postgres speaks TLS already, or is not to.
        config.ssl_mode(SslMode::Disable);
        Ok(Self { config, tls })
    }
}

/// Percent-decoded; a `+` stays one, as libpq has it.
fn decoded(text: &str) -> String {
    let text = format!("v={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_tls_is_understood_or_refused_and_never_passed_over() {
        for clear in ["postgres://a@b/c", "postgres://a@b/c?sslmode=disable", "postgres://a,b/c?application_name=x"] {
            assert!(Endpoint::parse(clear).unwrap().tls.is_none(), "{clear}");
        }
        for safe in ["require", "prefer&connect_timeout=3", "verify-full&sslrootcert=system", "verify-ca"] {
            assert!(Endpoint::parse(&format!("postgres://a@b/c?sslmode={safe}")).unwrap().tls.is_some(), "{safe}");
        }
        for (query, why) in [
            ("sslmode=allow", "sslmode=allow"),
            ("sslmode=verify_full", "sslmode=verify_full"),
            ("sslmode=require&sslcrl=x", "sslcrl"),
            ("sslmode=require&sslnegotiation=direct", "sslnegotiation"),
            ("sslmode=require&channel_binding=require", "channel_binding"),
            ("sslrootcert=/etc/ca.pem", "no sslmode"),
            ("sslmode=verify-full&sslrootcert=/nonexistent/ca.pem", "/nonexistent/ca.pem"),
            ("sslmode=require&sslcert=/nonexistent/client.pem", "sslkey"),
            ("sslmode=require&nonsense=1", "nonsense"),
        ] {
            let error = Endpoint::parse(&format!("postgres://a:s3cret@b/c?{query}")).err().expect(query);
            assert!(error.contains(why) && !error.contains("s3cret"), "{error}");
        }
    }
}
