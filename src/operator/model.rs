//! What is known of operators' tokens.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// Characters of a token's name.
pub const MAX_NAME: usize = 255;
/// Days that a token lives at most.
pub const MAX_DAYS: u16 = 366;

/// A token, without what is secret about it.
#[derive(Clone, Debug, Serialize)]
pub struct TokenInfo {
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// Since when it is refused, because somebody said so.
    pub revoked_at: Option<DateTime<Utc>>,
    /// To the minute, and a minute late.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What the guard needs to know of a token that is not revoked.
#[derive(Clone, Copy, Debug)]
pub struct LiveToken {
    pub id: Uuid,
    pub expires_at: DateTime<Utc>,
}

/// Why a token was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRule {
    #[error(
        "a name has 1 to {MAX_NAME} characters, not all of them blank, and no line breaks or other control characters"
    )]
    BadName,
    #[error("a token lives 1 to {MAX_DAYS} days")]
    BadLife,
}
