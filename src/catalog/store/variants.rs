//! Variants with their stock.

use std::sync::Arc;

use diesel::dsl::array;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::products::page_of;
use crate::catalog::model::{Audience, Variant, VariantDetails};
use crate::db::TenantConn;
use crate::db::schema::{inventory_levels, product_variants, products};
use crate::inventory::model::together;
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = product_variants, check_for_backend(diesel::pg::Pg))]
pub(super) struct VariantRow {
    pub(super) id: Uuid,
    pub(super) product_id: Uuid,
    pub(super) position: i16,
    pub(super) title: String,
    pub(super) option1: String,
    pub(super) option2: Option<String>,
    pub(super) option3: Option<String>,
    pub(super) sku: Option<String>,
    pub(super) price_minor: i64,
    pub(super) compare_at_minor: Option<i64>,
    pub(super) inventory_policy: String,
    pub(super) tracked: bool,
    pub(super) requires_shipping: bool,
    pub(super) image_id: Option<Uuid>,
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
            price_minor: self.price_minor,
            compare_at_minor: self.compare_at_minor,
            may_oversell: self.inventory_policy == "CONTINUE",
            tracked: self.tracked,
            requires_shipping: self.requires_shipping,
            image_id: self.image_id,
            available,
        }
    }
}

/// The variants of these products with their stock, by product and position.
pub async fn variants_of_products(conn: &mut TenantConn<'_>, product_ids: &[Uuid]) -> QueryResult<Vec<Arc<Variant>>> {
    let rows = with_levels(conn.tenant())
        .filter(product_variants::product_id.eq_any(product_ids))
        .order((product_variants::product_id, product_variants::position, product_variants::id))
        .load::<(VariantRow, Option<i32>)>(conn)
        .await?;
    Ok(fold(rows))
}

/// The variants of the products on a page, without waiting to learn which they are.
pub async fn variants_of_page(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    page: &PageQuery,
) -> QueryResult<Vec<Arc<Variant>>> {
    let ids = page_of(conn.tenant(), audience, page).select(products::id).limit(page.limit - 1);
    let rows = with_levels(conn.tenant())
        .filter(product_variants::product_id.eq_any(array(ids)))
        .order((product_variants::product_id, product_variants::position, product_variants::id))
        .load::<(VariantRow, Option<i32>)>(conn)
        .await?;
    Ok(fold(rows))
}

/// These variants with their stock, by id.
pub async fn variants_by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Arc<Variant>>> {
    let rows = with_levels(conn.tenant())
        .filter(product_variants::id.eq_any(ids))
        .order(product_variants::id)
        .load::<(VariantRow, Option<i32>)>(conn)
        .await?;
    Ok(fold(rows))
}

/// A variant with stock at several locations comes as several rows, one behind the other, which [`fold`] puts
/// together: cheaper than an aggregate for the usual one.
#[diesel::dsl::auto_type]
fn with_levels(tenant: Uuid) -> _ {
    let row: diesel::dsl::AsSelect<VariantRow, diesel::pg::Pg> = VariantRow::as_select();
    product_variants::table
        .left_join(
            inventory_levels::table.on(inventory_levels::tenant_id
                .eq(product_variants::tenant_id)
                .and(inventory_levels::variant_id.eq(product_variants::id))),
        )
        .filter(product_variants::tenant_id.eq(tenant))
        .select((row, inventory_levels::available.nullable()))
}

pub(super) fn fold(rows: impl IntoIterator<Item = (VariantRow, Option<i32>)>) -> Vec<Arc<Variant>> {
    let mut variants: Vec<Variant> = Vec::new();
    for (row, available) in rows {
        let available = i64::from(available.unwrap_or_default());
        match variants.last_mut() {
            Some(last) if last.id == row.id => last.available = together(last.available, available),
            _ => variants.push(row.with_available(available)),
        }
    }
    variants.into_iter().map(Arc::new).collect()
}

/// The details of these variants, each with its variant's id.
pub async fn variant_details(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, VariantDetails)>> {
    use product_variants as v;
    type Row = (Uuid, Option<String>, i32, String, bool, Option<i64>);
    let rows: Vec<Row> = v::table
        .filter(v::tenant_id.eq(conn.tenant()))
        .filter(v::id.eq_any(ids))
        .select((v::id, v::barcode, v::weight_grams, v::weight_unit, v::taxable, v::cost_minor))
        .load(conn)
        .await?;
    let details = |(id, barcode, weight_grams, weight_unit, taxable, cost_minor): Row| {
        (id, VariantDetails { barcode, weight_grams, weight_unit, taxable, cost_minor })
    };
    Ok(rows.into_iter().map(details).collect())
}

/// The ids of these products' variants.
pub async fn variant_ids(conn: &mut TenantConn<'_>, product_ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    product_variants::table
        .filter(product_variants::tenant_id.eq(conn.tenant()))
        .filter(product_variants::product_id.eq_any(product_ids))
        .select(product_variants::id)
        .load(conn)
        .await
}
