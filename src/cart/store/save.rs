//! Writing carts: the difference between what was loaded and what it became, in as few statements as can be.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::load::lines;
use crate::cart::key::CartKey;
use crate::cart::model::{Attributes, Cart, CartAddress, Line};
use crate::country::Country;
use crate::db::schema::{cart_addresses, cart_lines, carts};
use crate::db::{TenantTx, insert_rows, planned};

/// What a cart's own row says and may come to say otherwise.
macro_rules! contents {
    ($cart:ident) => {
        (
            carts::customer_id.eq($cart.customer_id),
            carts::note.eq(&$cart.note),
            carts::attributes.eq(json(&$cart.attributes)),
            carts::discount_codes.eq(&$cart.discount_codes),
            carts::buyer_email.eq(&$cart.buyer.email),
            carts::buyer_phone.eq(&$cart.buyer.phone),
            carts::buyer_country.eq($cart.buyer.country.map(Country::code)),
            carts::delivery_handle.eq(&$cart.delivery_handle),
            carts::updated_at.eq($cart.updated_at),
        )
    };
}

/// Inserts a cart with its lines and addresses.
pub fn create(tx: &mut TenantTx<'_>, key: &CartKey, cart: &Cart) -> QueryResult<()> {
    let key_hash = key.hash();
    let insert = diesel::insert_into(carts::table).values((
        carts::tenant_id.eq(tx.tenant()),
        carts::id.eq(cart.id),
        carts::key_hash.eq(key_hash.bytes()),
        carts::created_at.eq(cart.created_at),
        contents!(cart),
    ));
    tx.send(insert)?;
    // The foreign keys need the row above.
    put_lines(tx, cart.id, cart.lines.iter().map(AsRef::as_ref).collect())?;
    put_addresses(tx, cart.id, cart.addresses.iter().map(AsRef::as_ref).collect())
}

/// Writes what distinguishes the cart from what it was, its row included. The cart must be locked.
pub fn save(tx: &mut TenantTx<'_>, before: &Cart, after: &Cart) -> QueryResult<()> {
    put_row(tx, after)?;
    save_lines(tx, before, after)?;
    save_addresses(tx, before, after)
}

/// Marks a locked cart as completed: from then on it reads as null and takes no change.
pub fn complete(tx: &mut TenantTx<'_>, cart_id: Uuid, order_id: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    let complete = diesel::update(carts::table)
        .filter(carts::tenant_id.eq(tx.tenant()))
        .filter(carts::id.eq(cart_id))
        .set((carts::completed_at.eq(now), carts::order_id.eq(order_id), carts::updated_at.eq(now)));
    tx.send(planned(complete))
}

/// Takes out of a locked cart the lines that cannot be sold any more: those that reading it leaves out, so that its
/// owner has no way to name them.
pub async fn drop_withdrawn(tx: &mut TenantTx<'_>, cart_id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    let sold: Vec<Uuid> = lines(tx.conn(), cart_id, now).await?.iter().map(|line| line.id).collect();
    diesel::delete(cart_lines::table)
        .filter(cart_lines::tenant_id.eq(tx.tenant()))
        .filter(cart_lines::cart_id.eq(cart_id))
        .filter(cart_lines::id.ne_all(sold))
        .execute(tx)
        .await
}

fn json(attributes: &Attributes) -> serde_json::Value {
    serde_json::to_value(attributes).expect("texts are JSON")
}

fn put_row(tx: &mut TenantTx<'_>, cart: &Cart) -> QueryResult<()> {
    let row = carts::table.filter(carts::tenant_id.eq(tx.tenant())).filter(carts::id.eq(cart.id));
    let update = diesel::update(row).set(contents!(cart));
    tx.send(planned(update))
}

/// What is new or another than before: an untouched item is still the same allocation.
fn changed<'a, T>(before: &[Arc<T>], after: &'a [Arc<T>]) -> Vec<&'a T> {
    after.iter().filter(|item| !before.iter().any(|known| Arc::ptr_eq(known, item))).map(AsRef::as_ref).collect()
}

/// What is no longer there.
fn gone<T>(before: &[Arc<T>], after: &[Arc<T>], id: impl Fn(&T) -> Uuid) -> Vec<Uuid> {
    before.iter().map(|item| id(item)).filter(|was| !after.iter().any(|item| id(item) == *was)).collect()
}

fn save_lines(tx: &mut TenantTx<'_>, before: &Cart, after: &Cart) -> QueryResult<()> {
    let gone = gone(&before.lines, &after.lines, |line| line.id);
    if !gone.is_empty() {
        let delete = diesel::delete(cart_lines::table)
            .filter(cart_lines::tenant_id.eq(tx.tenant()))
            .filter(cart_lines::cart_id.eq(after.id))
            .filter(cart_lines::id.eq_any(gone));
        tx.send(delete)?;
    }
    put_lines(tx, after.id, changed(&before.lines, &after.lines))
}

fn put_lines(tx: &mut TenantTx<'_>, cart_id: Uuid, lines: Vec<&Line>) -> QueryResult<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let upsert = insert_rows!(tx.tenant(), cart_lines, lines, |line| {
        cart_id: cart_id,
        id: line.id,
        variant_id: line.merchandise.variant_id,
        quantity: line.quantity,
        attributes: json(&line.attributes),
        position: line.position,
    })
    .on_conflict((cart_lines::tenant_id, cart_lines::cart_id, cart_lines::id))
    .do_update()
    .set((
        cart_lines::variant_id.eq(excluded(cart_lines::variant_id)),
        cart_lines::quantity.eq(excluded(cart_lines::quantity)),
        cart_lines::attributes.eq(excluded(cart_lines::attributes)),
    ));
    tx.send(planned(upsert))
}

fn save_addresses(tx: &mut TenantTx<'_>, before: &Cart, after: &Cart) -> QueryResult<()> {
    let gone = gone(&before.addresses, &after.addresses, |address| address.id);
    if !gone.is_empty() {
        let delete = diesel::delete(cart_addresses::table)
            .filter(cart_addresses::tenant_id.eq(tx.tenant()))
            .filter(cart_addresses::cart_id.eq(after.id))
            .filter(cart_addresses::id.eq_any(gone));
        tx.send(delete)?;
    }
    put_addresses(tx, after.id, changed(&before.addresses, &after.addresses))
}

fn put_addresses(tx: &mut TenantTx<'_>, cart_id: Uuid, mut addresses: Vec<&CartAddress>) -> QueryResult<()> {
    if addresses.is_empty() {
        return Ok(());
    }
    // Only one can be selected at any moment: whoever gives it up goes first.
    addresses.sort_by_key(|address| address.selected);
    let upsert = insert_rows!(tx.tenant(), cart_addresses, addresses, |item| {
        cart_id: cart_id,
        id: item.id,
        position: item.position,
        selected: item.selected,
        one_time_use: item.one_time_use,
        first_name: item.address.first_name.as_deref(),
        last_name: item.address.last_name.as_deref(),
        company: item.address.company.as_deref(),
        address1: item.address.address1.as_deref(),
        address2: item.address.address2.as_deref(),
        city: item.address.city.as_deref(),
        zip: item.address.zip.as_deref(),
        province_code: item.address.province_code.as_deref(),
        country: item.address.country.code(),
        phone: item.address.phone.as_deref(),
    })
    .on_conflict((cart_addresses::tenant_id, cart_addresses::cart_id, cart_addresses::id))
    .do_update()
    .set((
        cart_addresses::selected.eq(excluded(cart_addresses::selected)),
        cart_addresses::one_time_use.eq(excluded(cart_addresses::one_time_use)),
        cart_addresses::first_name.eq(excluded(cart_addresses::first_name)),
        cart_addresses::last_name.eq(excluded(cart_addresses::last_name)),
        cart_addresses::company.eq(excluded(cart_addresses::company)),
        cart_addresses::address1.eq(excluded(cart_addresses::address1)),
        cart_addresses::address2.eq(excluded(cart_addresses::address2)),
        cart_addresses::city.eq(excluded(cart_addresses::city)),
        cart_addresses::zip.eq(excluded(cart_addresses::zip)),
        cart_addresses::province_code.eq(excluded(cart_addresses::province_code)),
        cart_addresses::country.eq(excluded(cart_addresses::country)),
        cart_addresses::phone.eq(excluded(cart_addresses::phone)),
    ));
    tx.send(planned(upsert))
}
