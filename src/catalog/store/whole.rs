//! Whole products: read for change, and written with one statement a table.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::try_join;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::catalog::model::{OptionValue, ProductFields, WholeImage, WholeOption, WholeProduct, WholeVariant};
use crate::db::schema::{product_option_values, product_options, product_variants, products};
use crate::db::{TenantConn, TenantTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = products, check_for_backend(diesel::pg::Pg))]
struct FieldsRow {
    id: Uuid,
    handle: String,
    title: String,
    description_html: String,
    description: String,
    vendor: String,
    product_type: String,
    tags: Vec<String>,
    status: String,
    seo_title: Option<String>,
    seo_description: Option<String>,
    min_price_minor: i64,
    import_extra: Value,
    published_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<FieldsRow> for ProductFields {
    fn from(row: FieldsRow) -> Self {
        Self {
            id: row.id,
            handle: row.handle,
            title: row.title,
            description_html: row.description_html,
            description: row.description,
            vendor: row.vendor,
            product_type: row.product_type,
            tags: row.tags,
            status: row.status,
            seo_title: row.seo_title,
            seo_description: row.seo_description,
            min_price_minor: row.min_price_minor,
            import_extra: object(row.import_extra),
            published_at: row.published_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = product_variants, check_for_backend(diesel::pg::Pg))]
struct WholeVariantRow {
    id: Uuid,
    product_id: Uuid,
    option1: String,
    option2: Option<String>,
    option3: Option<String>,
    sku: Option<String>,
    barcode: Option<String>,
    price_minor: i64,
    compare_at_minor: Option<i64>,
    cost_minor: Option<i64>,
    weight_grams: i32,
    weight_unit: String,
    inventory_policy: String,
    tracked: bool,
    requires_shipping: bool,
    taxable: bool,
    image_id: Option<Uuid>,
    import_extra: Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<WholeVariantRow> for WholeVariant {
    fn from(row: WholeVariantRow) -> Self {
        Self {
            id: row.id,
            values: std::iter::once(row.option1).chain(row.option2).chain(row.option3).collect(),
            sku: row.sku,
            barcode: row.barcode,
            price_minor: row.price_minor,
            compare_at_minor: row.compare_at_minor,
            cost_minor: row.cost_minor,
            weight_grams: row.weight_grams,
            weight_unit: row.weight_unit,
            inventory_policy: row.inventory_policy,
            tracked: row.tracked,
            requires_shipping: row.requires_shipping,
            taxable: row.taxable,
            image_id: row.image_id,
            import_extra: object(row.import_extra),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The products with these ids or handles with all that belongs to them, locked until the transaction ends.
pub async fn lock_whole_products(
    tx: &mut TenantTx<'_>,
    ids: &[Uuid],
    handles: &[String],
) -> QueryResult<Vec<WholeProduct>> {
    let rows: Vec<FieldsRow> = products::table
        .filter(products::tenant_id.eq(tx.tenant()))
        .filter(products::id.eq_any(ids).or(products::handle.eq_any(handles)))
        .order(products::id)
        .select(FieldsRow::as_select())
        .for_update()
        .load(tx)
        .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let conn = tx.conn();
    let (mut a, mut b, mut c) = (conn.clone(), conn.clone(), conn.clone());
    let (mut options, mut images, mut variants) =
        try_join!(options(&mut a, &ids), images(&mut b, &ids), variants(&mut c, &ids))?;
    let whole = |row: FieldsRow| WholeProduct {
        options: options.remove(&row.id).unwrap_or_default(),
        images: images.remove(&row.id).unwrap_or_default(),
        variants: variants.remove(&row.id).unwrap_or_default(),
        fields: row.into(),
    };
    Ok(rows.into_iter().map(whole).collect())
}

type ByProduct<T> = HashMap<Uuid, Vec<T>>;

fn by_product<T>(rows: impl IntoIterator<Item = (Uuid, T)>) -> ByProduct<T> {
    let mut found: ByProduct<T> = HashMap::new();
    for (product_id, item) in rows {
        found.entry(product_id).or_default().push(item);
    }
    found
}

/// The options of these products with their values, in order.
pub async fn options(conn: &mut TenantConn<'_>, product_ids: &[Uuid]) -> QueryResult<ByProduct<WholeOption>> {
    use product_option_values as v;
    use product_options as o;
    let rows = o::table
        .left_join(v::table.on(v::tenant_id.eq(o::tenant_id).and(v::option_id.eq(o::id))))
        .filter(o::tenant_id.eq(conn.tenant()))
        .filter(o::product_id.eq_any(product_ids))
        .order((o::product_id, o::position, v::position, v::id))
        .select((o::product_id, o::id, o::name, (v::id, v::name).nullable()))
        .load::<(Uuid, Uuid, String, Option<(Uuid, String)>)>(conn)
        .await?;
    let mut options: Vec<(Uuid, WholeOption)> = Vec::new();
    for (product_id, id, name, value) in rows {
        if options.last().is_none_or(|(_, last)| last.id != id) {
            options.push((product_id, WholeOption { id, name, values: Vec::new() }));
        }
        if let (Some((_, option)), Some((id, name))) = (options.last_mut(), value) {
            option.values.push(OptionValue { id, name });
        }
    }
    Ok(by_product(options))
}

async fn images(conn: &mut TenantConn<'_>, product_ids: &[Uuid]) -> QueryResult<ByProduct<WholeImage>> {
    let images = super::images::images_of_products(conn, product_ids).await?;
    Ok(by_product(images.into_iter().filter_map(|(product_id, image)| {
        let (url, alt_text, width, height) = (image.url, image.alt_text, image.width, image.height);
        Some((product_id, WholeImage { id: image.id?, url, alt_text, width, height }))
    })))
}

async fn variants(conn: &mut TenantConn<'_>, product_ids: &[Uuid]) -> QueryResult<ByProduct<WholeVariant>> {
    let rows: Vec<WholeVariantRow> = product_variants::table
        .filter(product_variants::tenant_id.eq(conn.tenant()))
        .filter(product_variants::product_id.eq_any(product_ids))
        .order((product_variants::product_id, product_variants::position, product_variants::id))
        .select(WholeVariantRow::as_select())
        .load(conn)
        .await?;
    Ok(by_product(rows.into_iter().map(|row| (row.product_id, row.into()))))
}
