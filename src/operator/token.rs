//! A token's text: `eop_`, 43 characters of base64url (256 random bits), 6 of checksum, as API keys have it.

use sha2::{Digest, Sha256};

use crate::api_key::key::{KeyHash, is_secret_text, secret_text};

/// What every token begins with.
pub const PREFIX: &str = "eop_";

/// A token in clear. Shown once, never logged: it has no Debug and no Display.
pub struct OperatorToken(String);

impl OperatorToken {
    /// Makes a token of 256 random bits.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(secret_text(PREFIX, random))
    }

    /// Recognises a token by prefix, length and checksum; none when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        is_secret_text(PREFIX, text).then(|| Self(text.to_owned()))
    }

    /// Whether a text is meant to be one.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// In clear, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_no_changed_one_does() {
        let token = OperatorToken::from_random([7; 32]);
        let text = token.reveal();
        assert!(OperatorToken::parse(text).is_some_and(|read| read.hash() == token.hash()));
        let other = text.replacen('B', "C", 1);
        for wrong in ["", "eop_", &text[1..], &text[..text.len() - 1], &text.replace("eop_", "esk_"), &other, "eop_ä"]
        {
            assert!(OperatorToken::parse(wrong).is_none(), "{wrong}");
        }
    }
}
