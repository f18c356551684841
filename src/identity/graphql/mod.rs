//! Staff in the schema.

mod manage;
mod mutation;
mod overrides;
mod payload;
mod query;
mod types;

pub use manage::StaffManagementMutation;
pub use mutation::StaffMutation;
pub use overrides::StaffOverrideMutation;
pub use payload::StaffUserError;
pub use query::{StaffQuery, member_of, session_of};
pub use types::{StaffMember, StaffSession};

use async_graphql::Context;
use uuid::Uuid;

use crate::error::Fault;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::identity::rule::Refusal;
use crate::tenant::model::Access;

/// The member and the session that ask; who signs in with an outside provider has no session.
pub(super) fn asking(scope: &Scope) -> Option<(Uuid, Option<Uuid>)> {
    match scope.access {
        Access::Staff { staff_id, session_id } => Some((staff_id, session_id)),
        _ => None,
    }
}

/// The member and the session that ask, of a field whose guard (`#[signed_in]`) lets nobody else pass. Of a member without
/// a session: that it is their provider's affair.
pub(super) fn require_session<'a>(ctx: &Context<'a>) -> Result<Result<(&'a Scope, Uuid, Uuid), StaffUserError>, Fault> {
    let scope = ctx.scope();
    let (staff_id, session_id) =
        asking(scope).ok_or_else(|| Fault::internal("the guard has let somebody else pass"))?;
    Ok(match session_id {
        Some(session_id) => Ok((scope, staff_id, session_id)),
        None => Err(Refusal::Elsewhere.at(&[]).into()),
    })
}

/// Whose sessions are meant: a member's own; of whoever is none, everybody's.
pub(super) fn sessions_of<'a>(ctx: &Context<'a>) -> (&'a Scope, Option<Uuid>) {
    let scope = ctx.scope();
    (scope, asking(scope).map(|(staff_id, _)| staff_id))
}
