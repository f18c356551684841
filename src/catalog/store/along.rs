//! A product with its variants and collections by one statement: three would cost the server half as much again.

use chrono::{DateTime, Utc};
use diesel::dsl::array;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Record, SmallInt, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::collections::CollectionRow;
use super::products::{ProductRow, shown};
use super::variants::{VariantRow, fold};
use crate::catalog::model::{Along, Audience, Product};
use crate::db::TenantConn;
use crate::db::schema::{collection_products, collections, inventory_levels, product_variants, products};

type Id = diesel::sql_types::Uuid;

/// One row of a variant with one of its levels.
type VariantSql = Record<(
    Id,
    Id,
    SmallInt,
    Text,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    BigInt,
    Nullable<BigInt>,
    Text,
    Bool,
    Bool,
    Nullable<Id>,
    Nullable<Integer>,
)>;
type VariantTuple = (
    Uuid,
    Uuid,
    i16,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
    Option<i64>,
    String,
    bool,
    bool,
    Option<Uuid>,
    Option<i32>,
);
type CollectionSql = Record<(
    Id,
    Text,
    Text,
    Text,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Timestamptz>,
    Timestamptz,
)>;
type CollectionTuple = (
    Uuid,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<DateTime<Utc>>,
    DateTime<Utc>,
);

/// The product with this handle, if the audience may see it, and along with it its variants and collections.
pub async fn product_along_by_handle(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    handle: &str,
) -> QueryResult<Option<Product>> {
    use collection_products as cp;
    use collections as c;
    use inventory_levels as l;
    use product_variants as v;
    let tenant = conn.tenant();
    let variants = v::table
        .left_join(l::table.on(l::tenant_id.eq(v::tenant_id).and(l::variant_id.eq(v::id))))
        .filter(v::tenant_id.eq(tenant))
        .filter(v::product_id.eq(products::id))
        .order((v::position, v::id))
        .select(
            (
                v::id,
                v::product_id,
                v::position,
                v::title,
                v::option1,
                v::option2,
                v::option3,
                v::sku,
                v::price_minor,
                v::compare_at_minor,
                v::inventory_policy,
                v::tracked,
                v::requires_shipping,
                v::image_id,
                l::available.nullable(),
            )
                .into_sql::<VariantSql>(),
        );
    let collections = cp::table
        .inner_join(c::table.on(c::tenant_id.eq(cp::tenant_id).and(c::id.eq(cp::collection_id))))
        .filter(cp::tenant_id.eq(tenant))
        .filter(cp::product_id.eq(products::id))
        .order(cp::collection_id)
        .select(
            (
                c::id,
                c::handle,
                c::title,
                c::description,
                c::description_html,
                c::image_url,
                c::image_alt,
                c::seo_title,
                c::seo_description,
                c::published_at,
                c::updated_at,
            )
                .into_sql::<CollectionSql>(),
        );
    let query = products::table.filter(products::tenant_id.eq(tenant)).filter(products::handle.eq(handle)).select((
        ProductRow::as_select(),
        array(variants),
        array(collections),
    ));
    type Row = (ProductRow, Vec<VariantTuple>, Vec<CollectionTuple>);
    let row: Option<Row> = match audience {
        Audience::Shopper { now } => query.filter(shown(now)).get_result(conn).await,
        Audience::Merchant => query.get_result(conn).await,
    }
    .optional()?;
    Ok(row.map(|(row, variants, collections)| {
        let along = Along {
            variants: Some(fold(variants.into_iter().map(variant)).into()),
            collections: Some(collections.into_iter().map(|row| std::sync::Arc::new(collection(row).into())).collect()),
        };
        Product { along, ..row.into() }
    }))
}

fn variant(row: VariantTuple) -> (VariantRow, Option<i32>) {
    let (id, product_id, position, title, option1, option2, option3, sku, price_minor, compare_at_minor, ..) = row;
    let (.., inventory_policy, tracked, requires_shipping, image_id, available) = row;
    let row = VariantRow {
        id,
        product_id,
        position,
        title,
        option1,
        option2,
        option3,
        sku,
        price_minor,
        compare_at_minor,
        inventory_policy,
        tracked,
        requires_shipping,
        image_id,
    };
    (row, available)
}

fn collection(row: CollectionTuple) -> CollectionRow {
    let (id, handle, title, description, description_html, image_url, image_alt, ..) = row;
    let (.., seo_title, seo_description, published_at, updated_at) = row;
    CollectionRow {
        id,
        handle,
        title,
        description,
        description_html,
        image_url,
        image_alt,
        seo_title,
        seo_description,
        published_at,
        updated_at,
    }
}
