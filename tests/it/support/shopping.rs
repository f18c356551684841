//! A shop with things to sell, and shoppers: through the services, without GraphQL.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::address::Address;
use emporia::cart::addresses::{NewAddress, Source};
use emporia::cart::details::BuyerUpdate;
use emporia::cart::key::CartKey;
use emporia::cart::lines::NewLine;
use emporia::cart::service::{Desk, NewCart, cart_create, order_id};
use emporia::checkout::service::{Completed, Till, Wish, complete};
use emporia::country::Country;
use emporia::db::TenantDb;
use emporia::db::idempotency::{KEPT, Key, Refused};
use emporia::db::schema::{
    idempotency_keys, inventory_levels, orders as order_rows, payment_attempts, product_options, product_variants,
    products,
};
use emporia::error::Fault;
use emporia::inventory::model::StockChange;
use emporia::inventory::service::adjust_in_tx;
use emporia::money::Currency;
use emporia::order::model::CancelReason;
use emporia::order::service::{self as orders, Cancellation};
use emporia::shipping::model::NewProfile;
use emporia::shipping::service::profile_create_in_tx;
use emporia::shop;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Store, TestApp, Uncommitted, admin, start};

pub struct Shopping {
    pub app: Arc<TestApp>,
    pub store: Store,
    pub db: TenantDb,
    pub location: Uuid,
    currency: Currency,
}

pub fn variant(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

impl Shopping {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// A shop that delivers within Germany for 4.90.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::of(Arc::new(TestApp::with(settings).await), "acme", Currency::EUR).await
    }

    /// A shop that delivers within Germany for 490 minor units of this currency.
    pub async fn in_currency(currency: Currency) -> Self {
        Self::of(Arc::new(TestApp::new().await), "acme", currency).await
    }

    /// Another tenant's shop in the same process.
    pub async fn beside(&self, handle: &str) -> Self {
        Self::of(self.app.clone(), handle, Currency::EUR).await
    }

    async fn of(app: Arc<TestApp>, handle: &str, currency: Currency) -> Self {
        let store = app.store_in(handle, currency).await;
        let db = app.app.db.tenant(store.tenant);
        let shop = db.read(async |conn| Ok::<_, Fault>(shop::store::shop(conn).await?)).await.expect("a shop");
        let location = shop.expect("a shop").default_location_id;
        let entropy = app.app.entropy.clone();
        let made: Result<(), Fault> = db
            .write(async |tx| {
                let profile = NewProfile::flat("Germany", &[Country::DE], false, "Post", 490);
                profile_create_in_tx(tx, start(), &entropy, &profile).await?;
                Ok(())
            })
            .await;
        made.expect("a delivery profile");
        Self { app, store, db, location, currency }
    }

    /// Puts a product with one variant on sale; both have this number as their id.
    pub async fn on_sale(&self, number: u128, price_minor: i64, stock: i32) {
        let (now, id, entropy) = (start(), variant(number), self.app.app.entropy.clone());
        let made: Result<(), Fault> = self
            .db
            .write(async |tx| {
                let tenant = tx.tenant();
                let product = (
                    products::tenant_id.eq(tenant),
                    products::id.eq(id),
                    products::handle.eq(format!("mug-{number}")),
                    products::title.eq(format!("Mug {number}")),
                    products::status.eq("ACTIVE"),
                    products::published_at.eq(now),
                    products::created_at.eq(now),
                    products::updated_at.eq(now),
                );
                diesel::insert_into(products::table).values(product).execute(tx).await?;
                let option = (
                    product_options::tenant_id.eq(tenant),
                    product_options::id.eq(id),
                    product_options::product_id.eq(id),
                    product_options::position.eq(1),
                    product_options::name.eq("Size"),
                );
                diesel::insert_into(product_options::table).values(option).execute(tx).await?;
                let sold = (
                    product_variants::tenant_id.eq(tenant),
                    product_variants::id.eq(id),
                    product_variants::product_id.eq(id),
                    product_variants::position.eq(1),
                    product_variants::title.eq("Large"),
                    product_variants::option1.eq("Large"),
                    product_variants::sku.eq(format!("MUG-{number}")),
                    product_variants::price_minor.eq(price_minor),
                    product_variants::created_at.eq(now),
                    product_variants::updated_at.eq(now),
                );
                diesel::insert_into(product_variants::table).values(sold).execute(tx).await?;
                let change = StockChange { variant_id: id, location_id: self.location, delta: stock };
                adjust_in_tx(tx, now, &entropy, "test", "received", None, &[change]).await.expect("stock");
                Ok(())
            })
            .await;
        made.expect("something to sell");
    }

    /// A cart with so many of these variants, to be delivered within Germany.
    pub async fn cart(&self, lines: &[(u128, i32)]) -> CartKey {
        let lines = lines.iter().map(|(number, quantity)| NewLine {
            variant_id: Some(variant(*number)),
            quantity: *quantity,
            attributes: Vec::new(),
            extras: Default::default(),
        });
        let address = NewAddress {
            source: Source::Given { address: Box::new(address()), country: Some(Country::DE) },
            selected: Some(true),
            one_time_use: false,
            strict: false,
        };
        let buyer = BuyerUpdate { email: Some(Some("ada@example.com".into())), ..BuyerUpdate::default() };
        let new = NewCart { lines: lines.collect(), addresses: vec![address], buyer, ..NewCart::default() };
        let app = &self.app.app;
        let desk = Desk { db: self.db.clone(), now: app.clock.now(), entropy: app.entropy.clone() };
        cart_create(&desk, &new).await.unwrap_or_else(|error| panic!("a cart: {error:?}")).key
    }

    pub fn till(&self) -> Till {
        Till::new(&self.app.app, self.store.tenant)
    }

    /// A wish to buy the cart, under an idempotency key.
    pub fn wish(&self, cart: &CartKey, gateway: &str, token: Option<&str>, key: &str) -> Wish {
        let input = format!("{gateway} {token:?}");
        let key = Key {
            field: "checkoutComplete".to_owned(),
            scope: Sha256::digest(format!("{} {key}", cart.id)).into(),
            input: Sha256::digest(input).into(),
            kept: KEPT,
        };
        Wish {
            cart: cart.clone(),
            gateway: gateway.to_owned(),
            token: token.map(str::to_owned),
            expected_total: None,
            currency: self.currency,
            actor: "test".to_owned(),
            network: None,
            key: Some(key),
        }
    }

    pub async fn complete(&self, wish: &Wish) -> Result<Completed, Refused> {
        complete(&self.till(), wish).await
    }

    /// Buys the cart, to be paid later; answers the order's id.
    pub async fn buy(&self, cart: &CartKey) -> Uuid {
        let completed = self.complete(&self.wish(cart, "manual", None, "1")).await;
        completed.expect("a free key").unwrap_or_else(|error| panic!("an order: {error:?}"))
    }

    /// What a merchant changes orders with, under a key or without.
    pub fn order_desk(&self, key: Option<&str>) -> orders::Desk {
        let app = &self.app.app;
        let key = key.map(|key| Key::new("test", "test", None, key, ""));
        let (entropy, actor) = (app.entropy.clone(), "test".to_owned());
        orders::Desk { db: self.db.clone(), clock: app.clock.clone(), entropy, actor, key }
    }

    /// Cancels an order; its units go back.
    pub async fn cancel(&self, order: Uuid) {
        let wish = Cancellation { reason: CancelReason::Other, restock: true, refund: false, staff_note: None };
        let done = orders::order_cancel(&self.order_desk(None), Some(order), &wish).await.expect("no key");
        done.unwrap_or_else(|error| panic!("a cancellation: {error:?}"));
    }

    /// Takes a product off the shelf: what shows and sells it no longer does.
    pub async fn withdraw(&self, number: u128) {
        let withdrawn: Result<usize, Fault> = self
            .db
            .write(async |tx| {
                let product = products::table.filter(products::tenant_id.eq(tx.tenant()));
                let product = product.filter(products::id.eq(variant(number)));
                Ok(diesel::update(product).set(products::status.eq("ARCHIVED")).execute(tx).await?)
            })
            .await;
        assert_eq!(withdrawn.expect("a product"), 1);
    }

    /// Deletes a product in a transaction that is still to commit.
    pub async fn begin_deleting(&self, number: u128) -> Uncommitted {
        let tenant = self.store.tenant;
        let sql = format!("DELETE FROM products WHERE tenant_id = '{tenant}' AND id = '{}'", variant(number));
        Uncommitted::begin(&self.app.db.name, &sql).await
    }

    /// Whether the cart has become an order.
    pub async fn is_completed(&self, cart: &CartKey) -> bool {
        let read: Result<_, Fault> = self.db.read(async |conn| Ok(order_id(conn, cart).await?)).await;
        read.expect("a cart").is_some()
    }

    /// How many idempotency keys are kept.
    pub async fn keys(&self) -> i64 {
        let read: Result<i64, Fault> = self
            .db
            .read(async |conn| {
                let own = idempotency_keys::table.filter(idempotency_keys::tenant_id.eq(conn.tenant()));
                Ok(own.count().get_result(conn).await?)
            })
            .await;
        read.expect("keys")
    }

    /// What is free to sell of a variant.
    pub async fn stock(&self, number: u128) -> i32 {
        let read: Result<i32, Fault> = self
            .db
            .read(async |conn| {
                Ok(inventory_levels::table
                    .filter(inventory_levels::tenant_id.eq(conn.tenant()))
                    .filter(inventory_levels::variant_id.eq(variant(number)))
                    .select(inventory_levels::available)
                    .first(conn)
                    .await?)
            })
            .await;
        read.expect("a level")
    }

    /// Gives the shop a second location that has sold so many of a variant which it does not have.
    pub async fn owe_elsewhere(&self, number: u128, units: i32) {
        let (tenant, elsewhere, now) = (self.store.tenant, Uuid::from_u128(2), start());
        for sql in [
            format!(
                "INSERT INTO locations (tenant_id, id, name, country, is_default, created_at, updated_at)
                 VALUES ('{tenant}', '{elsewhere}', 'Elsewhere', 'DE', false, '{now}', '{now}')"
            ),
            format!(
                "INSERT INTO inventory_levels (tenant_id, variant_id, location_id, available, may_oversell, updated_at)
                 VALUES ('{tenant}', '{}', '{elsewhere}', -{units}, true, '{now}')",
                variant(number)
            ),
        ] {
            diesel::sql_query(&sql).execute(&mut admin(&self.app.db.name).await).await.expect(&sql);
        }
    }

    /// What is free to sell of a variant at each location, the least first.
    pub async fn stock_by_location(&self, number: u128) -> Vec<i32> {
        let read: Result<Vec<i32>, Fault> = self
            .db
            .read(async |conn| {
                Ok(inventory_levels::table
                    .filter(inventory_levels::tenant_id.eq(conn.tenant()))
                    .filter(inventory_levels::variant_id.eq(variant(number)))
                    .order(inventory_levels::available)
                    .select(inventory_levels::available)
                    .load(conn)
                    .await?)
            })
            .await;
        read.expect("levels")
    }

    /// What gateways were to charge, in minor units with their currency.
    pub async fn charged(&self) -> Vec<(i64, String)> {
        let read: Result<_, Fault> = self
            .db
            .read(async |conn| {
                let own = payment_attempts::table.filter(payment_attempts::tenant_id.eq(conn.tenant()));
                Ok(own.select((payment_attempts::amount_minor, payment_attempts::currency)).load(conn).await?)
            })
            .await;
        read.expect("attempts")
    }

    /// The numbers of all orders, sorted.
    pub async fn numbers(&self) -> Vec<i32> {
        let read: Result<Vec<i32>, Fault> = self
            .db
            .read(async |conn| {
                Ok(order_rows::table
                    .filter(order_rows::tenant_id.eq(conn.tenant()))
                    .order(order_rows::number)
                    .select(order_rows::number)
                    .load(conn)
                    .await?)
            })
            .await;
        read.expect("orders")
    }

    /// How many payment attempts have this status.
    pub async fn attempts(&self, status: &str) -> i64 {
        let read: Result<i64, Fault> = self
            .db
            .read(async |conn| {
                Ok(payment_attempts::table
                    .filter(payment_attempts::tenant_id.eq(conn.tenant()))
                    .filter(payment_attempts::status.eq(status))
                    .count()
                    .get_result(conn)
                    .await?)
            })
            .await;
        read.expect("attempts")
    }

    /// What the worker does when it is rung for payments.
    pub async fn run_job(&self) {
        emporia::checkout::service::settle_due(&self.app.app, self.store.tenant).await.expect("the job");
    }
}

fn address() -> Address {
    Address {
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        company: None,
        address1: Some("Am Markt 1".into()),
        address2: None,
        city: Some("Jena".into()),
        zip: Some("07743".into()),
        province_code: None,
        country: Country::DE,
        phone: None,
    }
}
