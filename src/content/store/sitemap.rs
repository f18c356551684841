//! A read model over products, collections and pages: what shoppers see, for search engines.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::content::model::ResourceKind;
use crate::db::TenantConn;
use crate::db::schema::{collections, pages, products};

/// One address.
#[derive(Clone, Debug, Queryable)]
pub struct SitemapRow {
    pub handle: String,
    pub title: String,
    pub updated_at: DateTime<Utc>,
}

/// Up to `limit` things of a kind in the order of their ids. A sitemap's pages are numbered, so this is the one list
/// that is read from a place on; it is read rarely and by machines.
pub async fn listed(
    conn: &mut TenantConn<'_>,
    kind: ResourceKind,
    now: DateTime<Utc>,
    skip: i64,
    limit: i64,
) -> QueryResult<Vec<SitemapRow>> {
    let tenant = conn.tenant();
    match kind {
        ResourceKind::Collection => {
            collections::table
                .filter(collections::tenant_id.eq(tenant).and(collections::published_at.le(now)))
                .order(collections::id)
                .select((collections::handle, collections::title, collections::updated_at))
                .offset(skip)
                .limit(limit)
                .load(conn)
                .await
        }
        ResourceKind::Page => {
            pages::table
                .filter(pages::tenant_id.eq(tenant).and(pages::published_at.le(now)))
                .order(pages::id)
                .select((pages::handle, pages::title, pages::updated_at))
                .offset(skip)
                .limit(limit)
                .load(conn)
                .await
        }
        ResourceKind::Product => {
            products::table
                .filter(products::tenant_id.eq(tenant).and(products::published_at.le(now)))
                .filter(products::status.eq("ACTIVE"))
                .order(products::id)
                .select((products::handle, products::title, products::updated_at))
                .offset(skip)
                .limit(limit)
                .load(conn)
                .await
        }
    }
}

/// How many things of a kind shoppers see.
pub async fn listed_count(conn: &mut TenantConn<'_>, kind: ResourceKind, now: DateTime<Utc>) -> QueryResult<i64> {
    let tenant = conn.tenant();
    match kind {
        ResourceKind::Collection => {
            collections::table
                .filter(collections::tenant_id.eq(tenant).and(collections::published_at.le(now)))
                .select(count_star())
                .first(conn)
                .await
        }
        ResourceKind::Page => {
            pages::table
                .filter(pages::tenant_id.eq(tenant).and(pages::published_at.le(now)))
                .select(count_star())
                .first(conn)
                .await
        }
        ResourceKind::Product => {
            products::table
                .filter(products::tenant_id.eq(tenant).and(products::published_at.le(now)))
                .filter(products::status.eq("ACTIVE"))
                .select(count_star())
                .first(conn)
                .await
        }
    }
}
