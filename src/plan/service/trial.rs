//! The end of a trial, and the word before it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{alone_in_tx, plan_by_handle, plan_by_id, put_in_tx, tell_owners_in_tx};
use crate::clock::Entropy;
use crate::db::{QueryResult, TenantTx};
use crate::error::Fault;
use crate::job::{Failure, NewJob, Run, enqueue_in_tx};
use crate::mail::letter::{Letter, Way};
use crate::plan::job::{TrialEnd, TrialWarn};
use crate::plan::model::{FREE, Plan, PlanCopy, Status, Subscription};
use crate::plan::store;
use crate::shop::service::time_zone;

/// How long before its end the word is: as Stripe has it.
const WARNING: TimeDelta = TimeDelta::days(3);

/// Lets a plan be tried that the subscription has just been put on, and queues the end of that.
pub(super) async fn try_in_tx(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    subscription: &mut Subscription,
    (days, now): (i16, DateTime<Utc>),
) -> QueryResult<()> {
    subscription.try_for(days, now);
    queue_end_in_tx(tx, entropy, subscription, now).await
}

/// Queues the end of a trial, where there is one, and the word before it, where there is time for one.
pub(super) async fn queue_end_in_tx(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    subscription: &Subscription,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let Some(ends_at) = subscription.trial_ends_at else { return Ok(()) };
    let warn_at = ends_at - WARNING;
    if warn_at > now {
        let warn = NewJob { job: TrialWarn { ends_at }, run_at: warn_at, unique_key: None };
        enqueue_in_tx(tx, now, entropy, &warn).await?;
    }
    enqueue_in_tx(tx, now, entropy, &NewJob { job: TrialEnd {}, run_at: ends_at, unique_key: None }).await.map(drop)
}

/// Mails the tenant's owners that the trial which ends then is about to.
pub async fn trial_warn(run: &Run, ends_at: DateTime<Utc>) -> Result<(), Failure> {
    let present = run.db.read(async |conn| Ok::<_, Fault>(store::find(conn).await?)).await?;
    // Of one that Stripe bills, Stripe says what follows.
    let is_due =
        |one: &Subscription| one.trial_ends_at == Some(ends_at) && ends_at > run.app.clock.now() && !one.is_billed();
    let Some(tried) = present.filter(is_due).map(|one| one.plan) else { return Ok(()) };
    let next = follower(run, &tried).await?;
    let warn = async |tx: &mut TenantTx<'_>| {
        let day = ends_at.with_timezone(&time_zone(tx.conn()).await?).format("%Y-%m-%d").to_string();
        let values = [("tried", tried.name.as_str()), ("plan", next.name.as_str()), ("day", day.as_str())];
        tell_owners_in_tx(tx, &run.app, Letter::TrialEnding, &Way::None, &values).await?;
        run.end_in_tx(tx).await
    };
    run.db.write(warn).await
}

/// Ends the tenant's trial if its time has come: it goes to the plan that follows, whatever there is too much of then, and
/// its owners are mailed. What the merchant has chosen meanwhile waits on.
pub async fn trial_end(run: &Run) -> Result<(), Failure> {
    let present = run.db.read(async |conn| Ok::<_, Fault>(store::find(conn).await?)).await?;
    let Some(tried) = present.filter(|one| is_over(one, run)).map(|one| one.plan) else { return Ok(()) };
    let next = follower(run, &tried).await?;
    let now = run.app.clock.now();
    let end = async |tx: &mut TenantTx<'_>| {
        let mut subscription = alone_in_tx(tx).await?;
        // Somebody may have activated something since.
        if is_over(&subscription, run) && subscription.plan.id == tried.id {
            let pending = subscription.pending.take();
            subscription.move_to(&next, None, now);
            subscription.pending = pending;
            put_in_tx(tx, &run.app, subscription).await?;
            let values = [("tried", tried.name.as_str()), ("plan", next.name.as_str())];
            tell_owners_in_tx(tx, &run.app, Letter::TrialEnded, &Way::None, &values).await?;
        }
        run.end_in_tx(tx).await
    };
    run.db.write(end).await
}

fn is_over(subscription: &Subscription, run: &Run) -> bool {
    let now = run.app.clock.now();
    // Of one that Stripe bills, Stripe says what follows.
    let is_ours = subscription.status == Status::Trialing && !subscription.is_billed();
    is_ours && subscription.trial_ends_at.is_some_and(|end| end <= now)
}

/// The plan that follows the one that was tried.
async fn follower(run: &Run, tried: &PlanCopy) -> Result<Plan, Fault> {
    let db = &run.app.db;
    let named = plan_by_id(db, tried.id).await?.and_then(|plan| plan.follower_id);
    let next = match named {
        Some(id) => plan_by_id(db, id).await?,
        None => plan_by_handle(db, FREE).await?,
    };
    next.ok_or_else(|| Fault::internal(format!("nothing follows the trial of {}", tried.handle)))
}
