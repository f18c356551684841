//! The keys that access tokens are signed with: which signs, which still count, and what others may know of them.
//!
//! The algorithm is the key's, never the token's: a header's `kid` looks a key up, and says nothing of how a signature is
//! checked. A new key is published a while before it signs, so that whoever keeps the published ones for some minutes
//! knows it by then; an old one counts for longer than what it signed last can live.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::Fault;

/// How long a new key is published before it signs.
pub const PUBLISHED_AHEAD: TimeDelta = TimeDelta::minutes(10);
/// How long an old one counts after that: a token lives for half of it.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(30);
/// How long others may keep the published keys.
pub const PUBLISHED_FOR: TimeDelta = TimeDelta::minutes(5);

/// A key as it is stored. Whoever has it can sign: it has no Debug.
pub struct StoredKey {
    pub kid: String,
    pub algorithm: String,
    /// PKCS#8 as DER.
    pub private_key: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub signs_from: DateTime<Utc>,
    /// None: until another replaces it.
    pub verifies_until: Option<DateTime<Utc>>,
}

impl StoredKey {
    /// A new Ed25519 key out of 32 random bytes, named by its thumbprint (RFC 7638).
    pub fn from_random(seed: [u8; 32], now: DateTime<Utc>, signs_from: DateTime<Utc>) -> Result<Self, Fault> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(broken)?;
        let private_key = pair.to_pkcs8v1().map_err(broken)?.as_ref().to_vec();
        let kid = thumbprint(pair.public_key().as_ref());
        let algorithm = "EdDSA".to_owned();
        Ok(Self { kid, algorithm, private_key, created_at: now, signs_from, verifies_until: None })
    }
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("a signing key cannot be used: {error}"))
}

fn thumbprint(public: &[u8]) -> String {
    let named = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(Sha256::digest(named.as_bytes()))
}

/// A key by which a signature is checked, and by which algorithm alone.
pub struct VerifyingKey {
    pub kid: String,
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

impl VerifyingKey {
    /// An Ed25519 key by its 32 bytes.
    pub fn ed25519(kid: String, public: &[u8]) -> Self {
        Self { kid, algorithm: Algorithm::EdDSA, key: DecodingKey::from_ed_der(public) }
    }

    /// An RSA key by modulus and exponent, for RS256: issuers elsewhere have such.
    pub fn rs256(kid: String, modulus: &[u8], exponent: &[u8]) -> Self {
        Self { kid, algorithm: Algorithm::RS256, key: DecodingKey::from_rsa_raw_components(modulus, exponent) }
    }
}

/// A key of our own.
struct OwnKey {
    verifying: VerifyingKey,
    signing: EncodingKey,
    /// The public half.
    public: Vec<u8>,
    signs_from: DateTime<Utc>,
    verifies_until: Option<DateTime<Utc>>,
}

impl OwnKey {
    fn counts(&self, now: DateTime<Utc>) -> bool {
        self.verifies_until.is_none_or(|until| now < until)
    }
}

/// What a process knows of the keys. Without Debug: it can sign.
pub struct KeySet(Vec<OwnKey>);

impl KeySet {
    pub fn read(stored: Vec<StoredKey>) -> Result<Self, Fault> {
        let own = |key: StoredKey| {
            if key.algorithm != "EdDSA" {
                return Err(broken(format!("algorithm {}", key.algorithm)));
            }
            let pair = Ed25519KeyPair::from_pkcs8(&key.private_key).map_err(broken)?;
            let public = pair.public_key().as_ref().to_vec();
            Ok(OwnKey {
                verifying: VerifyingKey::ed25519(key.kid, &public),
                signing: EncodingKey::from_ed_der(&key.private_key),
                public,
                signs_from: key.signs_from,
                verifies_until: key.verifies_until,
            })
        };
        Ok(Self(stored.into_iter().map(own).collect::<Result<_, _>>()?))
    }

    /// The key that signs now: the latest that may.
    pub fn signing(&self, now: DateTime<Utc>) -> Option<(&VerifyingKey, &EncodingKey)> {
        let may = self.0.iter().filter(|key| key.signs_from <= now && key.counts(now));
        let latest = may.max_by_key(|key| (key.signs_from, &key.verifying.kid))?;
        Some((&latest.verifying, &latest.signing))
    }

    /// The key of this name, if what it has signed counts now.
    pub fn verifying(&self, kid: &str, now: DateTime<Utc>) -> Option<&VerifyingKey> {
        self.0.iter().find(|key| key.verifying.kid == kid && key.counts(now)).map(|key| &key.verifying)
    }

    /// The public halves as a JWK set (RFC 7517, 8037), of those to come as well.
    pub fn published(&self, now: DateTime<Utc>) -> Value {
        let jwk = |key: &OwnKey| {
            json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.verifying.kid,
                "x": URL_SAFE_NO_PAD.encode(&key.public) })
        };
        json!({ "keys": self.0.iter().filter(|key| key.counts(now)).map(jwk).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8, signs_from: DateTime<Utc>) -> StoredKey {
        StoredKey::from_random([seed; 32], DateTime::UNIX_EPOCH, signs_from).unwrap()
    }

    #[test]
    fn the_latest_that_may_signs_and_the_old_one_counts_for_a_while() {
        let start = DateTime::UNIX_EPOCH;
        let (mut old, new) = (key(1, start), key(2, start + PUBLISHED_AHEAD));
        let names = [old.kid.clone(), new.kid.clone()];
        old.verifies_until = Some(new.signs_from + OVERLAP);
        let keys = KeySet::read(vec![old, new]).unwrap();
        let second = TimeDelta::seconds(1);
        let handover = start + PUBLISHED_AHEAD;
        for (now, signs, count) in [
            (start, 0, [true, true]),
            (handover - second, 0, [true, true]),
            (handover, 1, [true, true]),
            (handover + OVERLAP - second, 1, [true, true]),
            (handover + OVERLAP, 1, [false, true]),
        ] {
            assert_eq!(keys.signing(now).unwrap().0.kid, names[signs], "{now}");
            assert_eq!([0, 1].map(|at| keys.verifying(&names[at], now).is_some()), count, "{now}");
            let published = keys.published(now)["keys"].as_array().unwrap().len();
            assert_eq!(published, count.iter().filter(|counts| **counts).count());
        }
        assert!(keys.verifying("../etc/passwd", start).is_none() && keys.signing(start - second).is_none());
    }

    #[test]
    fn the_private_half_is_not_published() {
        let stored = key(3, DateTime::UNIX_EPOCH);
        let seed = URL_SAFE_NO_PAD.encode([3; 32]);
        let published = KeySet::read(vec![stored]).unwrap().published(DateTime::UNIX_EPOCH).to_string();
        assert!(!published.contains(&seed) && !published.contains("\"d\""), "{published}");
    }

    /// The example of RFC 8037, appendix A.
    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = StoredKey::from_random(seed.try_into().unwrap(), DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let x = KeySet::read(vec![key]).unwrap().published(DateTime::UNIX_EPOCH)["keys"][0]["x"].clone();
        assert_eq!(x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    }
}
