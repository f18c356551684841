//! Images of products.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::Image;
use crate::db::TenantConn;
use crate::db::schema::product_images;

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
