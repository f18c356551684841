//! `staffInvite`, `staffAccept`, `staffUpdate`, `staffRemove`.

use async_graphql::{Context, ID, InputObject, Object, Result};
use emporia_macros::guarded;

use super::payload::{StaffAcceptPayload, StaffInvitePayload, StaffRemovePayload, StaffUpdatePayload, outcome};
use crate::error::ServiceError;
use crate::graphql::scope::ScopeExt;
use crate::identity::model::NewStaff;
use crate::identity::rule::Refusal;
use crate::identity::service::{self, StaffChange};
use crate::ids::Gid;

/// Whom to invite.
#[derive(Clone, Debug, InputObject)]
pub struct StaffInviteInput {
    /// The email address, to which the invitation is mailed.
    email: String,
    /// What the member is called: 1 to 255 characters.
    name: String,
    /// The handle of a role of the shop, which may no more than you may.
    role: String,
}

/// What is to change of a member; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct StaffUpdateInput {
    /// What the member is called: 1 to 255 characters.
    name: Option<String>,
    /// The handle of a role of the shop, which may no more than you may. Whoever signs in with an outside identity provider has
    /// the role that it says.
    role: Option<String>,
    /// Whether the member is kept out: all their sessions end.
    suspended: Option<bool>,
}

#[derive(Default)]
pub struct StaffManagementMutation;

#[guarded]
#[Object]
impl StaffManagementMutation {
    /// Takes a member in and mails an invitation, which `staffAccept` takes for a week; `staffPasswordRecover` mails another
    /// token. A shop has at most 1000 members.
    #[requires(write_staff)]
    async fn staff_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to invite.")] input: StaffInviteInput,
    ) -> Result<Option<StaffInvitePayload>> {
        let scope = ctx.scope();
        if scope.is_ending_key {
            return Ok(Some(outcome(Err(ServiceError::Rule(Refusal::EndingKey.at(&[]))))?.into()));
        }
        let new = NewStaff { email: input.email, name: input.name, role: input.role };
        let (app, db, grants) = (scope.app.clone(), scope.db().clone(), scope.grants());
        let inviting = async move { service::staff_invite(&app, &db, &grants, new).await };
        Ok(Some(outcome(scope.act(inviting).await?)?.into()))
    }

    /// Accepts an invitation: sets the password with which the member signs in from then on.
    #[public]
    async fn staff_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token that was mailed.")] token: String,
        #[graphql(desc = "The password: 8 to 128 characters.")] password: String,
    ) -> Result<Option<StaffAcceptPayload>> {
        let scope = ctx.scope();
        let (app, db, network) = (scope.app.clone(), scope.db().clone(), scope.request.network);
        let accepting = async move {
            let work = Box::pin(service::password_reset(&app, &db, &token, &password));
            service::guess(&app, &db, network, work).await
        };
        Ok(Some(outcome(scope.act(accepting).await?)?.into()))
    }

    /// Changes a member, who may no more than you may, before and after it; counts within a second, in open sessions too.
    /// The last owner who can sign in stays one.
    #[requires(write_staff)]
    async fn staff_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member's global id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: StaffUpdateInput,
    ) -> Result<Option<StaffUpdatePayload>> {
        let scope = ctx.scope();
        let Some(id) = Gid::of(&id, "StaffMember") else {
            let not_found = ServiceError::Rule(Refusal::NoMember.at(&["id"]));
            return Ok(Some(outcome(Err(not_found))?.into()));
        };
        // What takes from a member it may.
        if scope.is_ending_key && (input.role.is_some() || input.suspended == Some(false)) {
            return Ok(Some(outcome(Err(ServiceError::Rule(Refusal::EndingKey.at(&["input"]))))?.into()));
        }
        let wanted = StaffChange { name: input.name, role: input.role, suspended: input.suspended };
        let (app, db, grants) = (scope.app.clone(), scope.db().clone(), scope.grants());
        let updating = async move { service::staff_update(&app, &db, &grants, id, wanted).await };
        Ok(Some(outcome(scope.act(updating).await?)?.into()))
    }

    /// Removes a member, who may no more than you may: their sessions end within a second. What they have done stays. The
    /// last owner who can sign in is not removed.
    #[requires(delete_staff)]
    async fn staff_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member's global id.")] id: ID,
    ) -> Result<Option<StaffRemovePayload>> {
        let scope = ctx.scope();
        let done = match Gid::of(&id, "StaffMember") {
            Some(id) => {
                let (app, db, grants) = (scope.app.clone(), scope.db().clone(), scope.grants());
                scope.act(async move { service::staff_remove(&app, &db, &grants, id).await }).await?
            }
            None => Err(ServiceError::Rule(Refusal::NoMember.at(&["id"]))),
        };
        let (removed, user_errors) = outcome(done)?;
        let deleted_staff_member_id = removed.map(|member| scope.gid("StaffMember", member.id));
        Ok(Some(StaffRemovePayload { deleted_staff_member_id, user_errors }))
    }
}
