//! One request to a page: the tenant of its address, proved as the guard proves it, and what it is about.

use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::answer::{Answer, Stop, page};
use super::values::Step;
use super::view;
use crate::app::App;
use crate::cart::key::CartKey;
use crate::cart::model::{Cart, Totals};
use crate::cart::service as carts;
use crate::checkout::service as checkouts;
use crate::country::Country;
use crate::error::Fault;
use crate::graphql::scope::{RequestInfo, Scope};
use crate::http::request::{RequestId, record_tenant};
use crate::ids::TenantId;
use crate::money::{Currency, Money};
use crate::shipping;
use crate::shipping::loaders::OptionsFor;
use crate::shipping::model::{DeliveryOption, selected};
use crate::shop::loaders::TheShop;
use crate::shop::model::SharedShop;

pub struct Visit {
    pub scope: Arc<Scope>,
    pub shop: SharedShop,
}

impl Visit {
    pub async fn open(app: &App, id: &RequestId, tenant: &str) -> Result<Self, Stop> {
        let tenant = TenantId(Uuid::try_parse(tenant).map_err(|_| Stop::NotFound)?);
        let resolved = app.resolver.by_id(tenant).await?;
        record_tenant(tenant);
        let info = RequestInfo { id: id.0.to_string(), ..RequestInfo::default() };
        let scope = Scope::new(app, &resolved, info);
        let shop = scope.snapshot().loaders.load(TheShop).await?;
        let shop = shop.ok_or_else(|| Fault::internal("the tenant has no shop"))?;
        Ok(Self { scope, shop })
    }

    /// What is being bought; none when there is no such cart, or no longer.
    pub async fn purchase(&self, key: &CartKey) -> Result<Option<Purchase>, Fault> {
        let now = self.scope.app.clock.now();
        let Some(cart) = self.scope.read(async |conn| carts::cart(conn, key, now).await).await? else {
            return Ok(None);
        };
        let options = match cart.ships_to() {
            Some(country) => self.scope.snapshot().loaders.load(OptionsFor(country)).await?.unwrap_or_default(),
            None => Arc::default(),
        };
        let (shop, key, currency) = (self.shop.clone(), key.clone(), self.scope.currency);
        Ok(Some(Purchase { shop, key, cart, options, currency }))
    }

    /// Runs a use case that writes.
    pub async fn act<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.scope.act(work).await
    }

    /// The answer for a cart that cannot be bought: it has become an order, or there is none.
    pub async fn is_over(&self, key: &CartKey) -> Answer {
        let order_id = self.scope.read(async |conn| carts::order_id(conn, key).await).await?.ok_or(Stop::NotFound)?;
        let markup = view::ordered(&self.shop, &order_address(key, order_id));
        Ok(page(StatusCode::GONE, markup))
    }

    /// Where the shop delivers.
    pub async fn countries(&self) -> Result<Vec<Country>, Fault> {
        self.scope.read(async |conn| shipping::service::countries(conn).await).await
    }

    /// For one form: sent twice, it is one order.
    pub fn idempotency_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.scope.app.entropy.bytes::<16>())
    }
}

/// Where the order of this cart is shown, relative to the checkout's address.
pub fn order_address(key: &CartKey, order_id: Uuid) -> String {
    format!("order?token={}", checkouts::order_token(key, order_id).reveal())
}

/// An open cart and what the pages show with it.
pub struct Purchase {
    pub shop: SharedShop,
    pub key: CartKey,
    pub cart: Cart,
    /// The ways of delivery to its address.
    pub options: Arc<[DeliveryOption]>,
    pub currency: Currency,
}

impl Purchase {
    /// The step that was asked for, if it can be its turn, otherwise the first that is not done.
    pub fn step(&self, wanted: Option<Step>) -> Step {
        let next = self.next();
        match wanted.unwrap_or(next).min(next) {
            Step::Delivery if !self.cart.requires_shipping() => next,
            step => step,
        }
    }

    fn next(&self) -> Step {
        let has_address = self.cart.destination().is_some_and(|to| to.address.missing().next().is_none());
        if self.cart.buyer.email.is_none() || self.cart.requires_shipping() && !has_address {
            Step::Information
        } else if self.cart.requires_shipping() && self.chosen().is_none() {
            Step::Delivery
        } else {
            Step::Payment
        }
    }

    /// The way of delivery that the buyer has chosen, while it is on offer.
    pub fn chosen(&self) -> Option<&DeliveryOption> {
        self.options.iter().find(|option| Some(&option.handle) == self.cart.delivery_handle.as_ref())
    }

    /// The way of delivery that counts: the one chosen, otherwise the first.
    pub fn delivery(&self) -> Option<&DeliveryOption> {
        selected(&self.options, self.cart.delivery_handle.as_deref())
    }

    pub fn totals(&self) -> Totals {
        self.cart.totals(self.delivery())
    }

    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// The address of a step, relative to every other step's.
    pub fn address_of(&self, step: Step) -> String {
        format!("?key={}&step={}", self.key.reveal(), step.name())
    }
}
