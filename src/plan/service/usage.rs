//! How much of what plans count there is.

use std::collections::BTreeMap;

use crate::db::{QueryResult, TenantConn};
use crate::plan::model::{Month, Resource};
use crate::{catalog, checkout, identity, role, webhook};

/// How many there are; of orders, in this month and the payments under way.
pub async fn used(conn: &mut TenantConn<'_>, resource: Resource, month: Month) -> QueryResult<i64> {
    match resource {
        Resource::Products => catalog::service::products_count(conn).await,
        Resource::StaffMembers => identity::service::staff_count(conn).await,
        Resource::CustomRoles => role::service::own_count(conn).await,
        Resource::WebhookSubscriptions => webhook::service::subscriptions_count(conn).await,
        Resource::OrdersPerMonth => checkout::service::orders_count(conn, month.start(), month.end()).await,
    }
}

/// Orders that were placed in a month, without payments under way.
pub async fn orders_of(conn: &mut TenantConn<'_>, month: Month) -> QueryResult<i64> {
    checkout::service::orders_placed(conn, month.start(), month.end()).await
}

/// How many there are of everything.
pub async fn used_of_all(conn: &mut TenantConn<'_>, month: Month) -> QueryResult<BTreeMap<Resource, i64>> {
    let mut all = BTreeMap::new();
    for resource in Resource::ALL {
        all.insert(resource, used(conn, resource, month).await?);
    }
    Ok(all)
}
