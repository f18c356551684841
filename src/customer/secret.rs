//! The secrets by which customers are known: access tokens, and what is mailed to them. 256 random bits each, stored as
//! SHA-256.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A secret in clear, or what somebody takes for one.
#[derive(Clone)]
pub struct Secret(String);

/// By what a secret is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

impl Secret {
    /// 43 characters of base64url.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// What a client has sent: what was never given out is nobody's.
    pub fn given(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// In clear, for the one answer or mail that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_is_not_shown_by_accident() {
        let secret = Secret::from_random([7; 32]);
        assert_eq!(secret.reveal().len(), 43);
        assert!(Secret::given(secret.reveal()).hash() == secret.hash());
        assert!(Secret::given("another").hash() != secret.hash());
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
