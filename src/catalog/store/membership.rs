//! Which products a collection holds.

use std::collections::{HashMap, HashSet};

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::{collection_products, collections, products};
use crate::db::{TenantConn, TenantTx, insert_rows};

/// These of the ids that are collections, locked in one order: who adds products to one waits for the other.
pub async fn lock_collections(tx: &mut TenantTx<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    let found: Vec<Uuid> = collections::table
        .filter(collections::tenant_id.eq(tx.tenant()))
        .filter(collections::id.eq_any(ids))
        .order(collections::id)
        .select(collections::id)
        .for_update()
        .load(tx)
        .await?;
    Ok(found.into_iter().collect())
}

/// These of the ids that are collections.
pub async fn collections_among(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    let found: Vec<Uuid> = collections::table
        .filter(collections::tenant_id.eq(conn.tenant()))
        .filter(collections::id.eq_any(ids))
        .select(collections::id)
        .load(conn)
        .await?;
    Ok(found.into_iter().collect())
}

/// These of the ids that are products; none of them goes before the transaction ends.
pub async fn hold_products(tx: &mut TenantTx<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    let found: Vec<Uuid> = products::table
        .filter(products::tenant_id.eq(tx.tenant()))
        .filter(products::id.eq_any(ids))
        .order(products::id)
        .select(products::id)
        .for_key_share()
        .load(tx)
        .await?;
    Ok(found.into_iter().collect())
}

/// The collections of each of these products.
pub async fn collections_of(
    conn: &mut TenantConn<'_>,
    product_ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, HashSet<Uuid>>> {
    let rows: Vec<(Uuid, Uuid)> = collection_products::table
        .filter(collection_products::tenant_id.eq(conn.tenant()))
        .filter(collection_products::product_id.eq_any(product_ids))
        .select((collection_products::product_id, collection_products::collection_id))
        .load(conn)
        .await?;
    let mut found: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
    for (product_id, collection_id) in rows {
        found.entry(product_id).or_default().insert(collection_id);
    }
    Ok(found)
}

/// The last place taken in each of these collections; absent: it is empty.
pub async fn last_positions(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<HashMap<Uuid, i32>> {
    let rows: Vec<(Uuid, Option<i32>)> = collection_products::table
        .filter(collection_products::tenant_id.eq(conn.tenant()))
        .filter(collection_products::collection_id.eq_any(ids))
        .group_by(collection_products::collection_id)
        .select((collection_products::collection_id, max(collection_products::position)))
        .load(conn)
        .await?;
    Ok(rows.into_iter().filter_map(|(id, last)| Some((id, last?))).collect())
}

/// A product's place in a collection.
pub struct Place {
    pub collection_id: Uuid,
    pub product_id: Uuid,
    pub position: i32,
}

/// Adds products; one that is there already keeps its place.
pub async fn insert_places(tx: &mut TenantTx<'_>, places: &[Place]) -> QueryResult<usize> {
    insert_rows!(tx.tenant(), collection_products, places, |place| {
        collection_id: place.collection_id,
        product_id: place.product_id,
        position: place.position,
    })
    .on_conflict_do_nothing()
    .execute(tx)
    .await
}

/// Takes a product out of these collections.
pub async fn delete_places(tx: &mut TenantTx<'_>, product_id: Uuid, collection_ids: &[Uuid]) -> QueryResult<usize> {
    diesel::delete(collection_products::table)
        .filter(collection_products::tenant_id.eq(tx.tenant()))
        .filter(collection_products::product_id.eq(product_id))
        .filter(collection_products::collection_id.eq_any(collection_ids))
        .execute(tx)
        .await
}
