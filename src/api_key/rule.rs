//! What the mutations of keys refuse.

use chrono::{DateTime, Utc};

use super::model::{MAX_LIVE, MAX_NAME, MAX_OVERLAP};

/// The path to the argument at fault: that of the one mutation or of the other.
pub type Path = &'static [&'static str];

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
    NotGranted { missing: String, at: Path },
    #[error("a key that expires makes none that goes on for longer: it expires at {}", end.to_rfc3339())]
    Outlives { end: DateTime<Utc>, at: Path },
    #[error("the key has been rotated: another one took its place; rotate that, or make a new one")]
    Rotated,
    #[error("a publishable key has no permissions: it sees what shoppers see")]
    Publishable,
    #[error("it has to expire in the future")]
    Expired { at: Path },
    #[error("the old key goes on for 0 to {} seconds", MAX_OVERLAP.num_seconds())]
    BadOverlap,
    #[error("a shop has at most {MAX_LIVE} keys that are in force: revoke one first")]
    TooMany,
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
            Self::Rotated => ApiKeyUserErrorCode::AlreadyRotated,
            Self::BadName
            | Self::UnknownPermission { .. }
            | Self::Publishable
            | Self::Expired { .. }
            | Self::BadOverlap => ApiKeyUserErrorCode::Invalid,
            Self::NotGranted { .. } | Self::Outlives { .. } => ApiKeyUserErrorCode::NotGranted,
            Self::TooMany => ApiKeyUserErrorCode::LimitReached,
        }
    }

    /// The path to the argument at fault.
    pub fn field(&self) -> Option<Vec<String>> {
        let at: &[&str] = match self {
            Self::NotFound | Self::Over | Self::Rotated => &["id"],
            Self::BadOverlap => &["overlapSeconds"],
            Self::TooMany => return None,
            Self::BadName => &["input", "name"],
            Self::UnknownPermission { at, .. } => &["input", "accessScopes", &at.to_string()],
            Self::Publishable => &["input", "accessScopes"],
            Self::NotGranted { at, .. } | Self::Outlives { at, .. } | Self::Expired { at } => at,
        };
        Some(at.iter().map(|part| (*part).to_owned()).collect())
    }
}
