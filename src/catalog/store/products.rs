//! Products: statements that read.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::{Along, Audience, Product};
use crate::db::schema::products;
use crate::db::{TenantConn, TenantTx};
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = products, check_for_backend(diesel::pg::Pg))]
pub(super) struct ProductRow {
    id: Uuid,
    handle: String,
    title: String,
    description: String,
    description_html: String,
    vendor: String,
    product_type: String,
    tags: Vec<String>,
    status: String,
    seo_title: Option<String>,
    seo_description: Option<String>,
    min_price_minor: i64,
    published_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Self {
            id: row.id,
            handle: row.handle,
            title: row.title,
            description: row.description,
            description_html: row.description_html,
            vendor: row.vendor,
            product_type: row.product_type,
            tags: row.tags,
            status: row.status,
            seo_title: row.seo_title,
            seo_description: row.seo_description,
            min_price_minor: row.min_price_minor,
            published_at: row.published_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            along: Along::default(),
        }
    }
}

/// A page of products by id.
pub async fn products_page(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    page: &PageQuery,
) -> QueryResult<Vec<Product>> {
    let query = page_of(conn.tenant(), audience, page).select(ProductRow::as_select()).limit(page.limit);
    let rows: Vec<ProductRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// The products from a page's start on, in its order.
pub(super) fn page_of(tenant: Uuid, audience: Audience, page: &PageQuery) -> products::BoxedQuery<'static, Pg> {
    let mut query = products::table.filter(products::tenant_id.eq(tenant)).into_boxed();
    if let Audience::Shopper { now } = audience {
        query = query.filter(shown(now));
    }
    query = match (&page.after, page.descending) {
        (Some(after), false) => query.filter(products::id.gt(after.id)),
        (Some(after), true) => query.filter(products::id.lt(after.id)),
        (None, _) => query,
    };
    if let Some(before) = &page.before {
        query = if page.descending {
            query.filter(products::id.gt(before.id))
        } else {
            query.filter(products::id.lt(before.id))
        };
    }
    if page.descending { query.order(products::id.desc()) } else { query.order(products::id) }
}

/// What a shopper may see.
#[diesel::dsl::auto_type]
pub(super) fn shown(now: DateTime<Utc>) -> _ {
    let active: diesel::dsl::Eq<products::status, &'static str> = products::status.eq("ACTIVE");
    active.and(products::published_at.le(now))
}

/// The product with this handle, if the audience may see it.
pub async fn product_by_handle(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    handle: &str,
) -> QueryResult<Option<Product>> {
    let query = products::table.filter(products::tenant_id.eq(conn.tenant())).filter(products::handle.eq(handle));
    let query = query.select(ProductRow::as_select());
    let row: Option<ProductRow> = match audience {
        Audience::Shopper { now } => query.filter(shown(now)).first(conn).await,
        Audience::Merchant => query.first(conn).await,
    }
    .optional()?;
    Ok(row.map(Product::from))
}

/// These products, whoever may see them: the caller asks [`Product::visible_to`].
pub async fn products_by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Product>> {
    let rows = products::table
        .filter(products::tenant_id.eq(conn.tenant()))
        .filter(products::id.eq_any(ids))
        .select(ProductRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// The products with these ids or handles, locked in one order until the transaction ends.
pub async fn lock_products(tx: &mut TenantTx<'_>, ids: &[Uuid], handles: &[String]) -> QueryResult<Vec<Uuid>> {
    products::table
        .filter(products::tenant_id.eq(tx.tenant()))
        .filter(products::id.eq_any(ids).or(products::handle.eq_any(handles)))
        .order(products::id)
        .select(products::id)
        .for_update()
        .load(tx)
        .await
}

/// Deletes a product; what belongs to it goes along.
/// How many products there are, whatever their status.
pub async fn products_count_all(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    products::table.filter(products::tenant_id.eq(conn.tenant())).count().get_result(conn).await
}

pub async fn delete_product(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<usize> {
    diesel::delete(products::table)
        .filter(products::tenant_id.eq(tx.tenant()))
        .filter(products::id.eq(id))
        .execute(tx)
        .await
}
