//! `viewer`: who asks, what they may do, and why.

use async_graphql::{Context, Description, Enum, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::decision::Decision;
use super::permission::Permission;
use crate::graphql::error::ApiError;
use crate::graphql::scope::ScopeExt;
use crate::ids::Gid;
use crate::tenant::model::Access;

/// A permission: an action on a kind of thing.
#[derive(Clone, Copy, Debug, Description)]
pub struct AccessScope(pub Permission);

#[Object(use_type_description)]
impl AccessScope {
    /// Its name: `read_orders`.
    async fn handle(&self) -> String {
        self.0.to_string()
    }

    /// What it is for.
    async fn description(&self) -> String {
        format!("To {}:{}", self.0.action.as_str(), self.0.resource.description())
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ViewerKind {
    /// Somebody without a credential: the shop's host name led here.
    Public,
    /// A storefront, by a publishable key.
    Storefront,
    /// One of the merchant's servers, by a secret key.
    Server,
    /// A member of the staff, by an access token. Who it is says `currentStaffMember`.
    Staff,
    /// Who runs the service, by an operator's token. In a shop by its support access, if `X-Tenant-ID` names one.
    Operator,
}

/// Whether the viewer may do something, and which rule says so.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccessDecision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// The rule that decided, in words.
    pub reason: String,
}

impl From<Decision<'_>> for AccessDecision {
    fn from(decision: Decision<'_>) -> Self {
        Self { allowed: decision.is_allowed, reason: decision.rule.to_string() }
    }
}

/// Who asks, by the credential of this request.
#[derive(Clone, Copy, Debug, Description)]
pub struct Viewer;

#[Object(use_type_description)]
impl Viewer {
    /// Who it is.
    async fn kind(&self, ctx: &Context<'_>) -> ViewerKind {
        match ctx.scope().access {
            Access::Public => ViewerKind::Public,
            Access::Publishable { .. } => ViewerKind::Storefront,
            Access::Secret { .. } | Access::System => ViewerKind::Server,
            Access::Staff { .. } => ViewerKind::Staff,
            Access::Operator { .. } => ViewerKind::Operator,
        }
    }

    /// The global id of the API key that was sent.
    async fn api_key_id(&self, ctx: &Context<'_>) -> Option<ID> {
        match ctx.scope().access {
            Access::Publishable { key_id } | Access::Secret { key_id } => Some(ctx.scope().gid("ApiKey", key_id)),
            _ => None,
        }
    }

    /// What the viewer may do.
    async fn permissions(&self, ctx: &Context<'_>) -> Vec<AccessScope> {
        ctx.scope().grants().permissions().iter().map(AccessScope).collect()
    }

    /// Whether the viewer may do something, and why.
    async fn explain(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The permission's name, like `write_collections`.")] scope: String,
        #[graphql(desc = "The global id of the one thing that is meant; left out: things of this kind in general.")]
        id: Option<ID>,
    ) -> Result<AccessDecision> {
        let unknown = || ApiError::bad_input(format!("`scope` is \"{scope}\"; expected a permission like read_orders"));
        let permission = Permission::parse(&scope).ok_or_else(unknown)?;
        let object = id.map(|id| Gid::parse(&id)).transpose();
        let object = object.map_err(|error| ApiError::bad_input(format!("`id` {error}")))?;
        Ok(ctx.scope().grants().decide(permission, object.map(|gid| gid.id)).into())
    }
}

#[derive(Default)]
pub struct AccessQuery;

#[guarded]
#[Object]
impl AccessQuery {
    /// Who asks, and what they may do.
    #[public]
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    /// Every permission that there is.
    #[public]
    async fn access_scopes(&self) -> Vec<AccessScope> {
        Permission::ALL.iter().copied().map(AccessScope).collect()
    }
}
