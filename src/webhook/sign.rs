//! Signing after Standard Webhooks (https://www.standardwebhooks.com).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::clock::Entropy;

const PREFIX: &str = "whsec_";
/// Signatures of a message that are looked at.
const MAX_SIGNATURES: usize = 16;

/// A subscription's signing secret: `whsec_` and the base64 of 32 random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(String);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

impl SigningSecret {
    pub fn generate(entropy: &Entropy) -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(entropy.bytes::<32>())))
    }

    pub(super) fn from_db(text: String) -> Self {
        Self(text)
    }

    /// For the database, and for the merchant's eyes, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The `webhook-signature` of a message.
    pub fn sign(&self, message_id: &str, timestamp: i64, body: &str) -> String {
        format!("v1,{}", STANDARD.encode(self.mac(message_id, timestamp, body.as_bytes()).finalize().into_bytes()))
    }

    /// One that somebody else has made, who signs with it: `whsec_` and the base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (24..=64).contains(&key.len()).then(|| Self(text.to_owned()))
    }

    /// Whether one of the signatures of a message, of which there may be several while secrets are changed, is of this
    /// secret.
    pub fn has_signed(&self, signatures: &str, message_id: &str, timestamp: i64, body: &[u8]) -> bool {
        let mac = self.mac(message_id, timestamp, body);
        signatures.split(' ').take(MAX_SIGNATURES).filter_map(|signature| signature.strip_prefix("v1,")).any(|text| {
            let signature = STANDARD.decode(text).unwrap_or_default();
            // Computed once; compared in the same time, wherever it differs.
            mac.clone().verify_slice(&signature).is_ok()
        })
    }

    fn mac(&self, message_id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        let key = STANDARD.decode(self.0.trim_start_matches(PREFIX)).unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        for part in [message_id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

/// The `webhook-id`: the event's, so that every attempt, and every subscription of one receiver, shows the same.
pub fn message_id(event_id: Uuid) -> String {
    format!("msg_{}", event_id.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_the_specification_computes() {
        let secret = SigningSecret::generate(&Entropy::seeded(1));
        let theirs = standardwebhooks::Webhook::new(secret.reveal()).unwrap();
        let body = "{\"type\":\"orders.create\",\"data\":\"ü\"}";
        assert_eq!(
            secret.sign("msg_1", 1_700_000_000, body),
            theirs.sign("msg_1", 1_700_000_000, body.as_bytes()).unwrap()
        );
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let secret = SigningSecret::generate(&Entropy::seeded(1));
        assert_eq!(format!("{secret:?}"), "SigningSecret(…)");
    }
}
