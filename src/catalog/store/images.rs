//! Images of products.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::Image;
use crate::db::schema::{collections, product_images};
use crate::db::search::literal;
use crate::db::{TenantConn, TenantTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = product_images, check_for_backend(diesel::pg::Pg))]
struct ImageRow {
    id: Uuid,
    product_id: Uuid,
    url: String,
    alt_text: Option<String>,
    width: Option<i32>,
    height: Option<i32>,
}

/// The images of these products with their products, by product and position.
pub async fn images_of_products(conn: &mut TenantConn<'_>, product_ids: &[Uuid]) -> QueryResult<Vec<(Uuid, Image)>> {
    let rows: Vec<ImageRow> = product_images::table
        .filter(product_images::tenant_id.eq(conn.tenant()))
        .filter(product_images::product_id.eq_any(product_ids))
        .order((product_images::product_id, product_images::position, product_images::id))
        .select(ImageRow::as_select())
        .load(conn)
        .await?;
    let image = |row: ImageRow| {
        let ImageRow { id, product_id, url, alt_text, width, height } = row;
        (product_id, Image { id: Some(id), url, alt_text, width, height })
    };
    Ok(rows.into_iter().map(image).collect())
}

diesel::define_sql_function! {
    /// Writes `to` wherever `from` stands.
    fn replace(text: Text, from: Text, to: Text) -> Text;
}

/// Rewrites the URLs of products' and collections' images that begin with `from`.
pub async fn move_image_urls(tx: &mut TenantTx<'_>, from: &str, to: &str) -> QueryResult<usize> {
    let beginning = format!("{}%", literal(from));
    let products = diesel::update(product_images::table)
        .filter(product_images::tenant_id.eq(tx.tenant()))
        .filter(product_images::url.like(&beginning))
        .set(product_images::url.eq(replace(product_images::url, from, to)))
        .execute(tx)
        .await?;
    let collections = diesel::update(collections::table)
        .filter(collections::tenant_id.eq(tx.tenant()))
        .filter(collections::image_url.like(&beginning))
        .set(collections::image_url.eq(replace(collections::image_url.assume_not_null(), from, to).nullable()))
        .execute(tx)
        .await?;
    Ok(products + collections)
}
