//! What a grant is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::permission as may;
use crate::access::{Action, Permission, Permissions};

/// Hours that a grant lasts: unless told otherwise, and at most.
pub const HOURS: i32 = 24;
pub const MAX_HOURS: i32 = 7 * 24;
/// Grants of a shop in force at once.
pub const MAX_LIVE: i64 = 20;
/// Characters of a reason.
pub const MAX_REASON: usize = 1000;

/// What no grant allows, since it would make something that opens the shop, or sends what happens in it elsewhere, when
/// the grant has ended.
pub const NEVER: Permissions = Permissions::of(&[
    may::WRITE_STAFF,
    may::DELETE_STAFF,
    may::WRITE_API_KEYS,
    may::DELETE_API_KEYS,
    may::WRITE_WEBHOOKS,
    // Links with tokens lead to the shop's addresses, and to its customers'.
    may::WRITE_SETTINGS,
    may::WRITE_CUSTOMERS,
]);

/// To see everything.
pub fn reading() -> Permissions {
    let reading = Permission::ALL.iter().filter(|permission| permission.action == Action::Read);
    Permissions::of(&reading.copied().collect::<Vec<_>>())
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportAccess {
    pub id: Uuid,
    /// Why, in the shop's words.
    pub reason: String,
    pub permissions: Permissions,
    /// Who granted it, as events name who did something: `staff:<uuid>`.
    pub granted_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What the guard needs to know of a grant in force. In the shared cache no field may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub permissions: Permissions,
    pub expires_at: DateTime<Utc>,
}

/// A grant to make.
#[derive(Clone, Debug)]
pub struct NewSupportAccess {
    pub reason: String,
    pub hours: i32,
    /// None: to see whatever who grants it sees.
    pub permissions: Option<Permissions>,
}
