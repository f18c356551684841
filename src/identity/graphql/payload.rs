//! What the mutations of staff answer.

use std::sync::Arc;

use async_graphql::{ID, SimpleObject};

use super::types::{StaffAccessToken, StaffMember};
use crate::error::{Fault, ServiceResult};
use crate::graphql::scope::Scope;
use crate::graphql::user_error::split;
use crate::identity::model::StaffMember as Model;
use crate::identity::rule::{StaffErrorCode, StaffRule};
use crate::identity::service::SignedIn;
use crate::user_error;

user_error!(StaffUserError, StaffErrorCode);

impl From<StaffRule> for StaffUserError {
    fn from(rule: StaffRule) -> Self {
        let StaffRule { refusal, field } = rule;
        Self { field: (!field.is_empty()).then_some(field), message: refusal.to_string(), code: Some(refusal.code()) }
    }
}

/// What was done, or why not.
pub(super) type Outcome<T> = (Option<T>, Vec<StaffUserError>);

pub(super) fn outcome<T>(done: ServiceResult<T, StaffRule>) -> Result<Outcome<T>, Fault> {
    split(done)
}

fn member(model: Model) -> StaffMember {
    StaffMember(Arc::new(model))
}

/// What `staffSignIn` answers.
#[derive(SimpleObject)]
pub struct StaffSignInPayload {
    /// By what the member's requests are known from now on; null when nobody is signed in.
    staff_access_token: Option<StaffAccessToken>,
    /// Who is signed in.
    staff_member: Option<StaffMember>,
    /// Why nobody is.
    user_errors: Vec<StaffUserError>,
}

impl StaffSignInPayload {
    pub(super) fn of(scope: &Scope, (done, user_errors): Outcome<SignedIn>) -> Self {
        let staff_access_token = done.as_ref().map(|done| StaffAccessToken::of(scope, done));
        Self { staff_access_token, staff_member: done.map(|done| member(done.member)), user_errors }
    }
}

/// What `staffTokenRefresh` answers.
#[derive(SimpleObject)]
pub struct StaffTokenRefreshPayload {
    /// What replaces the tokens of before; null when the session does not go on.
    staff_access_token: Option<StaffAccessToken>,
    /// Whose session it is.
    staff_member: Option<StaffMember>,
    /// Why it does not go on.
    user_errors: Vec<StaffUserError>,
}

impl StaffTokenRefreshPayload {
    pub(super) fn of(scope: &Scope, (done, user_errors): Outcome<SignedIn>) -> Self {
        let staff_access_token = done.as_ref().map(|done| StaffAccessToken::of(scope, done));
        Self { staff_access_token, staff_member: done.map(|done| member(done.member)), user_errors }
    }
}

/// What `staffSignOut` answers.
#[derive(SimpleObject)]
pub struct StaffSignOutPayload {
    /// The global id of the session that has ended.
    pub(super) revoked_staff_session_id: Option<ID>,
    /// Why none has.
    pub(super) user_errors: Vec<StaffUserError>,
}

/// What `staffSessionRevoke` answers.
#[derive(SimpleObject)]
pub struct StaffSessionRevokePayload {
    /// The global id of the session that has ended; null when none has.
    pub(super) revoked_staff_session_id: Option<ID>,
    /// Why none has.
    pub(super) user_errors: Vec<StaffUserError>,
}

/// What `staffPasswordUpdate` answers.
#[derive(SimpleObject)]
pub struct StaffPasswordUpdatePayload {
    /// Whose password it is; null when it was not changed.
    staff_member: Option<StaffMember>,
    /// Why it was not changed.
    user_errors: Vec<StaffUserError>,
}

/// What `staffPasswordRecover` answers.
#[derive(SimpleObject)]
pub struct StaffPasswordRecoverPayload {
    /// Why nothing was done; never, that there is no such member.
    pub(super) user_errors: Vec<StaffUserError>,
}

/// What `staffPasswordReset` answers.
#[derive(SimpleObject)]
pub struct StaffPasswordResetPayload {
    /// Whose password it is; null when none was set.
    staff_member: Option<StaffMember>,
    /// Why none was set.
    user_errors: Vec<StaffUserError>,
}

/// What `staffEmailVerificationSend` answers.
#[derive(SimpleObject)]
pub struct StaffEmailVerificationSendPayload {
    /// Why no mail was sent.
    pub(super) user_errors: Vec<StaffUserError>,
}

/// What `staffEmailVerify` answers.
#[derive(SimpleObject)]
pub struct StaffEmailVerifyPayload {
    /// Whose address it is; null when the token proves nothing.
    staff_member: Option<StaffMember>,
    /// Why it proves nothing.
    user_errors: Vec<StaffUserError>,
}

/// What `staffInvite` answers.
#[derive(SimpleObject)]
pub struct StaffInvitePayload {
    /// Who is invited; null when nobody is.
    staff_member: Option<StaffMember>,
    /// Why nobody is.
    user_errors: Vec<StaffUserError>,
}

/// What `staffAccept` answers.
#[derive(SimpleObject)]
pub struct StaffAcceptPayload {
    /// Who can sign in now; null when nobody can.
    staff_member: Option<StaffMember>,
    /// Why nobody can.
    user_errors: Vec<StaffUserError>,
}

/// What `staffUpdate` answers.
#[derive(SimpleObject)]
pub struct StaffUpdatePayload {
    /// The member as they are now; null when nothing was changed.
    staff_member: Option<StaffMember>,
    /// Why nothing was changed.
    user_errors: Vec<StaffUserError>,
}

/// What `staffPermissionOverridesSet` answers.
#[derive(SimpleObject)]
pub struct StaffPermissionOverridesSetPayload {
    /// The member with the exceptions that hold now; null when nothing was changed.
    staff_member: Option<StaffMember>,
    /// Why nothing was changed.
    user_errors: Vec<StaffUserError>,
}

/// What `staffRemove` answers.
#[derive(SimpleObject)]
pub struct StaffRemovePayload {
    /// The global id of the member who was removed; null when nobody was.
    pub(super) deleted_staff_member_id: Option<ID>,
    /// Why nobody was removed.
    pub(super) user_errors: Vec<StaffUserError>,
}

macro_rules! from_member {
    ($($payload:ident),+) => {
        $(impl From<Outcome<Model>> for $payload {
            fn from((done, user_errors): Outcome<Model>) -> Self {
                Self { staff_member: done.map(member), user_errors }
            }
        })+
    };
}
from_member!(
    StaffPasswordUpdatePayload,
    StaffPasswordResetPayload,
    StaffEmailVerifyPayload,
    StaffInvitePayload,
    StaffAcceptPayload,
    StaffUpdatePayload,
    StaffPermissionOverridesSetPayload
);
