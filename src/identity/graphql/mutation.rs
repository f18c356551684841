//! Signing in and out, passwords, addresses.

use async_graphql::{Context, ID, InputObject, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::payload::{
    Outcome, StaffEmailVerificationSendPayload, StaffEmailVerifyPayload, StaffPasswordRecoverPayload,
    StaffPasswordResetPayload, StaffPasswordUpdatePayload, StaffSessionRevokePayload, StaffSignInPayload,
    StaffSignOutPayload, StaffTokenRefreshPayload, outcome,
};
use super::{require_session, sessions_of};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::identity::model::{Ended, MAX_USER_AGENT};
use crate::identity::rule::Refusal;
use crate::identity::service;
use crate::ids::Gid;

/// Who signs in, and where.
#[derive(Clone, InputObject)]
pub struct StaffSignInInput {
    /// The member's email address.
    email: String,
    /// The member's password.
    password: String,
    /// What the list of sessions shall call the device; what is longer than 255 characters is cut. The request's
    /// `User-Agent` when it is left out.
    device_name: Option<String>,
}

/// What a list shows on one line.
fn device_name(given: Option<&str>) -> Option<String> {
    let printable = given?.chars().filter(|c| !c.is_control());
    let name: String = printable.take(MAX_USER_AGENT).collect();
    (!name.trim().is_empty()).then_some(name)
}

#[derive(Default)]
pub struct StaffMutation;

#[guarded]
#[Object]
impl StaffMutation {
    /// Signs a member in: opens a session on a device and answers the tokens by which its requests are known. Of what may be
    /// wrong (no such address, another password, a member who is kept out) the answer does not say which.
    #[public]
    async fn staff_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: StaffSignInInput,
    ) -> Result<Option<StaffSignInPayload>> {
        let scope = ctx.scope();
        let StaffSignInInput { email, password, device_name: named } = input;
        let device = device_name(named.as_deref().or(scope.request.user_agent.as_deref()));
        let (app, db, network) = (scope.app.clone(), scope.db().clone(), scope.request.network);
        let signing_in = async move {
            let work = Box::pin(service::sign_in(&app, &db, &email, &password, device));
            service::guess(&app, &db, network, work).await
        };
        Ok(Some(StaffSignInPayload::of(scope, outcome(scope.act(signing_in).await?)?)))
    }

    /// Goes on with a session: answers a new access token, and a new refresh token in place of the one that was sent. That
    /// one leads to the same successor for ten seconds more, in case that two requests race; used after that, it was
    /// stolen perhaps, and the session ends.
    #[public]
    async fn staff_token_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The latest refresh token.")] refresh_token: String,
    ) -> Result<Option<StaffTokenRefreshPayload>> {
        let scope = ctx.scope();
        let (app, db, network) = (scope.app.clone(), scope.db().clone(), scope.request.network);
        let refreshing = async move {
            let work = Box::pin(service::refresh(&app, &db, &refresh_token));
            service::guess(&app, &db, network, work).await
        };
        Ok(Some(StaffTokenRefreshPayload::of(scope, outcome(scope.act(refreshing).await?)?)))
    }

    /// Ends the session that the request belongs to: its tokens are refused everywhere within a second. Who signs in with an
    /// identity provider signs out there.
    #[signed_in]
    async fn staff_sign_out(&self, ctx: &Context<'_>) -> Result<Option<StaffSignOutPayload>> {
        let (scope, staff_id, session_id) = match require_session(ctx)? {
            Ok(asking) => asking,
            Err(elsewhere) => {
                let user_errors = vec![elsewhere];
                return Ok(Some(StaffSignOutPayload { revoked_staff_session_id: None, user_errors }));
            }
        };
        let (ended, user_errors) = end(scope, Some(staff_id), session_id, Ended::SignedOut).await?;
        Ok(Some(StaffSignOutPayload { revoked_staff_session_id: ended, user_errors }))
    }

    /// Ends a session: its tokens are refused everywhere within a second, and its sockets closed. Members end their own;
    /// a key everybody's.
    #[signed_in(delete_staff)]
    async fn staff_session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session's global id.")] id: ID,
    ) -> Result<Option<StaffSessionRevokePayload>> {
        let (scope, of) = sessions_of(ctx);
        let (ended, user_errors) = match Gid::of(&id, "StaffSession") {
            Some(id) => end(scope, of, id, Ended::Revoked).await?,
            None => (None, vec![Refusal::NoSession.at(&["id"]).into()]),
        };
        Ok(Some(StaffSessionRevokePayload { revoked_staff_session_id: ended, user_errors }))
    }

    /// Changes the password of the member who asks, and ends all their other sessions.
    #[signed_in]
    async fn staff_password_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password as it is.")] current_password: String,
        #[graphql(desc = "The password as it is to be: 8 to 128 characters.")] new_password: String,
    ) -> Result<Option<StaffPasswordUpdatePayload>> {
        let (scope, staff_id, session_id) = match require_session(ctx)? {
            Ok(asking) => asking,
            Err(elsewhere) => return Ok(Some((None, vec![elsewhere]).into())),
        };
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let updating = async move {
            service::password_update(&app, &db, (staff_id, session_id), &current_password, &new_password).await
        };
        Ok(Some(outcome(scope.act(updating).await?)?.into()))
    }

    /// Mails a member a token for `staffPasswordReset`, once a minute at most. The answer is the same whether there is such
    /// a member or not.
    #[public]
    async fn staff_password_recover(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member's email address.")] email: String,
    ) -> Result<Option<StaffPasswordRecoverPayload>> {
        let scope = ctx.scope();
        let (app, db) = (&scope.app, scope.db());
        let asking = service::password_recover(app, db, &email);
        let asked = service::ask_for_mail(app, db, scope.request.network, asking).await;
        let (_, user_errors) = outcome(asked)?;
        Ok(Some(StaffPasswordRecoverPayload { user_errors }))
    }

    /// Sets a member's password by a token, which is good for one use, and ends all their sessions. Who was invited can sign
    /// in from then on.
    #[public]
    async fn staff_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token that was mailed, or that an operator has passed on.")] token: String,
        #[graphql(desc = "The new password: 8 to 128 characters.")] password: String,
    ) -> Result<Option<StaffPasswordResetPayload>> {
        let scope = ctx.scope();
        let (app, db, network) = (scope.app.clone(), scope.db().clone(), scope.request.network);
        let resetting = async move {
            let work = Box::pin(service::password_reset(&app, &db, &token, &password));
            service::guess(&app, &db, network, work).await
        };
        Ok(Some(outcome(scope.act(resetting).await?)?.into()))
    }

    /// Mails the member who asks a token for `staffEmailVerify`, once a minute at most.
    #[signed_in]
    async fn staff_email_verification_send(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<StaffEmailVerificationSendPayload>> {
        let (scope, staff_id, _) = match require_session(ctx)? {
            Ok(asking) => asking,
            Err(elsewhere) => {
                return Ok(Some(StaffEmailVerificationSendPayload { user_errors: vec![elsewhere] }));
            }
        };
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let sending = async move { service::email_verification_send(&app, &db, staff_id).await };
        let (_, user_errors) = outcome(scope.act(sending).await?)?;
        Ok(Some(StaffEmailVerificationSendPayload { user_errors }))
    }

    /// Notes that a member reads mail at their address, by the token that was sent there.
    #[public]
    async fn staff_email_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token that was mailed.")] token: String,
    ) -> Result<Option<StaffEmailVerifyPayload>> {
        let scope = ctx.scope();
        let (app, db, network) = (scope.app.clone(), scope.db().clone(), scope.request.network);
        let verifying = async move {
            let work = Box::pin(service::email_verify(&app, &db, &token));
            service::guess(&app, &db, network, work).await
        };
        Ok(Some(outcome(scope.act(verifying).await?)?.into()))
    }
}

/// Ends a session; answers its global id.
async fn end(scope: &Scope, of: Option<Uuid>, id: Uuid, why: Ended) -> Result<Outcome<ID>> {
    let (app, db) = (scope.app.clone(), scope.db().clone());
    let ended = scope.act(async move { service::session_revoke(&app, &db, of, id, why).await }).await?;
    let ended = ended.map(|id| scope.gid("StaffSession", id));
    Ok(outcome(ended)?)
}
