//! The catalogue's statements.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Audience, Product, Variant};
use crate::db::TenantConn;
use crate::db::schema::{inventory_levels, product_variants, products};
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = products, check_for_backend(diesel::pg::Pg))]
struct ProductRow {
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

/// The product with this id, if the audience may see it.
pub async fn product_by_id(conn: &mut TenantConn<'_>, audience: Audience, id: Uuid) -> QueryResult<Option<Product>> {
    let query = products::table.filter(products::tenant_id.eq(conn.tenant())).filter(products::id.eq(id));
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

#[derive(Queryable, Selectable)]
#[diesel(table_name = product_variants, check_for_backend(diesel::pg::Pg))]
struct VariantRow {
    id: Uuid,
    product_id: Uuid,
    position: i16,
    title: String,
    option1: String,
    option2: Option<String>,
    option3: Option<String>,
    sku: Option<String>,
    barcode: Option<String>,
    price_minor: i64,
    compare_at_minor: Option<i64>,
    weight_grams: i32,
    weight_unit: String,
    inventory_policy: String,
    tracked: bool,
    requires_shipping: bool,
    taxable: bool,
    image_id: Option<Uuid>,
}

impl VariantRow {
    fn with_available(self, available: i64) -> Variant {
        Variant {
            id: self.id,
            product_id: self.product_id,
            position: self.position,
            title: self.title,
            option1: self.option1,
            option2: self.option2,
            option3: self.option3,
            sku: self.sku,
            barcode: self.barcode,
            price_minor: self.price_minor,
            compare_at_minor: self.compare_at_minor,
            weight_grams: self.weight_grams,
            weight_unit: self.weight_unit,
            may_oversell: self.inventory_policy == "CONTINUE",
            tracked: self.tracked,
            requires_shipping: self.requires_shipping,
            taxable: self.taxable,
            image_id: self.image_id,
            available,
        }
    }
}

/// The variants of these products with their stock, by product and position.
///
/// A variant with stock at several locations comes as several rows, which are folded here: cheaper than an
/// aggregate for the usual one.
pub async fn variants_of_products(conn: &mut TenantConn<'_>, product_ids: &[Uuid]) -> QueryResult<Vec<Arc<Variant>>> {
    let rows: Vec<(VariantRow, Option<i32>)> = product_variants::table
        .left_join(
            inventory_levels::table.on(inventory_levels::tenant_id
                .eq(product_variants::tenant_id)
                .and(inventory_levels::variant_id.eq(product_variants::id))),
        )
        .filter(product_variants::tenant_id.eq(conn.tenant()))
        .filter(product_variants::product_id.eq_any(product_ids))
        .order((product_variants::product_id, product_variants::position, product_variants::id))
        .select((VariantRow::as_select(), inventory_levels::available.nullable()))
        .load(conn)
        .await?;
    let mut variants: Vec<Variant> = Vec::with_capacity(rows.len());
    for (row, available) in rows {
        let available = i64::from(available.unwrap_or_default());
        match variants.last_mut() {
            Some(last) if last.id == row.id => last.available += available,
            _ => variants.push(row.with_available(available)),
        }
    }
    Ok(variants.into_iter().map(Arc::new).collect())
}
