//! Staff in the schema.

mod manage;
mod mutation;
mod payload;
mod query;
mod types;

pub use manage::StaffManagementMutation;
pub use mutation::StaffMutation;
pub use payload::StaffUserError;
pub use query::{StaffQuery, member_of, session_of};
pub use types::{StaffMember, StaffSession};

use async_graphql::Context;
use uuid::Uuid;

use crate::graphql::error::{ApiError, Code};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::tenant::model::Access;

/// The member and the session that ask.
pub(super) fn asking(scope: &Scope) -> Option<(Uuid, Uuid)> {
    match scope.access {
        Access::Staff { staff_id, session_id } => Some((staff_id, session_id)),
        _ => None,
    }
}

/// The member and the session that ask, of a field that is `#[signed_in]`.
pub(super) fn require_staff<'a>(ctx: &Context<'a>) -> Result<(&'a Scope, Uuid, Uuid), ApiError> {
    let scope = ctx.scope();
    let (staff_id, session_id) = asking(scope).ok_or_else(|| {
        ApiError::new(Code::Forbidden, "this needs a staff member's access token (Authorization: Bearer …)")
    })?;
    Ok((scope, staff_id, session_id))
}

/// Whose sessions are meant: a member's own; of whoever is none, everybody's.
pub(super) fn sessions_of<'a>(ctx: &Context<'a>) -> (&'a Scope, Option<Uuid>) {
    let scope = ctx.scope();
    (scope, asking(scope).map(|(staff_id, _)| staff_id))
}
