//! Asking a provider for its keys: by discovery (OpenID Connect Discovery 1.0) and the JWK set (RFC 7517) that it names.
//!
//! What an operator has named is called, and what that names in turn: only by https, only where the whole internet can
//! reach, unless the operator says otherwise or the issuer is on this machine. Bounded in time by the caller, in size here.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::config::{ProviderConfig, is_of_this_machine};
use crate::identity::keys::VerifyingKey;
use crate::outside::http::outbound;
use crate::webhook::model::endpoint;

/// Bytes of an answer at most.
const MAX_ANSWER: usize = 256 << 10;
/// Keys of a set that are looked at.
const MAX_KEYS: usize = 100;
/// Bytes of an RSA modulus: 2048 to 8192 bits. What is shorter can be broken, what is longer is slow to check.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Asks one provider.
pub struct Fetcher {
    http: Result<reqwest::Client, String>,
    issuer: String,
    allow_private: bool,
    /// Where plain http will do.
    is_here: bool,
    algorithms: Vec<Algorithm>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Fetcher {
    pub fn new(config: &ProviderConfig) -> Self {
        let is_here = is_of_this_machine(&config.issuer);
        let allow_private = config.private_network || is_here;
        let http = outbound(allow_private).user_agent(concat!("Emporia/", env!("CARGO_PKG_VERSION"))).build();
        Self {
            http: http.map_err(|error| format!("the client: {error}")),
            issuer: config.issuer.clone(),
            allow_private,
            is_here,
            algorithms: config.algorithms.clone(),
        }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The provider's keys as it says them now.
    pub async fn keys(&self) -> Result<Vec<Arc<VerifyingKey>>, String> {
        let base = self.issuer.trim_end_matches('/');
        let said: Discovery = self.get(&format!("{base}/.well-known/openid-configuration")).await?;
        if said.issuer != self.issuer {
            return Err(format!("its configuration is of another issuer, {:?}", said.issuer));
        }
        let set: Set = self.get(&said.jwks_uri).await?;
        Ok(set.keys.into_iter().take(MAX_KEYS).filter_map(|key| self.usable(key)).map(Arc::new).collect())
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, address: &str) -> Result<T, String> {
        let url = endpoint(address, self.allow_private).map_err(|bad| format!("the address {address:?} {bad}"))?;
        if url.scheme() != "https" && !(self.is_here && is_of_this_machine(address)) {
            return Err(format!("the address {address:?} is not https"));
        }
        let body = self.body(url).await.map_err(|error| format!("{address}: {error}"))?;
        serde_json::from_slice(&body).map_err(|error| format!("{address}: {error}"))
    }

    async fn body(&self, url: Url) -> Result<Vec<u8>, String> {
        let http = self.http.as_ref().map_err(Clone::clone)?;
        let request = http.get(url).header("accept", "application/json");
        let mut response = request.send().await.map_err(|error| error.without_url().to_string())?;
        if response.status() != 200 {
            return Err(format!("answered {}; expected 200", response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Err(format!("answered more than {MAX_ANSWER} bytes"));
            }
        }
        Ok(body)
    }

    /// A key that signs with one of the algorithms that the operator admits. Any other of the set is somebody else's.
    fn usable(&self, key: Value) -> Option<VerifyingKey> {
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let common = &jwk.common;
        let signs = common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|of| of.contains(&KeyOperations::Verify));
        // The algorithm is the key's: by its kind, and where the key says one, that has to be the same.
        let (algorithm, named) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(params) if params.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(params) if params.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            // A shared secret that somebody publishes is none.
            _ => return None,
        };
        let is_it =
            signs && common.key_algorithm.is_none_or(|says| says == named) && self.algorithms.contains(&algorithm);
        if let AlgorithmParameters::RSA(params) = &jwk.algorithm
            && !RSA_BYTES.contains(&(params.n.len() * 3 / 4))
        {
            return None;
        }
        let kid = common.key_id.clone().filter(|kid| is_it && !kid.is_empty())?;
        Some(VerifyingKey { kid, algorithm, key: DecodingKey::from_jwk(&jwk).ok()? })
    }
}
