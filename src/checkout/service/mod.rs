//! The use cases: complete a checkout, and settle what was left behind.

mod begin;
mod due;
mod settle;

pub use due::settle_due;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use uuid::Uuid;

use self::begin::{Begun, begin};
use self::settle::{decline, record, settle};
use super::rule::CheckoutRule;
use super::token::OrderToken;
use crate::app::App;
use crate::cart::key::CartKey;
use crate::clock::{Clock, Entropy};
use crate::db::TenantDb;
use crate::db::idempotency::{self, Key, Refused, Wait};
use crate::error::{ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::money::Currency;
use crate::payment::{Charge, Charged, Payments, Unknown};

/// The mutation under whose name idempotency keys are kept.
pub const FIELD: &str = "checkoutComplete";

/// How long a checkout holds its stock before the job looks at it: longer than a gateway may take.
const RESERVED: TimeDelta = TimeDelta::minutes(2);
/// How long a gateway may take.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(30);
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
}

impl Till {
    pub fn new(app: &App, tenant: TenantId) -> Self {
        let db = app.db.tenant(tenant);
        Self { db, clock: app.clock.clone(), entropy: app.entropy.clone(), payments: app.payments.clone() }
    }
}

/// A wish to buy a cart.
#[derive(Clone)]
pub struct Wish {
    pub cart: CartKey,
    pub gateway: String,
    /// What the storefront got from the gateway. Never stored.
    pub token: Option<String>,
    pub currency: Currency,
    /// Who asks, for the history.
    pub actor: String,
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
    let mut wait = Wait::new();
    let attempt = loop {
        match begin(till, wish, gateway.pays_later()).await {
            Ok(Begun::Done(order_id)) => return Ok(Ok(order_id)),
            Ok(Begun::Charge(attempt)) => break attempt,
            Ok(Begun::Replay(outcome)) => return Ok(idempotency::replay(outcome)),
            Ok(Begun::OtherInput) => return Err(Refused::OtherInput),
            Ok(Begun::Busy) if wait.again().await => {}
            Ok(Begun::Busy) => return Ok(refuse(CheckoutRule::PaymentPending)),
            Err(error) => return Ok(keep_refusal(till, wish, error).await),
        }
    };
    let amount = crate::money::Money::new(attempt.amount_minor, wish.currency);
    let charge = Charge { attempt_id: attempt.id, amount, token: wish.token.clone() };
    let answer = tokio::time::timeout(GATEWAY_TIMEOUT, gateway.charge(&charge)).await;
    Ok(match answer.unwrap_or_else(|_| Err(Unknown("no answer in time".to_owned()))) {
        Ok(Charged::Approved) => settle(till, attempt.id).await,
        Ok(Charged::Declined { message }) => decline(till, attempt.id, &message).await,
        Err(unknown) => {
            tracing::warn!(%unknown, attempt_id = %attempt.id, "a payment's outcome is unknown");
            match due::postpone(till, attempt.id).await {
                Ok(()) => refuse(CheckoutRule::PaymentPending),
                Err(fault) => Err(fault.into()),
            }
        }
    })
}

/// Keeps a refusal under the key, where a repeated request is to be refused the same. The transaction in which it
/// was found has been rolled back; if another request has been answered under the key meanwhile, that answer counts.
async fn keep_refusal(till: &Till, wish: &Wish, error: ServiceError<Vec<CheckoutRule>>) -> Completed {
    let (Some(key), ServiceError::Rule(rules)) = (&wish.key, &error) else { return Err(error) };
    if !rules.iter().all(CheckoutRule::is_final) {
        return Err(error);
    }
    record(till, key, Err(error)).await
}

/// The order's token, for whoever has the cart's key.
pub fn order_token(cart: &CartKey, order_id: Uuid) -> OrderToken {
    OrderToken::of(cart, order_id)
}
