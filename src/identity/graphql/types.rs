//! A member, a session, and what a sign-in gives.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject};

use super::asking;
use super::overrides::StaffPermissionOverride;
use crate::access::permission::READ_STAFF;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::identity::loaders::{OverridesOf, StaffById};
use crate::identity::model::{Session, StaffMember as Model, StaffStatus};
use crate::identity::service::SignedIn;

/// Somebody who works for the shop.
#[derive(Clone, Debug, Description)]
pub struct StaffMember(pub Arc<Model>);

#[Object(use_type_description)]
impl StaffMember {
    /// The global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("StaffMember", self.0.id)
    }

    /// The email address, in lower case: by it the member signs in, unless they do so elsewhere. It is
    /// `unknown@no-address.invalid` where an identity provider says none.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// What the member is called.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The name of the member's role: `owner`, `admin`, `editor`, `viewer`, or one of the shop's own. One that the shop
    /// does not know may no more than a viewer.
    async fn role(&self) -> &str {
        &self.0.role
    }

    /// How far the account is.
    async fn status(&self) -> StaffStatus {
        self.0.status
    }

    /// Whether the member can sign in.
    async fn active(&self) -> bool {
        self.0.status == StaffStatus::Active
    }

    /// The issuer through which the member signs in; null: by password, here. Who signs in elsewhere has the role that the
    /// provider says, in this list as it said last.
    async fn identity_provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// Whether the member's role is `owner`.
    async fn is_shop_owner(&self) -> bool {
        self.0.role == "owner"
    }

    /// When the member proved to read mail at the address; null: not yet.
    async fn email_verified_at(&self) -> Option<DateTime> {
        self.0.email_verified_at.map(DateTime)
    }

    /// What holds for the member beside the role; null to who may not see the staff, and is not the member.
    async fn overrides(&self, ctx: &Context<'_>) -> Result<Option<Vec<StaffPermissionOverride>>> {
        let scope = ctx.scope();
        if !scope.may(READ_STAFF) && asking(scope).is_none_or(|(own, _)| own != self.0.id) {
            return Ok(None);
        }
        let found = scope.snapshot().loaders.load(OverridesOf(self.0.id)).await?.unwrap_or_default();
        Ok(Some(found.iter().cloned().map(StaffPermissionOverride).collect()))
    }

    /// Since when there is the account.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A sign-in on a device that is still good.
#[derive(Clone, Debug, Description)]
pub struct StaffSession(pub Arc<Session>);

#[Object(use_type_description)]
impl StaffSession {
    /// The global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("StaffSession", self.0.id)
    }

    /// Who signed in.
    async fn staff_member(&self, ctx: &Context<'_>) -> Result<Option<StaffMember>> {
        Ok(ctx.scope().snapshot().loaders.load(StaffById(self.0.staff_id)).await?.map(StaffMember))
    }

    /// How the client called the device, or else what its `User-Agent` said; null when it said nothing.
    async fn device_name(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// Whether it is the one that this request belongs to.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        asking(ctx.scope()).is_some_and(|(_, session_id)| session_id == Some(self.0.id))
    }

    /// When it was signed in.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was signed in or last refreshed.
    async fn last_used_at(&self) -> DateTime {
        DateTime(self.0.last_used_at)
    }

    /// When it ends unless it is refreshed before.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }
}

/// What a sign-in or a refresh gives. Shown this once.
#[derive(Clone, SimpleObject)]
pub struct StaffAccessToken {
    /// A JWT, to be sent as `Authorization: Bearer …`, and as `authorization` in a WebSocket's `connection_init`.
    access_token: String,
    /// When the access token ends: fifteen minutes after it was made.
    expires_at: DateTime,
    /// With it the session goes on: for `staffTokenRefresh`, once. To be kept like a password.
    refresh_token: String,
    /// When the session ends unless it is refreshed before.
    session_expires_at: DateTime,
    /// The session's global id.
    session_id: ID,
}

impl StaffAccessToken {
    pub fn of(scope: &Scope, signed_in: &SignedIn) -> Self {
        Self {
            access_token: signed_in.access_token.clone(),
            expires_at: DateTime(signed_in.access_expires_at),
            refresh_token: signed_in.refresh_token.reveal(),
            session_expires_at: DateTime(signed_in.session_expires_at),
            session_id: scope.gid("StaffSession", signed_in.session_id),
        }
    }
}
