//! The import's own statements: what is there already.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::product::Values;
use crate::db::schema::{inventory_levels, product_variants, products};
use crate::db::{TenantConn, TenantTx};

type Row = (String, (String, Option<String>, Option<String>));

/// The option values of the variants of the products with these handles.
pub async fn variants_of_handles(conn: &mut TenantConn<'_>, handles: &[String]) -> QueryResult<Vec<(String, Values)>> {
    let rows: Vec<Row> = product_variants::table
        .inner_join(
            products::table.on(products::tenant_id
                .eq(product_variants::tenant_id)
                .and(products::id.eq(product_variants::product_id))),
        )
        .filter(product_variants::tenant_id.eq(conn.tenant()))
        .filter(products::tenant_id.eq(conn.tenant()))
        .filter(products::handle.eq_any(handles))
        .select((products::handle, (product_variants::option1, product_variants::option2, product_variants::option3)))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(handle, (first, second, third))| (handle, [Some(first), second, third])).collect())
}

/// The levels of these variants at a location, locked until the transaction ends: what is set is what then is there.
pub async fn levels_locked(
    tx: &mut TenantTx<'_>,
    location_id: Uuid,
    variant_ids: &[Uuid],
) -> QueryResult<Vec<(Uuid, i32)>> {
    inventory_levels::table
        .filter(inventory_levels::tenant_id.eq(tx.tenant()))
        .filter(inventory_levels::location_id.eq(location_id))
        .filter(inventory_levels::variant_id.eq_any(variant_ids))
        .order(inventory_levels::variant_id)
        .select((inventory_levels::variant_id, inventory_levels::available))
        .for_update()
        .load(tx)
        .await
}
