//! What is done with plans: asked for room by whoever makes something, chosen by merchants, made and activated by
//! operators, followed up by jobs.

mod begin;
mod bill;
mod change;
mod limit;
mod operator;
mod spread;
mod trial;
mod usage;

pub use begin::subscription_begin_in_tx;
pub use bill::{
    Followed, bill_differs, bill_follow_in_tx, bill_turn, checkout_begin_in_tx, checkout_is_last, plan_after_the_end,
};
pub use change::{Choice, Preview, Quote, current, plan_change, plan_change_preview, plan_quote};
pub use limit::{Left, Room, feature, hold_in_tx};
pub use operator::{Activation, PlanDraft, overrides_set, plan_activate, plan_create, plan_update};
pub use spread::{plan_apply, plan_publish, plan_spread, plans_spread};
pub use trial::{trial_end, trial_warn};
pub use usage::{orders_of, used, used_of_all};

use uuid::Uuid;

use super::job::Publish;
use super::model::{Plan, Subscription};
use super::store;
use crate::app::App;
use crate::db::{Db, QueryResult, TenantTx};
use crate::error::Fault;
use crate::identity::service::owners;
use crate::job::{NewJob, enqueue_in_tx};
use crate::mail::letter::{Letter, Reader, Way, Writer};
use crate::mail::post_in_tx;
use crate::shop;

/// Those of these plans that there are, in one look.
pub async fn plans_by_ids(db: &Db, ids: &[Uuid]) -> Result<Vec<Plan>, Fault> {
    db.platform().run(async |conn| Ok(store::by_ids(conn, ids).await?)).await
}

/// All plans, in the order of their making.
pub async fn plans(db: &Db) -> Result<Vec<Plan>, Fault> {
    db.platform().run(async |conn| Ok(store::list(conn).await?)).await
}

pub async fn plan_by_id(db: &Db, id: Uuid) -> Result<Option<Plan>, Fault> {
    db.platform().run(async |conn| Ok(store::by_id(conn, id).await?)).await
}

pub async fn plan_by_handle(db: &Db, handle: &str) -> Result<Option<Plan>, Fault> {
    db.platform().run(async |conn| Ok(store::by_handle(conn, handle).await?)).await
}

/// The subscription, which nobody else looks at or changes before the transaction ends, nor makes anything that a plan may
/// limit: those who are at it are waited for.
async fn alone_in_tx(tx: &mut TenantTx<'_>) -> Result<Subscription, Fault> {
    store::enter_alone(tx)?;
    store::lock(tx).await?.ok_or_else(limit::missing)
}

/// Has the subscription be as it was changed, and what others know of it follow.
async fn put_in_tx(tx: &mut TenantTx<'_>, app: &App, mut changed: Subscription) -> QueryResult<Subscription> {
    let now = app.clock.now();
    changed.revision += 1;
    store::put(tx, &changed, now).await?;
    let publish = NewJob { job: Publish {}, run_at: now, unique_key: Some("subscription".to_owned()) };
    enqueue_in_tx(tx, now, &app.entropy, &publish).await?;
    Ok(changed)
}

/// Writes to the tenant's owners, in the transaction of what it is about.
pub async fn tell_owners_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    letter: Letter,
    way: &Way,
    values: &[(&str, &str)],
) -> Result<(), Fault> {
    let Some(shop) = shop::store::shop(tx.conn()).await? else { return Ok(()) };
    for owner in owners(tx.conn()).await? {
        let to = Reader { address: &owner.email, name: Some(&owner.name) };
        post_in_tx(tx, app, letter.write(Writer::from(&shop), to, way, values)).await?;
    }
    Ok(())
}
