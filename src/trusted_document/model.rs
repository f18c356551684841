//! What a trusted document is.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Documents a tenant may have.
pub const MAX_DOCUMENTS: i64 = 5_000;
/// Documents added or removed at once.
pub const MAX_AT_ONCE: usize = 250;

/// A document's SHA-256: 64 lowercase hex digits as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DocumentHash(pub [u8; 32]);

impl DocumentHash {
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

impl fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is not 64 lowercase hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHash;

impl FromStr for DocumentHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let is_digits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_digits {
            return Err(NoHash);
        }
        let mut hash = [0; 32];
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| NoHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoHash)?;
        }
        Ok(Self(hash))
    }
}

/// The scheme of document ids.
const SCHEME: &str = "sha256:";

/// `sha256:…`, as clients name a document: the `documentId` of the GraphQL-over-HTTP specification.
pub fn document_id(hash: DocumentHash) -> String {
    format!("{SCHEME}{hash}")
}

/// The document that an id names.
pub fn parse_document_id(id: &str) -> Result<DocumentHash, NoHash> {
    id.strip_prefix(SCHEME).ok_or(NoHash)?.parse()
}

/// A document as it is stored.
#[derive(Clone, Debug)]
pub struct TrustedDocument {
    pub id: Uuid,
    pub hash: DocumentHash,
    /// Its operation's name; of several the first.
    pub name: Option<String>,
    pub text: String,
    pub created_at: DateTime<Utc>,
}

/// A document that is to be trusted.
#[derive(Clone, Debug)]
pub struct NewDocument {
    pub name: Option<String>,
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_the_sha_256_of_a_text() {
        // The digest of "abc" from FIPS 180-2.
        let id = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(document_id(DocumentHash::of("abc")), id);
        assert_eq!(parse_document_id(id), Ok(DocumentHash::of("abc")));
        let without = id.trim_start_matches(SCHEME);
        for bad in [without, &id.to_uppercase(), &id[..70], &format!("{id}0"), "sha256:", "md5:00", ""] {
            assert_eq!(parse_document_id(bad), Err(NoHash), "{bad}");
        }
    }
}
