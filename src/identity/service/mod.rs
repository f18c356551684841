//! What is done with staff: a function per use case. No transaction is open while a password is hashed, a token signed or
//! a mail posted.

mod email;
mod keys;
mod manage;
mod member;
mod network;
mod outside;
mod overrides;
mod password;
mod session;
mod sign_in;

pub use email::{email_verification_send, email_verify};
pub use keys::{KeyInfo, Rotated, keys_list, keys_load, keys_published, keys_rotate};
pub use manage::{StaffChange, invitation_send, staff_invite, staff_page, staff_remove, staff_update};
pub use member::{
    owners, password_set_by_operator, password_token_show, somebody_has_role, staff_by_email, staff_count,
    staff_create, staff_create_in_tx,
};
pub use network::{ask_for_mail, guess};
pub use outside::{membership_put, organization_tenant, outside_standing};
pub use overrides::{NewOverride, overrides_in_force, overrides_set};
pub use password::{password_recover, password_reset, password_update};
pub use session::{forget, session_revoke, session_standing, sessions_page};
pub use sign_in::{SignedIn, refresh, sign_in};

use std::time::Duration;

use super::rule::{Refusal, StaffRule};
use crate::attempts::Bound;
use crate::error::ServiceError;
use crate::password::PasswordError;

/// Passwords that are looked at for one address, whether it is somebody's or not: the refusal says nothing of who there is.
const PASSWORDS: Bound = Bound { name: "staff-password", most: 10, window: Duration::from_secs(15 * 60) };
/// Members whom a shop invites.
const INVITATIONS: Bound = Bound { name: "staff-invitations", most: 100, window: Duration::from_secs(60 * 60) };
/// Invitations to one address.
const INVITATION_MAILS: Bound = Bound { name: "staff-invitation-mail", most: 5, window: Duration::from_secs(60 * 60) };
/// Mails to one address in which somebody who has not signed in asked for a token.
const MAILS: Bound = Bound { name: "staff-mail", most: 5, window: Duration::from_secs(60 * 60) };

pub(super) fn refused(refusal: Refusal, field: &[&str]) -> ServiceError<StaffRule> {
    ServiceError::Rule(refusal.at(field))
}

/// A password that could not be looked at.
fn unchecked(error: PasswordError) -> ServiceError<StaffRule> {
    match error {
        PasswordError::Busy => refused(Refusal::Busy, &[]),
        PasswordError::Fault(fault) => fault.into(),
    }
}
