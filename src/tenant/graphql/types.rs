//! The types that only operators meet.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, Result};
use uuid::Uuid;

use crate::connection;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::money::Currency;
use crate::plan::graphql::{Plan, PlansOf};
use crate::provision::StoreRule;
use crate::tenant::model::{Tenant as Model, TenantStatus as Status};
use crate::tenant::rule::{TenantErrorCode, TenantRule};
use crate::user_error;

user_error!(TenantUserError, TenantErrorCode, graphql(visible = "crate::graphql::guard::is_operator"));

impl From<TenantRule> for TenantUserError {
    fn from(rule: TenantRule) -> Self {
        Self { field: Some(rule.field()), message: rule.to_string(), code: Some(rule.code()) }
    }
}

impl From<StoreRule> for TenantUserError {
    fn from(rule: StoreRule) -> Self {
        Self { field: Some(rule.field()), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// Whether a tenant's requests are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Status")]
pub enum TenantStatus {
    /// They are.
    Active,
    /// They are refused until it is resumed.
    Suspended,
    /// They are refused for good. Its rows are there yet, and its handle stays taken.
    Deleted,
}

/// A tenant: somebody's shop, as operators see it. What is in the shop they do not see.
#[derive(Clone, Debug, Description)]
pub struct Tenant(pub Model, Arc<PlansOf>);

impl Tenant {
    /// Those of a list, whose plans are asked for together.
    pub fn all(rows: Vec<Model>) -> impl Iterator<Item = Self> {
        let plans = PlansOf::new(rows.iter().flat_map(|row| [row.plan_id, row.pending_plan_id]).flatten());
        rows.into_iter().map(move |row| Self(row, plans.clone()))
    }

    /// One alone.
    pub fn one(row: Model) -> Option<Self> {
        Self::all(vec![row]).next()
    }
}

#[Object(use_type_description)]
impl Tenant {
    /// The tenant's global id: the value of `X-Tenant-ID`, where the shop has granted support access.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Tenant", self.0.id.0)
    }

    /// The operator's own id for it.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// Its subdomain and short name.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// What operators call it. What shoppers see, the shop says itself.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The currency of all its amounts.
    async fn currency_code(&self) -> Currency {
        self.0.currency
    }

    /// Whether its requests are let in.
    async fn status(&self) -> TenantStatus {
        self.0.status.into()
    }

    /// The plan that it is on, as it was told last: moments after a change.
    async fn plan(&self, ctx: &Context<'_>) -> Result<Option<Plan>> {
        self.plan_of(ctx, self.0.plan_id).await
    }

    /// The plan that it has asked for, and that `planActivate` puts it on; null: none.
    async fn pending_plan(&self, ctx: &Context<'_>) -> Result<Option<Plan>> {
        self.plan_of(ctx, self.0.pending_plan_id).await
    }

    /// From which web origins its keys may be used; none: publishable keys from any, secret ones from none.
    async fn allowed_origins(&self) -> &[String] {
        &self.0.allowed_origins
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was deleted.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(DateTime)
    }
}

impl Tenant {
    async fn plan_of(&self, ctx: &Context<'_>, id: Option<Uuid>) -> Result<Option<Plan>> {
        match id {
            Some(id) => Ok(Some(self.1.get(&ctx.scope().app, id).await?)),
            None => Ok(None),
        }
    }
}

connection!(TenantConnection, TenantEdge, Tenant);
