//! Products: statements that read.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::{Audience, Product};
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
        }
    }
}

/// A page of products by id.
pub async fn products_page(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    page: &PageQuery,
) -> QueryResult<Vec<Product>> {
    let mut query = products::table
        .filter(products::tenant_id.eq(conn.tenant()))
        .select(ProductRow::as_select())
        .limit(page.limit)
        .into_boxed();
    if let Audience::Shopper { now } = audience {
        query = query.filter(products::status.eq("ACTIVE").and(products::published_at.le(now)));
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
    query = if page.descending { query.order(products::id.desc()) } else { query.order(products::id) };
    let rows = query.load(conn).await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// The product with this handle, if the audience may see it.
pub async fn product_by_handle(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    handle: &str,
) -> QueryResult<Option<Product>> {
    let query = products::table.filter(products::tenant_id.eq(conn.tenant())).filter(products::handle.eq(handle));
    one_visible(conn, audience, query.select(ProductRow::as_select()).into_boxed()).await
}

async fn one_visible(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    mut query: diesel::helper_types::IntoBoxed<
        '_,
        diesel::dsl::Select<products::table, diesel::dsl::AsSelect<ProductRow, diesel::pg::Pg>>,
        diesel::pg::Pg,
    >,
) -> QueryResult<Option<Product>> {
    if let Audience::Shopper { now } = audience {
        query = query.filter(products::status.eq("ACTIVE").and(products::published_at.le(now)));
    }
    Ok(query.first(conn).await.optional()?.map(Product::from))
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
pub async fn delete_product(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<usize> {
    diesel::delete(products::table)
        .filter(products::tenant_id.eq(tx.tenant()))
        .filter(products::id.eq(id))
        .execute(tx)
        .await
}
