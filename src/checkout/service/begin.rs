//! Step one: lock the cart, take the stock, and write either the order or the payment attempt.

use futures_util::try_join;
use uuid::Uuid;

use super::settle::settle_in_tx;
use super::{RESERVED, Till, Wish, refuse};
use crate::cart;
use crate::checkout::model::{self, Terms};
use crate::checkout::rule::CheckoutRule;
use crate::checkout::store::{self, Attempt, AttemptStatus};
use crate::checkout::token::OrderToken;
use crate::db::TenantTx;
use crate::db::error::constraint;
use crate::db::idempotency::{self, Found, Key};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::events::{Work, ring_in_tx};
use crate::inventory::model::{Known, Stocked};
use crate::inventory::rule::InventoryRule;
use crate::inventory::service::{Ledger, adjust_known_in_tx};
use crate::order::draft::OrderDraft;
use crate::plan;
use crate::plan::model::Resource;
use crate::shipping::service::options_for_cart;
use crate::shop;

/// How far step one came.
pub enum Begun {
    /// To the end: the order is there, to be paid later.
    Done(Uuid),
    /// The stock is reserved; now the gateway is to be called.
    Charge(Reserved),
    /// The key's outcome was there.
    Replay(serde_json::Value),
    /// The key was used with other arguments.
    OtherInput,
    /// A request of the same key is waiting for its gateway.
    Busy,
}

pub struct Reserved {
    pub id: Uuid,
    pub amount_minor: i64,
}

type BegunResult = ServiceResult<Begun, Vec<CheckoutRule>>;

pub async fn begin(till: &Till, wish: &Wish, pays_later: bool) -> BegunResult {
    till.db.write(async |tx| begin_in_tx(tx, till, wish, pays_later).await).await
}

async fn begin_in_tx(tx: &mut TenantTx<'_>, till: &Till, wish: &Wish, pays_later: bool) -> BegunResult {
    let now = till.clock.now();
    let (mut on_key, mut on_attempt, mut on_shelf) = (tx.conn().clone(), tx.conn().clone(), tx.conn().clone());
    let (mut on_options, mut on_plan) = (tx.conn().clone(), tx.fork());
    let find_key = async {
        match &wish.key {
            Some(key) => idempotency::find(&mut on_key, key, now).await,
            None => Ok(Found::Nothing),
        }
    };
    // In one packet, the lock first: it orders all requests that could be for the same key, since a key counts for one
    // cart, and what stands behind it sees what whoever held it before has committed. Orders are counted under the plan's,
    // before the stock is locked: who writes products holds that first as well.
    let (cart, mut room, found, attempt, shelf, options) = try_join!(
        async { Ok::<_, Fault>(cart::store::lock(tx, &wish.cart, now).await?) },
        async { plan::service::hold_in_tx(&mut on_plan, Resource::OrdersPerMonth, now) },
        async { Ok::<_, Fault>(find_key.await?) },
        async { Ok::<_, Fault>(store::open_attempt(&mut on_attempt, wish.cart.id).await?) },
        async { Ok::<_, Fault>(store::shelf(&mut on_shelf, wish.cart.id).await?) },
        async { Ok::<_, Fault>(options_for_cart(&mut on_options, wish.cart.id).await?) },
    )?;
    let Some(cart) = cart else { return refuse(CheckoutRule::CartNotFound) };
    match found {
        Found::Outcome(outcome) => return Ok(Begun::Replay(outcome)),
        Found::OtherInput => return Ok(Begun::OtherInput),
        Found::Nothing => {}
    }
    if cart.completed_at.is_some() {
        return refuse(CheckoutRule::AlreadyCompleted);
    }
    if let Some(attempt) = attempt {
        return meet(&attempt, wish.key.as_ref());
    }
    let order_id = till.entropy.uuid_v7(now);
    let plan = room.plan().await?;
    let (fee, is_unpaid) = (plan.terms.fee, plan.is_unpaid);
    let terms = Terms {
        order_id,
        token_hash: OrderToken::of(&wish.cart, order_id).hash(),
        gateway: wish.gateway.clone(),
        actor: wish.actor.clone(),
        currency: wish.currency,
        fee,
        default_location_id: default_location(tx, &cart, &shelf).await?,
    };
    let draft = model::draft(&cart, &shelf, &options, terms).map_err(ServiceError::Rule)?;
    // Compared with what is charged, and under the cart's lock: any earlier look could be overtaken by a new price.
    if wish.expected_total.is_some_and(|expected| expected != draft.total_minor) {
        return refuse(CheckoutRule::TotalChanged);
    }
    if is_unpaid {
        tracing::info!("a checkout was refused: the shop's plan is not paid for");
        return refuse(CheckoutRule::PlanLimitReached);
    }
    // Who is refused gives back the stock that was taken meanwhile.
    try_join!(
        async { room.check::<Vec<CheckoutRule>>(on_plan.conn()).await.inspect_err(note_full) },
        take_stock(tx, till, &draft, known(&cart, &shelf)),
    )?;
    if pays_later {
        settle_in_tx(tx, till, &draft, false, wish.key.as_ref()).await?;
        return Ok(Begun::Done(order_id));
    }
    let id = till.entropy.uuid_v7(now);
    store::insert_attempt(tx, id, &draft, wish.key.as_ref(), now, now + RESERVED).await?;
    ring_in_tx(tx, Work::Payments, now + RESERVED)?;
    Ok(Begun::Charge(Reserved { id, amount_minor: draft.total_minor }))
}

/// The shop's plan is the shop's affair: shoppers are not told of it, and so the log is.
fn note_full(error: &ServiceError<Vec<CheckoutRule>>) {
    if let ServiceError::Rule(_) = error {
        tracing::info!("a checkout was refused: the shop's plan has no room for another order this month");
    }
}

/// What to do about a payment that is on its way already.
fn meet(attempt: &Attempt, key: Option<&Key>) -> BegunResult {
    match (&attempt.key, key) {
        (Some(begun), Some(key)) if begun.scope == key.scope => {}
        _ => return refuse(CheckoutRule::PaymentInProgress),
    }
    if attempt.key.as_ref().map(|begun| begun.input) != key.map(|key| key.input) {
        return Ok(Begun::OtherInput);
    }
    match attempt.status {
        AttemptStatus::Open => Ok(Begun::Busy),
        _ => refuse(CheckoutRule::PaymentPending),
    }
}

/// Where stock goes below zero when it lies nowhere: asked only when a variant needs it.
async fn default_location(
    tx: &mut TenantTx<'_>,
    cart: &cart::model::Cart,
    shelf: &model::Shelf,
) -> Result<Uuid, Fault> {
    let lies_nowhere = |line: &cart::model::Line| {
        let merchandise = &line.merchandise;
        merchandise.tracked && merchandise.may_oversell && !shelf.levels.contains_key(&merchandise.variant_id)
    };
    if !cart.lines.iter().any(|line| lies_nowhere(line)) {
        return Ok(Uuid::nil());
    }
    let shop = shop::store::shop(tx.conn()).await?;
    shop.map(|shop| shop.default_location_id).ok_or_else(|| Fault::internal("the tenant has no shop"))
}

/// What cart and shelf have just said of what the cart's stock is taken from.
fn known(cart: &cart::model::Cart, shelf: &model::Shelf) -> Known {
    let stocked = |line: &cart::model::Line| {
        let merchandise = &line.merchandise;
        (merchandise.variant_id, Stocked { tracked: merchandise.tracked, may_oversell: merchandise.may_oversell })
    };
    let places = shelf.levels.iter().flat_map(|(id, levels)| levels.iter().map(|level| (*id, level.location_id)));
    Known { stocked: cart.lines.iter().map(|line| stocked(line)).collect(), places: places.collect() }
}

async fn take_stock(
    tx: &mut TenantTx<'_>,
    till: &Till,
    draft: &OrderDraft,
    known: Known,
) -> ServiceResult<(), Vec<CheckoutRule>> {
    let reference = order_uri(draft.order_id);
    let (now, actor, reason) = (till.clock.now(), draft.actor.as_str(), "reservation");
    let ledger = Ledger { now, actor, reason, reference: Some(&reference) };
    let changes = draft.stock_changes(-1);
    let taken = adjust_known_in_tx(tx, &till.entropy, &ledger, &changes, known);
    taken.await.map_err(|error| match error {
        ServiceError::Rule(rule) => match refusal(&rule, draft) {
            Some(refusal) => ServiceError::Rule(vec![refusal]),
            None => ServiceError::Fault(Fault::internal(format!("taking stock: {rule}"))),
        },
        // Deleted after its stock had been looked up.
        ServiceError::Fault(Fault::Database(cause)) if constraint(&cause) == Some(LEVEL_HAS_VARIANT) => {
            ServiceError::Rule(vec![CheckoutRule::MerchandiseGone])
        }
        ServiceError::Fault(fault) => ServiceError::Fault(fault),
    })
}

/// The constraint that a level's variant is there.
const LEVEL_HAS_VARIANT: &str = "inventory_levels_tenant_id_variant_id_fkey";

/// What the ledger names as the cause of a change.
pub fn order_uri(order_id: Uuid) -> String {
    crate::ids::GidNamespace::Emporia.encode("Order", order_id)
}

/// The stock's refusal in the checkout's words. Somebody else was faster than the shelf could tell.
fn refusal(rule: &InventoryRule, draft: &OrderDraft) -> Option<CheckoutRule> {
    let title = |variant_id| {
        let line = draft.lines.iter().find(|line| line.variant_id == variant_id);
        line.map(|line| line.title.clone()).unwrap_or_default()
    };
    match rule {
        InventoryRule::NotEnough { variant_id, available } => Some(CheckoutRule::NotEnoughStock {
            variant_id: *variant_id,
            title: title(*variant_id),
            available: i64::from(*available),
        }),
        InventoryRule::UnknownVariant { .. } => Some(CheckoutRule::MerchandiseGone),
        _ => None,
    }
}
