//! Lists of products in every order, narrowed by conditions: keyset pages, never an offset.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::conditions::all_of;
use super::products::{ProductRow, products_by_id};
use crate::catalog::model::{Audience, Conditions, Product, ProductSort};
use crate::db::TenantConn;
use crate::db::keyset::{by, moment, number, text};
use crate::db::schema::{collection_products, products};
use crate::page::PageQuery;

/// A page of the products that meet the conditions.
pub async fn products_list(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    conditions: &Conditions,
    sort: ProductSort,
    page: &PageQuery,
) -> QueryResult<Vec<Product>> {
    let query = products::table
        .filter(all_of(conn.tenant(), audience, conditions))
        .select(ProductRow::as_select())
        .limit(page.limit)
        .into_boxed::<diesel::pg::Pg>();
    let query = match sort {
        ProductSort::Id => by!(query, page, products::id),
        ProductSort::CreatedAt => by!(query, page, products::created_at, products::id, moment),
        ProductSort::Price => by!(query, page, products::min_price_minor, products::id, number::<i64>),
        ProductSort::ProductType => by!(query, page, products::product_type, products::id, text),
        ProductSort::Title => by!(query, page, products::title, products::id, text),
        ProductSort::UpdatedAt => by!(query, page, products::updated_at, products::id, moment),
        ProductSort::Vendor => by!(query, page, products::vendor, products::id, text),
    };
    let rows: Vec<ProductRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// How many products meet the conditions.
pub async fn products_count(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    conditions: &Conditions,
) -> QueryResult<i64> {
    products::table.filter(all_of(conn.tenant(), audience, conditions)).count().get_result(conn).await
}

/// A page of a collection's products in the merchant's order, each with its place.
pub async fn collection_list(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    collection_id: Uuid,
    conditions: &Conditions,
    page: &PageQuery,
) -> QueryResult<Vec<(i32, Product)>> {
    use collection_products as c;
    let fitting = products::table
        .filter(all_of(conn.tenant(), audience, conditions))
        .select(products::id)
        .into_boxed::<diesel::pg::Pg>();
    let query = c::table
        .filter(c::tenant_id.eq(conn.tenant()))
        .filter(c::collection_id.eq(collection_id))
        .filter(c::product_id.eq_any(fitting))
        .select((c::position, c::product_id))
        .limit(page.limit)
        .into_boxed::<diesel::pg::Pg>();
    let query = by!(query, page, c::position, c::product_id, number::<i32>);
    let places: Vec<(i32, Uuid)> = query.load(conn).await?;
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = places.iter().map(|(_, id)| *id).collect();
    let mut found: std::collections::HashMap<Uuid, Product> =
        products_by_id(conn, &ids).await?.into_iter().map(|product| (product.id, product)).collect();
    Ok(places.into_iter().filter_map(|(position, id)| Some((position, found.remove(&id)?))).collect())
}

diesel::define_sql_function! {
    /// The elements of an array as rows.
    #[sql_name = "unnest"]
    fn elements(array: diesel::sql_types::Array<diesel::sql_types::Text>) -> diesel::sql_types::Text;
}

/// The tags in use, by the alphabet.
pub async fn tags(conn: &mut TenantConn<'_>, audience: Audience, limit: i64) -> QueryResult<Vec<String>> {
    products::table
        .filter(all_of(conn.tenant(), audience, &Vec::new()))
        .select(elements(products::tags))
        .distinct()
        .order(elements(products::tags))
        .limit(limit)
        .load(conn)
        .await
}

/// The product types in use, by the alphabet.
pub async fn product_types(conn: &mut TenantConn<'_>, audience: Audience, limit: i64) -> QueryResult<Vec<String>> {
    products::table
        .filter(all_of(conn.tenant(), audience, &Vec::new()))
        .filter(products::product_type.ne(""))
        .select(products::product_type)
        .distinct()
        .order(products::product_type)
        .limit(limit)
        .load(conn)
        .await
}
