//! What a staff member and a session are.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Override;

/// A session ends when no refresh token of it was used for so long …
pub const SESSION_IDLE: TimeDelta = TimeDelta::days(30);
/// … and so long after its sign-in at the latest.
pub const SESSION_LIFE: TimeDelta = TimeDelta::days(180);
/// Sessions a member may have open; one more ends the one that was used longest ago.
pub const MAX_SESSIONS: usize = 50;
/// A refresh token that was just replaced leads to its successor for so long.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);
/// How long a mailed token can be used: to choose a password, to prove an address.
pub const PASSWORD_TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
pub const EMAIL_TOKEN_LIFE: TimeDelta = TimeDelta::days(1);
/// How long a password can be chosen by a token that an operator was shown.
pub const SHOWN_TOKEN_LIFE: TimeDelta = TimeDelta::days(3);
/// How long an invitation can be accepted.
pub const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);
/// Members of a shop's staff, at most.
pub const MAX_STAFF: i64 = 1000;
/// Exceptions of one member, at most.
pub const MAX_OVERRIDES: usize = 100;
/// Between two mails of one kind to one member.
pub const MAIL_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Characters of an address, of a member's name, of what a client says of itself.
pub const MAX_EMAIL: usize = 254;
pub const MAX_NAME: usize = 255;
pub const MAX_USER_AGENT: usize = 255;

/// How far a member's account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum StaffStatus {
    /// Has not chosen a password yet.
    Invited,
    /// Signs in.
    Active,
    /// Is kept out.
    Suspended,
}

impl StaffStatus {
    const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Suspended];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Invited => "INVITED",
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_db() == text)
    }
}

/// Somebody who works for the shop; without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffMember {
    pub id: Uuid,
    /// In lower case.
    pub email: String,
    pub name: String,
    pub role: String,
    pub status: StaffStatus,
    /// The issuer through which the member signs in; none: by password, here.
    pub provider: Option<String>,
    /// When the address was proved to be read; none: not yet.
    pub email_verified_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// Whom to take in.
#[derive(Clone, Debug)]
pub struct NewStaff {
    pub email: String,
    pub name: String,
    pub role: String,
}

/// An exception that holds for one member beside their role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffOverride {
    pub says: Override,
    /// Who has set it, as [`crate::tenant::model::Access::actor`] has it.
    pub set_by: String,
    pub created_at: DateTime<Utc>,
}

/// A sign-in on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: Uuid,
    pub staff_id: Uuid,
    /// What the client said of itself.
    pub user_agent: Option<String>,
    pub created_at: DateTime<Utc>,
    /// Of its sign-in or its last refresh.
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// What the guard needs to know of a session that is open. In the shared cache no field may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStanding {
    pub staff_id: Uuid,
    /// The member's role as it is now, whatever a token says.
    pub role: Arc<str>,
    pub expires_at: DateTime<Utc>,
}

/// Why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    SignedOut,
    Revoked,
    /// A refresh token was used again.
    Reused,
    PasswordChanged,
    /// There were too many, and this one was used longest ago.
    TooMany,
}

impl Ended {
    pub fn as_db(self) -> &'static str {
        match self {
            Self::SignedOut => "SIGNED_OUT",
            Self::Revoked => "REVOKED",
            Self::Reused => "REUSED",
            Self::PasswordChanged => "PASSWORD_CHANGED",
            Self::TooMany => "TOO_MANY",
        }
    }
}

/// What a mailed or shown token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To choose a password.
    Password,
    /// To prove that an address is read.
    Email,
}

impl Purpose {
    pub fn as_db(self) -> &'static str {
        match self {
            Self::Password => "PASSWORD",
            Self::Email => "EMAIL",
        }
    }
}

/// An address as it is stored and looked up; none when it cannot be one.
pub fn normal_email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.rsplit_once('@')?;
    let whole = !local.is_empty() && domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    let plain = !email.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;\"()[]\\".contains(c));
    (whole && plain && email.chars().count() <= MAX_EMAIL).then_some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_however_it_is_written() {
        assert_eq!(normal_email(" Ada@Shop.Example ").as_deref(), Some("ada@shop.example"));
        assert_eq!(normal_email("ada+till@shop.example").as_deref(), Some("ada+till@shop.example"));
        let long = format!("{}@shop.example", "a".repeat(MAX_EMAIL));
        for bad in
            ["", "ada", "@shop.example", "ada@", "ada@shop", "ada@shop..example", "a b@c.de", "a@b.c, d@e.f", &long]
        {
            assert_eq!(normal_email(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_session_that_leaves_something_out_is_not_read() {
        let standing =
            SessionStanding { staff_id: Uuid::nil(), role: "owner".into(), expires_at: DateTime::UNIX_EPOCH };
        let whole = serde_json::to_value(&standing).expect("JSON");
        assert_eq!(serde_json::from_value::<SessionStanding>(whole.clone()).ok(), Some(standing));
        for field in whole.as_object().expect("fields").keys() {
            let mut less = whole.clone();
            less.as_object_mut().expect("fields").remove(field);
            assert!(serde_json::from_value::<SessionStanding>(less).is_err(), "{field}");
        }
    }
}
