//! What a key is.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Grants, Permissions};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyKind {
    /// For storefronts: sees what is published, and its own carts.
    Publishable,
    /// For the merchant's servers: sees and does what its permissions say, in its shop.
    Secret,
}

impl KeyKind {
    pub const ALL: [Self; 2] = [Self::Publishable, Self::Secret];

    pub fn prefix(self) -> &'static str {
        match self {
            Self::Publishable => "epk_",
            Self::Secret => "esk_",
        }
    }

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Publishable => "PUBLISHABLE",
            Self::Secret => "SECRET",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_db() == text)
    }
}

/// Keys of a shop that are neither revoked nor expired, at most.
pub const MAX_LIVE: i64 = 100;
/// Characters of a name, at most.
pub const MAX_NAME: usize = 255;
/// How long the old key goes on beside the one that replaces it, unless said otherwise.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// The longest that may be said.
pub const MAX_OVERLAP: TimeDelta = TimeDelta::days(30);

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub kind: KeyKind,
    /// What it is for: 1 to 255 characters.
    pub name: String,
    /// What a secret key may do; none: everything, also what comes later. None for publishable keys.
    pub permissions: Option<Permissions>,
    /// From then on it is refused; none: never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewKey {
    /// One that is limited in nothing.
    pub fn unlimited(kind: KeyKind, name: &str) -> Self {
        Self { kind, name: name.to_owned(), permissions: None, expires_at: None }
    }
}

/// Who makes a key.
#[derive(Clone, Debug)]
pub struct Maker {
    pub grants: Grants,
    /// The key that they have themselves, if they come with one.
    pub key: Option<Uuid>,
}

/// A key as those see it who manage it: never in clear.
#[derive(Clone, Debug, Serialize)]
pub struct KeyInfo {
    pub id: Uuid,
    pub kind: KeyKind,
    pub name: String,
    pub last_four: String,
    /// As in [`NewKey`].
    pub permissions: Option<Permissions>,
    pub created_at: DateTime<Utc>,
    /// As in [`NewKey`].
    pub expires_at: Option<DateTime<Utc>>,
    /// The last request with it, to the minute; none yet when none.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// When another key took its place.
    pub rotated_at: Option<DateTime<Utc>>,
}

impl KeyInfo {
    /// Whether it is refused.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_some() || self.expires_at.is_some_and(|end| end <= now)
    }
}
