//! Reading carts.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::try_join;
use uuid::Uuid;

use crate::address::Address;
use crate::cart::key::CartKey;
use crate::cart::model::{Attributes, Buyer, Cart, CartAddress, Line, Merchandise};
use crate::country::Country;
use crate::db::schema::{cart_addresses, cart_lines, carts, inventory_levels, product_variants, products};
use crate::db::{TenantConn, TenantTx};
use crate::inventory::model::together;

#[derive(Queryable, Selectable)]
#[diesel(table_name = carts, check_for_backend(diesel::pg::Pg))]
struct CartRow {
    id: Uuid,
    customer_id: Option<Uuid>,
    key_hash: Vec<u8>,
    note: String,
    attributes: serde_json::Value,
    discount_codes: Vec<String>,
    buyer_email: Option<String>,
    buyer_phone: Option<String>,
    buyer_country: Option<String>,
    delivery_handle: Option<String>,
    completed_at: Option<DateTime<Utc>>,
    order_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A cart's own row, proved by its key: without lines and addresses.
pub struct Head(CartRow);

impl Head {
    pub fn order_id(&self) -> Option<Uuid> {
        self.0.order_id
    }
}

/// The cart with this id and key, whole, locked until the transaction ends: the first statement of every change, so
/// that changes of one cart happen one after another. A completed cart is found too.
///
/// All travels in one packet, and what is asked together with it behind it, but each statement begins only when the one
/// in front has ended, so that it sees what whoever held the lock before has committed.
pub async fn lock(tx: &mut TenantTx<'_>, key: &CartKey, now: DateTime<Utc>) -> QueryResult<Option<Cart>> {
    let (mut on_lines, mut on_addresses) = (tx.conn().clone(), tx.conn().clone());
    let (head, lines, addresses) =
        try_join!(lock_head(tx, key), lines(&mut on_lines, key.id, now), addresses(&mut on_addresses, key.id))?;
    Ok(head.map(|head| whole(head, lines, addresses)))
}

async fn lock_head(tx: &mut TenantTx<'_>, key: &CartKey) -> QueryResult<Option<Head>> {
    let row = carts::table
        .filter(carts::tenant_id.eq(tx.tenant()))
        .filter(carts::id.eq(key.id))
        .select(CartRow::as_select())
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(proved(row, key))
}

/// The cart's own row alone. A completed cart is found too.
pub async fn head(conn: &mut TenantConn<'_>, key: &CartKey) -> QueryResult<Option<Head>> {
    let row = carts::table
        .filter(carts::tenant_id.eq(conn.tenant()))
        .filter(carts::id.eq(key.id))
        .select(CartRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(proved(row, key))
}

fn proved(row: Option<CartRow>, key: &CartKey) -> Option<Head> {
    let hash = key.hash();
    row.filter(|row| hash.matches(&row.key_hash)).map(Head)
}

/// The cart with this id and key, whole, in three pipelined statements. A completed cart is found too.
///
/// Lines whose product shoppers cannot see (any more) are left out.
pub async fn load(conn: &mut TenantConn<'_>, key: &CartKey, now: DateTime<Utc>) -> QueryResult<Option<Cart>> {
    let (mut on_lines, mut on_addresses) = (conn.clone(), conn.clone());
    let (head, lines, addresses) =
        try_join!(head(conn, key), lines(&mut on_lines, key.id, now), addresses(&mut on_addresses, key.id))?;
    Ok(head.map(|head| whole(head, lines, addresses)))
}

fn whole(Head(row): Head, lines: Vec<Arc<Line>>, addresses: Vec<Arc<CartAddress>>) -> Cart {
    Cart {
        id: row.id,
        customer_id: row.customer_id,
        note: row.note,
        attributes: attributes(row.attributes),
        discount_codes: row.discount_codes,
        buyer: Buyer {
            email: row.buyer_email,
            phone: row.buyer_phone,
            country: row.buyer_country.as_deref().and_then(Country::from_code),
        },
        lines,
        addresses,
        delivery_handle: row.delivery_handle,
        completed_at: row.completed_at,
        order_id: row.order_id,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn attributes(json: serde_json::Value) -> Attributes {
    serde_json::from_value(json).unwrap_or_default()
}

#[derive(Queryable)]
struct MerchandiseRow {
    variant_id: Uuid,
    product_id: Uuid,
    product_title: String,
    vendor: String,
    variant_title: String,
    sku: Option<String>,
    price_minor: i64,
    compare_at_minor: Option<i64>,
    weight_grams: i32,
    requires_shipping: bool,
    taxable: bool,
    tracked: bool,
    inventory_policy: String,
    available: Option<i32>,
}

type MerchandiseColumns = (
    product_variants::id,
    product_variants::product_id,
    products::title,
    products::vendor,
    product_variants::title,
    product_variants::sku,
    product_variants::price_minor,
    product_variants::compare_at_minor,
    product_variants::weight_grams,
    product_variants::requires_shipping,
    product_variants::taxable,
    product_variants::tracked,
    product_variants::inventory_policy,
    diesel::dsl::Nullable<inventory_levels::available>,
);

fn merchandise_columns() -> MerchandiseColumns {
    (
        product_variants::id,
        product_variants::product_id,
        products::title,
        products::vendor,
        product_variants::title,
        product_variants::sku,
        product_variants::price_minor,
        product_variants::compare_at_minor,
        product_variants::weight_grams,
        product_variants::requires_shipping,
        product_variants::taxable,
        product_variants::tracked,
        product_variants::inventory_policy,
        inventory_levels::available.nullable(),
    )
}

impl From<MerchandiseRow> for Merchandise {
    fn from(row: MerchandiseRow) -> Self {
        Self {
            variant_id: row.variant_id,
            product_id: row.product_id,
            product_title: row.product_title,
            vendor: row.vendor,
            variant_title: row.variant_title,
            sku: row.sku,
            price_minor: row.price_minor,
            compare_at_minor: row.compare_at_minor,
            weight_grams: row.weight_grams,
            requires_shipping: row.requires_shipping,
            taxable: row.taxable,
            tracked: row.tracked,
            may_oversell: row.inventory_policy == "CONTINUE",
            available: i64::from(row.available.unwrap_or_default()),
        }
    }
}

/// The lines that can be sold now, with what is to know of their variants: one statement. A variant with stock at
/// several locations comes as several rows, which are folded here.
pub(super) async fn lines(conn: &mut TenantConn<'_>, cart_id: Uuid, now: DateTime<Utc>) -> QueryResult<Vec<Arc<Line>>> {
    let rows: Vec<((Uuid, i32, serde_json::Value, i32), MerchandiseRow)> = cart_lines::table
        .inner_join(product_variants::table.on(
            product_variants::tenant_id.eq(cart_lines::tenant_id).and(product_variants::id.eq(cart_lines::variant_id)),
        ))
        .inner_join(
            products::table.on(products::tenant_id
                .eq(product_variants::tenant_id)
                .and(products::id.eq(product_variants::product_id))),
        )
        .left_join(
            inventory_levels::table.on(inventory_levels::tenant_id
                .eq(product_variants::tenant_id)
                .and(inventory_levels::variant_id.eq(product_variants::id))),
        )
        .filter(cart_lines::tenant_id.eq(conn.tenant()))
        .filter(cart_lines::cart_id.eq(cart_id))
        .filter(products::status.eq("ACTIVE").and(products::published_at.le(now)))
        .order((cart_lines::position, cart_lines::id))
        .select((
            (cart_lines::id, cart_lines::quantity, cart_lines::attributes, cart_lines::position),
            merchandise_columns(),
        ))
        .load(conn)
        .await?;
    let mut lines: Vec<Line> = Vec::with_capacity(rows.len());
    for ((id, quantity, json, position), row) in rows {
        let merchandise = Merchandise::from(row);
        match lines.last_mut() {
            Some(line) if line.id == id => {
                line.merchandise.available = together(line.merchandise.available, merchandise.available);
            }
            _ => lines.push(Line { id, merchandise, quantity, attributes: attributes(json), position }),
        }
    }
    Ok(lines.into_iter().map(Arc::new).collect())
}

/// What is to know of those of these variants that can be sold now.
pub async fn merchandise(conn: &mut TenantConn<'_>, ids: &[Uuid], now: DateTime<Utc>) -> QueryResult<Vec<Merchandise>> {
    let rows: Vec<MerchandiseRow> =
        product_variants::table
            .inner_join(products::table.on(
                products::tenant_id.eq(product_variants::tenant_id).and(products::id.eq(product_variants::product_id)),
            ))
            .left_join(
                inventory_levels::table.on(inventory_levels::tenant_id
                    .eq(product_variants::tenant_id)
                    .and(inventory_levels::variant_id.eq(product_variants::id))),
            )
            .filter(product_variants::tenant_id.eq(conn.tenant()))
            .filter(product_variants::id.eq_any(ids))
            .filter(products::status.eq("ACTIVE").and(products::published_at.le(now)))
            .order(product_variants::id)
            .select(merchandise_columns())
            .load(conn)
            .await?;
    let mut found: Vec<Merchandise> = Vec::with_capacity(rows.len());
    for merchandise in rows.into_iter().map(Merchandise::from) {
        match found.last_mut() {
            Some(last) if last.variant_id == merchandise.variant_id => {
                last.available = together(last.available, merchandise.available);
            }
            _ => found.push(merchandise),
        }
    }
    Ok(found)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = cart_addresses, check_for_backend(diesel::pg::Pg))]
struct AddressRow {
    id: Uuid,
    position: i32,
    selected: bool,
    one_time_use: bool,
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    address1: Option<String>,
    address2: Option<String>,
    city: Option<String>,
    zip: Option<String>,
    province_code: Option<String>,
    country: String,
    phone: Option<String>,
}

async fn addresses(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<Vec<Arc<CartAddress>>> {
    let rows = cart_addresses::table
        .filter(cart_addresses::tenant_id.eq(conn.tenant()))
        .filter(cart_addresses::cart_id.eq(cart_id))
        .order((cart_addresses::position, cart_addresses::id))
        .select(AddressRow::as_select())
        .load(conn)
        .await?;
    let address = |row: AddressRow| {
        let address = Address {
            first_name: row.first_name,
            last_name: row.last_name,
            company: row.company,
            address1: row.address1,
            address2: row.address2,
            city: row.city,
            zip: row.zip,
            province_code: row.province_code,
            country: Country::from_code(&row.country).unwrap_or(Country::ZZ),
            phone: row.phone,
        };
        let (selected, one_time_use) = (row.selected, row.one_time_use);
        Arc::new(CartAddress { id: row.id, address: Arc::new(address), selected, one_time_use, position: row.position })
    };
    Ok(rows.into_iter().map(address).collect())
}
