//! The use cases: complete a checkout, and settle what was left behind.

mod begin;
mod declined;
mod due;
mod operator;
mod refusal;
mod settle;

pub use due::{MAX_TRIES, settle_due};
pub use operator::{Resolution, payment_resolve, payments_undecided};

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use uuid::Uuid;

use self::begin::{Begun, Reserved, begin};
use self::settle::{decline, settle};
use super::rule::CheckoutRule;
use super::store;
use super::token::OrderToken;
use crate::app::App;
use crate::attempts::{Attempts, Network};
use crate::cart::key::CartKey;
use crate::clock::{Clock, Entropy};
use crate::config::MAX_PAYMENT_TIMEOUT_MS;
use crate::db::idempotency::{self, Key, Refused};
use crate::db::{QueryResult, TenantConn, TenantDb};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::money::Currency;
use crate::payment::{Charge, Charged, Gateway, Payments, Unknown};

/// The mutation under whose name idempotency keys are kept.
pub const FIELD: &str = "checkoutComplete";

/// How long a checkout holds its stock before the job looks at it: twice as long as any gateway may take, so that
/// what the job gives up is not being charged.
const RESERVED: TimeDelta = TimeDelta::milliseconds(2 * MAX_PAYMENT_TIMEOUT_MS as i64);
/// How much longer than a gateway may take a request waits for another of the same key.
const MARGIN: Duration = Duration::from_secs(5);
/// The longest pause between two looks whether that other request has its answer.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// When the job asks a gateway that did not answer.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(10);
/// At most this many characters in a payment token.
const MAX_TOKEN: usize = 4096;

/// What the use cases work with.
#[derive(Clone)]
pub struct Till {
    pub db: TenantDb,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub payments: Payments,
    pub attempts: Attempts,
    /// How long a gateway may take.
    pub payment_timeout: Duration,
    /// How long outcomes under a client's key are kept.
    pub keys_kept: TimeDelta,
}

impl Till {
    pub fn new(app: &App, tenant: TenantId) -> Self {
        let db = app.db.tenant(tenant);
        let (clock, entropy, payments) = (app.clock.clone(), app.entropy.clone(), app.payments.clone());
        let (payment_timeout, keys_kept) = (app.config.payment_timeout, app.config.retention.idempotency_keys);
        Self { db, clock, entropy, payments, attempts: app.attempts.clone(), payment_timeout, keys_kept }
    }
}

/// A wish to buy a cart.
#[derive(Clone)]
pub struct Wish {
    pub cart: CartKey,
    pub gateway: String,
    /// What the storefront got from the gateway. Never stored.
    pub token: Option<String>,
    /// What the shopper was shown that it comes to, in minor units: they pay this or nothing. None: whatever it is.
    pub expected_total: Option<i64>,
    pub currency: Currency,
    /// Who asks, for the history.
    pub actor: String,
    /// From where; none: nobody knows.
    pub network: Option<Network>,
    pub key: Option<Key>,
}

/// What came of it: the order's id, or every reason why there is none.
pub type Completed = ServiceResult<Uuid, Vec<CheckoutRule>>;

fn refuse<T>(rule: CheckoutRule) -> ServiceResult<T, Vec<CheckoutRule>> {
    Err(ServiceError::Rule(vec![rule]))
}

/// Turns the cart into an order. Under one key it happens once, however often and however concurrently it is asked.
pub async fn complete(till: &Till, wish: &Wish) -> Result<Completed, Refused> {
    let Some(gateway) = till.payments.get(&wish.gateway) else { return Ok(refuse(CheckoutRule::UnknownGateway)) };
    if wish.token.as_ref().is_some_and(|token| token.len() > MAX_TOKEN) {
        return Ok(refuse(CheckoutRule::TokenTooLong));
    }
    let attempt = match attempt(till, wish, gateway.pays_later()).await? {
        Ok(attempt) => attempt,
        Err(completed) => return Ok(completed),
    };
    let charged = if declined::too_often(till, wish).await {
        // As if by the gateway: it is not asked, and what was reserved is given back.
        Ok(Charged::Declined { message: declined::TOO_OFTEN.to_owned() })
    } else {
        let charged = charge(till, wish, &gateway, &attempt).await;
        if matches!(charged, Ok(Charged::Declined { .. })) {
            declined::note(till, wish).await;
        }
        charged
    };
    Ok(end(till, attempt.id, charged).await)
}

/// The attempt that is to be charged, or what the checkout has come to without one.
async fn attempt(till: &Till, wish: &Wish, pays_later: bool) -> Result<Result<Reserved, Completed>, Refused> {
    let deadline = Instant::now() + till.payment_timeout + MARGIN;
    let completed = loop {
        match begin(till, wish, pays_later).await {
            Ok(Begun::Done(order_id)) => break Ok(order_id),
            Ok(Begun::Charge(attempt)) => return Ok(Ok(attempt)),
            Ok(Begun::Replay(outcome)) => break idempotency::replay(outcome),
            Ok(Begun::OtherInput) => return Err(Refused::OtherInput),
            Ok(Begun::Busy) => match charged(till, wish, deadline).await {
                Ok(true) => {}
                Ok(false) => break refuse(CheckoutRule::PaymentPending),
                Err(fault) => break Err(fault.into()),
            },
            Err(ServiceError::Rule(rules)) => match refusal::keep(till, wish, &rules).await {
                Ok(true) => break Err(ServiceError::Rule(rules)),
                // Another request was quicker: its outcome counts.
                Ok(false) => {}
                Err(fault) => break Err(fault.into()),
            },
            Err(fault) => break Err(fault),
        }
    };
    Ok(Err(completed))
}

async fn charge(till: &Till, wish: &Wish, gateway: &Gateway, attempt: &Reserved) -> Result<Charged, Unknown> {
    let amount = crate::money::Money::new(attempt.amount_minor, wish.currency);
    let charge = Charge { attempt_id: attempt.id, amount, token: wish.token.clone() };
    gateway.charge(&charge, till.payment_timeout).await
}

/// What follows from the gateway's answer.
async fn end(till: &Till, attempt_id: Uuid, charged: Result<Charged, Unknown>) -> Completed {
    match charged {
        Ok(Charged::Approved) => settled(till, attempt_id).await,
        Ok(Charged::Declined { message }) => decline(till, attempt_id, settle::declined(&message)).await,
        Ok(Charged::NotAsked) => decline(till, attempt_id, CheckoutRule::GatewayAway).await,
        Err(unknown) => {
            tracing::warn!(%unknown, %attempt_id, "a payment's outcome is unknown");
            match due::postpone(till, attempt_id).await {
                Ok(()) => refuse(CheckoutRule::PaymentPending),
                Err(fault) => Err(fault.into()),
            }
        }
    }
}

/// Settles what is paid: in a crowd with patience. Otherwise the worker does it, and whoever asks again finds it done.
async fn settled(till: &Till, attempt_id: Uuid) -> Completed {
    for _ in 0..2 {
        match settle(till, attempt_id).await {
            Err(ServiceError::Fault(Fault::Crowded)) => {}
            done => return done,
        }
    }
    match settle(till, attempt_id).await {
        Err(ServiceError::Fault(Fault::Crowded)) => refuse(CheckoutRule::PaymentPending),
        done => done,
    }
}

/// Waits, without a lock and between looks without a connection, until the request that charges under the same key
/// has its answer; false when that takes longer than a gateway may.
async fn charged(till: &Till, wish: &Wish, deadline: Instant) -> Result<bool, Fault> {
    let mut pause = Duration::from_millis(5);
    while Instant::now() < deadline {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        if !till.db.read(async |conn| Ok::<_, Fault>(store::is_being_charged(conn, wish.cart.id).await?)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a payment for the cart is on its way. To be asked under the cart's lock: whoever begins one takes it.
pub async fn is_being_paid(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<bool> {
    store::is_being_paid(conn, cart_id).await
}

/// Those of these carts for which a payment is on its way. To be asked under the carts' locks.
pub async fn being_paid(conn: &mut TenantConn<'_>, cart_ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    store::being_paid(conn, cart_ids).await
}

/// Orders that were placed from one time until before another, those that were cancelled too, and payments under way.
pub async fn orders_count(conn: &mut TenantConn<'_>, from: DateTime<Utc>, until: DateTime<Utc>) -> QueryResult<i64> {
    store::orders_count(conn, from, until).await
}

/// Orders that were placed from one time until before another, without payments under way.
pub async fn orders_placed(conn: &mut TenantConn<'_>, from: DateTime<Utc>, until: DateTime<Utc>) -> QueryResult<i64> {
    store::orders_placed(conn, from, until).await
}

/// The order's token, for whoever has the cart's key.
pub fn order_token(cart: &CartKey, order_id: Uuid) -> OrderToken {
    OrderToken::of(cart, order_id)
}
