//! What the mutations refuse.

use super::model::{MAX_AT_ONCE, MAX_DOCUMENTS};
use crate::graphql::limits::Limits;

/// A refusal, with the place of the document at fault in the input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustedDocumentRule {
    #[error("give at least one document")]
    Blank,
    #[error("at most {MAX_AT_ONCE} documents at once")]
    TooMany,
    #[error("a document has 1 to {} bytes", Limits::STANDARD.bytes)]
    BadLength { at: usize },
    #[error("the document cannot be parsed: {why}")]
    Unparsed { at: usize, why: String },
    #[error("the id is not `sha256:` and the SHA-256 of this text, which is {expected}")]
    OtherId { at: usize, expected: String },
    #[error("a shop has at most {MAX_DOCUMENTS} trusted documents")]
    Full,
}

/// Why a mutation of trusted documents refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum TrustedDocumentUserErrorCode {
    /// There is nothing to do.
    Blank,
    /// More than there may be at once.
    TooMany,
    /// The text is not a document of GraphQL, or too long.
    InvalidDocument,
    /// The id is not that of the text.
    InvalidId,
    /// A bound is reached.
    LimitReached,
}

impl TrustedDocumentRule {
    pub fn code(&self) -> TrustedDocumentUserErrorCode {
        match self {
            Self::Blank => TrustedDocumentUserErrorCode::Blank,
            Self::TooMany => TrustedDocumentUserErrorCode::TooMany,
            Self::BadLength { .. } | Self::Unparsed { .. } => TrustedDocumentUserErrorCode::InvalidDocument,
            Self::OtherId { .. } => TrustedDocumentUserErrorCode::InvalidId,
            Self::Full => TrustedDocumentUserErrorCode::LimitReached,
        }
    }

    /// The path to the input at fault.
    pub fn field(&self) -> Vec<String> {
        let (at, part) = match self {
            Self::Blank | Self::TooMany | Self::Full => return vec!["documents".to_owned()],
            Self::BadLength { at } | Self::Unparsed { at, .. } => (at, "text"),
            Self::OtherId { at, .. } => (at, "documentId"),
        };
        vec!["documents".to_owned(), at.to_string(), part.to_owned()]
    }
}
