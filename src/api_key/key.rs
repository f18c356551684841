//! A key's text: `epk_` or `esk_`, 43 characters of base64url (256 random bits), 6 of checksum.
//!
//! The checksum (CRC-32 of what stands before it, base64url) lets a mistyped key be refused without a look-up, and
//! lets secret scanners recognise one. 256 random bits need no slow hash: the key is stored as its SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::model::KeyKind;

/// A whole key in clear. Shown once, never logged: it has no Debug and no Display.
pub struct ApiKey {
    text: String,
    kind: KeyKind,
}

/// The SHA-256 by which a key is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// For use as part of a cache key.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

const RANDOM_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;

impl ApiKey {
    /// Makes a key of 256 random bits.
    pub fn from_random(kind: KeyKind, random: [u8; 32]) -> Self {
        Self { text: secret_text(kind.prefix(), random), kind }
    }

    /// Recognises a key by prefix, length and checksum; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = KeyKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))?;
        is_secret_text(kind.prefix(), text).then(|| Self { text: text.to_owned(), kind })
    }

    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key in clear, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.text.as_bytes()).into())
    }

    pub fn last_four(&self) -> &str {
        &self.text[self.text.len() - 4..]
    }
}

/// What a secret shows of itself, 256 random bits, and a checksum.
pub fn secret_text(prefix: &str, random: [u8; 32]) -> String {
    let body = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
    format!("{body}{}", checksum(&body))
}

/// Whether a text can be such a one, by prefix, length and checksum.
pub fn is_secret_text(prefix: &str, text: &str) -> bool {
    if !text.is_ascii() || !text.starts_with(prefix) || text.len() != prefix.len() + RANDOM_CHARS + CHECKSUM_CHARS {
        return false;
    }
    let (body, sum) = text.split_at(text.len() - CHECKSUM_CHARS);
    checksum(body) == sum
}

/// The CRC-32 of what stands before it, in base64url.
fn checksum(body: &str) -> String {
    URL_SAFE_NO_PAD.encode(crc32fast::hash(body.as_bytes()).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_reads_back_and_no_changed_one_does(random: [u8; 32], at in 0_usize..53, to in 0x20_u8..0x7f) {
            for kind in KeyKind::ALL {
                let key = ApiKey::from_random(kind, random);
                let read = ApiKey::parse(key.reveal()).expect("its own text");
                prop_assert!(read.kind() == kind && read.hash() == key.hash());
                let mut changed = key.reveal().as_bytes().to_vec();
                changed[at] = to;
                let changed = String::from_utf8(changed).unwrap();
                prop_assert_eq!(ApiKey::parse(&changed).is_some(), changed == key.reveal());
            }
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        for text in ["", "epk_", "sk_live_abc", "esk_äöü"] {
            assert!(ApiKey::parse(text).is_none(), "{text}");
        }
    }
}
