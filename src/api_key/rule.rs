//! What the mutations of keys refuse.

use chrono::{DateTime, Utc};

use super::model::{MAX_LIVE, MAX_NAME, MAX_OVERLAP};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyRule {
    #[error("there is no such key")]
    NotFound,
    #[error("the key is revoked or has expired")]
    Over,
    #[error(
        "a name has 1 to {MAX_NAME} characters, not all of them blank, and no line breaks or other control characters"
    )]
    BadName,
    #[error("\"{name}\" is no permission: expected one like read_orders")]
    UnknownPermission { at: usize, name: String },
    #[error("you cannot give away what you may not do yourself: {missing}")]
    NotGranted { missing: String },
    #[error("a key that expires makes none that goes on for longer: it expires at {}", end.to_rfc3339())]
    Outlives { end: DateTime<Utc> },
    #[error(transparent)]
    Rotated(#[from] Rotating),
    #[error("a publishable key has no permissions: it sees what shoppers see")]
    Publishable,
    #[error("it has to expire in the future")]
    Expired,
    #[error("the old key goes on for 0 to {} seconds", MAX_OVERLAP.num_seconds())]
    BadOverlap,
    #[error("a shop has at most {MAX_LIVE} keys that are in force: revoke one first")]
    TooMany,
}

/// Why a key was not replaced by another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rotating {
    #[error("the key has been rotated: another one took its place; rotate that, or make a new one")]
    Before,
    #[error("the key may what you may not do yourself: {missing}")]
    NotGranted { missing: String },
    #[error("a key that expires makes none that goes on for longer: it expires at {}", end.to_rfc3339())]
    Outlives { end: DateTime<Utc> },
    #[error("it has to expire in the future")]
    Expired,
}

/// Why a mutation of keys refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum ApiKeyUserErrorCode {
    /// The id leads to nothing.
    NotFound,
    /// The key is not in force any more.
    Inactive,
    /// Another key has taken its place.
    AlreadyRotated,
    /// The value cannot be taken.
    Invalid,
    /// It would be more than you may do yourself.
    NotGranted,
    /// A bound is reached.
    LimitReached,
}

impl ApiKeyRule {
    pub fn code(&self) -> ApiKeyUserErrorCode {
        match self {
            Self::NotFound => ApiKeyUserErrorCode::NotFound,
            Self::Over => ApiKeyUserErrorCode::Inactive,
            Self::Rotated(Rotating::Before) => ApiKeyUserErrorCode::AlreadyRotated,
            Self::Rotated(Rotating::Expired) => ApiKeyUserErrorCode::Invalid,
            Self::Rotated(Rotating::NotGranted { .. } | Rotating::Outlives { .. }) => ApiKeyUserErrorCode::NotGranted,
            Self::BadName | Self::UnknownPermission { .. } | Self::Publishable | Self::Expired | Self::BadOverlap => {
                ApiKeyUserErrorCode::Invalid
            }
            Self::NotGranted { .. } | Self::Outlives { .. } => ApiKeyUserErrorCode::NotGranted,
            Self::TooMany => ApiKeyUserErrorCode::LimitReached,
        }
    }

    /// The path to the argument at fault.
    pub fn field(&self) -> Option<Vec<String>> {
        let at = match self {
            Self::NotFound | Self::Over | Self::Rotated(Rotating::Before | Rotating::NotGranted { .. }) => {
                return Some(vec!["id".to_owned()]);
            }
            Self::BadOverlap => return Some(vec!["overlapSeconds".to_owned()]),
            Self::Rotated(Rotating::Outlives { .. } | Rotating::Expired) => return Some(vec!["expiresAt".to_owned()]),
            Self::TooMany => return None,
            Self::BadName => vec!["name".to_owned()],
            Self::UnknownPermission { at, .. } => vec!["accessScopes".to_owned(), at.to_string()],
            Self::NotGranted { .. } | Self::Publishable => vec!["accessScopes".to_owned()],
            Self::Expired | Self::Outlives { .. } => vec!["expiresAt".to_owned()],
        };
        Some([vec!["input".to_owned()], at].concat())
    }
}
