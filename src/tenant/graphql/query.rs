//! `tenants` and `tenant`.

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;

use super::types::{Tenant, TenantConnection, TenantStatus};
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::error::ApiError;
use crate::graphql::scope::ScopeExt;
use crate::ids::{Gid, TenantId};
use crate::tenant::service::{self, TenantFilter};

#[derive(Default)]
pub struct TenantQuery;

#[guarded]
#[Object]
impl TenantQuery {
    /// A tenant by one of its names; null when there is none.
    #[operator]
    async fn tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id.")] id: Option<ID>,
        #[graphql(desc = "The operator's own id for it.")] external_id: Option<String>,
        #[graphql(desc = "Its subdomain and short name.")] handle: Option<String>,
    ) -> Result<Option<Tenant>> {
        let db = &ctx.scope().app.db;
        let found = match (id, external_id, handle) {
            (Some(id), None, None) => Gid::of(&id, "Tenant").map(TenantId),
            (None, Some(id), None) => service::tenant_by_external_id(db, &id).await?,
            (None, None, Some(handle)) => service::tenant_by_handle(db, &handle).await?,
            _ => return Err(ApiError::bad_input("say one of `id`, `externalId` and `handle`").into()),
        };
        let Some(id) = found else { return Ok(None) };
        Ok(service::tenant_by_id(db, id).await?.and_then(Tenant::one))
    }

    /// Every tenant, those that are deleted too, in the order in which they were made.
    #[operator]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection, and two to narrow it by")]
    async fn tenants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "Only those whose name, handle or external id holds this text, in upper or lower case.")]
        query: Option<String>,
        #[graphql(desc = "Only those in this state.")] status: Option<TenantStatus>,
    ) -> Result<TenantConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let text = query.filter(|text| !text.trim().is_empty());
        let filter = TenantFilter { text, status: status.map(Into::into) };
        let rows = service::tenants_page(&ctx.scope().app.db, &filter, &page).await?;
        let tenants = Tenant::all(rows).collect();
        Ok(TenantConnection(Page::from_rows(&page, tenants, |tenant| Cursor::by_id(tenant.0.id.0))))
    }
}
