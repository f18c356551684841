//! Has a tenant's subscription and invoices be as Stripe says they are now.

use chrono::{DateTime, Utc};

use super::asked::{ask, bill_of, unknown_price};
use super::customer;
use super::letters::tell_in_tx;
use crate::app::App;
use crate::billing::job::{Cause, FeesInvoice, Sync};
use crate::billing::model::{NewInvoice, Said, SaidStanding, superfluous};
use crate::billing::store;
use crate::billing::stripe::{NotAsked, Stripe};
use crate::db::{QueryResult, TenantDb, TenantTx};
use crate::error::Fault;
use crate::ids::TenantId;
use crate::job::{Failure, NewJob, NewSchedule, Run, enqueue_in_tx, schedule_in_tx};
use crate::outside::NotDone;
use crate::plan::model::{Due, Status};
use crate::plan::service::{Followed, bill_follow_in_tx, bill_turn, plan_after_the_end};

/// How often it is begun anew because somebody else was faster.
const ROUNDS: usize = 5;

/// Why it is not as Stripe says.
#[derive(Debug, thiserror::Error)]
pub enum NotSynced {
    /// Its payments and its period are as Stripe says; its plan is the one that it was.
    #[error(
        "the subscription's price {0} at Stripe is of no plan: give it the metadata emporia_plan, or another price"
    )]
    UnknownPrice(String),
    #[error("{0}")]
    Stripe(#[from] NotAsked),
    #[error("others compare it with Stripe all the time")]
    Crowded,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Queues the comparison of a tenant's subscription with Stripe, in the transaction that wishes for it.
pub async fn sync_in_tx(tx: &mut TenantTx<'_>, app: &App, cause: Cause) -> QueryResult<()> {
    sync_at_in_tx(tx, app, cause, app.clock.now()).await
}

async fn sync_at_in_tx(tx: &mut TenantTx<'_>, app: &App, cause: Cause, run_at: DateTime<Utc>) -> QueryResult<()> {
    let job = NewJob { job: Sync { cause }, run_at, unique_key: Some(cause.key().to_owned()) };
    enqueue_in_tx(tx, app.clock.now(), &app.entropy, &job).await.map(drop)
}

/// Has a tenant's subscription be compared with Stripe every night from now on, whatever Stripe tells: between one and six by
/// the clock of the shop, each at a minute of its own. And its fees be charged, in such a night of every month.
pub(super) async fn watch_in_tx(tx: &mut TenantTx<'_>, app: &App) -> QueryResult<()> {
    let minute_of_night = tx.tenant().as_u128() % (5 * 60);
    let cron = format!("{} {} * * *", minute_of_night % 60, 1 + minute_of_night / 60);
    let nightly = NewSchedule { name: "stripe_check", cron: &cron, job: Sync { cause: Cause::Check } };
    schedule_in_tx(tx, app.clock.now(), &app.entropy, &nightly).await?;
    // The month, which is one of UTC, is over by then wherever the shop is, and its last events are published.
    let cron = format!("{} {} 2 * *", minute_of_night % 60, 1 + minute_of_night / 60);
    let monthly = NewSchedule { name: "fees_invoice", cron: &cron, job: FeesInvoice {} };
    schedule_in_tx(tx, app.clock.now(), &app.entropy, &monthly).await
}

/// What the job does.
pub async fn sync_by_job(run: &Run, cause: Cause) -> Result<(), Failure> {
    let tenant = run.db.tenant();
    let done = sync(&run.app, &run.db).await;
    let outcome = match &done {
        Ok(true) if cause == Cause::Check => "drift",
        Ok(true) => "changed",
        Ok(false) => "same",
        Err(NotSynced::UnknownPrice(_)) => "unknown_price",
        Err(NotSynced::Stripe(NotDone::Refused(_))) => "refused",
        Err(NotSynced::Stripe(_)) => "away",
        Err(NotSynced::Crowded | NotSynced::Fault(_)) => "failed",
    };
    run.app.metrics.stripe_sync(outcome);
    if outcome == "drift" {
        tracing::warn!(%tenant, "a subscription was another way than at Stripe: what it told has not arrived");
    }
    match done {
        Ok(_) => Ok(()),
        Err(NotSynced::Fault(fault)) => Err(fault.into()),
        Err(error @ NotSynced::UnknownPrice(_)) => {
            tracing::error!(%error, %tenant, "a subscription is paid for, and nobody knows what it is for");
            Err(Failure::Never(error.to_string()))
        }
        Err(NotSynced::Stripe(NotDone::Refused(said))) => {
            tracing::error!(error = %said, %tenant, "Stripe does not say how a subscription stands");
            Err(Failure::Again("Stripe does not say how the subscription stands".to_owned()))
        }
        Err(error) => Err(Failure::Again(error.to_string())),
    }
}

/// Asks Stripe and has the tenant's subscription and invoices be so; answers whether the subscription was another way. A
/// tenant that has never paid has nothing to be asked for.
pub async fn sync(app: &App, db: &TenantDb) -> Result<bool, NotSynced> {
    let Some(stripe) = &app.stripe else { return Ok(false) };
    let free = plan_after_the_end(app).await?;
    for _ in 0..ROUNDS {
        let turn = db.read(async |conn| Ok::<_, Fault>(bill_turn(conn).await?)).await?;
        // After the turn: one that has taken another's place since is asked about by whoever comes later.
        let Some(customer) = customer::found(app, db.tenant()).await? else { return Ok(false) };
        let asked = ask(stripe, &customer).await?;
        let bill = bill_of(app, &asked).await?;
        let followed = db.write(async |tx| {
            let followed = bill_follow_in_tx(tx, app, turn, bill.as_ref(), &free).await?;
            if let Some(followed) = &followed {
                invoices_put_in_tx(tx, app, &asked.invoices).await?;
                follow_up_in_tx(tx, app, followed).await?;
                watch_in_tx(tx, app).await?;
            }
            Ok::<_, Fault>(followed)
        });
        if let Some(followed) = Box::pin(followed).await? {
            end_superfluous(app, stripe, &asked.said, db.tenant()).await?;
            return unknown_price(&asked, bill.as_ref()).map_or(Ok(followed.is_changed()), Err);
        }
    }
    Err(NotSynced::Crowded)
}

/// Ends what is paid for a second time, if it was made on a page of ours: two may have been paid on at once, by an older
/// version or by Stripe's word coming late. What is paid of it and not used is the customer's credit. What people have made
/// at Stripe, people end.
async fn end_superfluous(app: &App, stripe: &Stripe, said: &[Said], tenant: TenantId) -> Result<(), NotAsked> {
    let Some(one) = superfluous(said).next() else { return Ok(()) };
    // Nothing brings back what is ended: as it is now, and not as it was before anything was written.
    let said = stripe.subscriptions_of(&one.customer).await?;
    for one in superfluous(&said) {
        app.metrics.stripe_sync("twice");
        if !one.is_from_page {
            tracing::error!(subscription = one.id, %tenant, "a tenant pays for two subscriptions at Stripe: one was made by hand");
            continue;
        }
        tracing::error!(subscription = one.id, %tenant, "a tenant pays for two subscriptions at Stripe: this one is ended");
        // What is owed is not paid back.
        let is_paid = one.standing == SaidStanding::Live(Due::Paid);
        stripe.subscription_end(&one.id, is_paid).await?;
    }
    Ok(())
}

/// Keeps invoices as Stripe says they are.
pub async fn invoices_put_in_tx(tx: &mut TenantTx<'_>, app: &App, invoices: &[NewInvoice]) -> Result<(), Fault> {
    let now = app.clock.now();
    let ids: Vec<&str> = invoices.iter().map(|invoice| invoice.stripe_invoice_id.as_str()).collect();
    let known = store::by_stripe_id(tx.conn(), &ids).await?;
    // The oldest first: of one second, the ids are in that order too.
    for invoice in invoices.iter().rev().filter(|invoice| !known.iter().any(|known| known.said == **invoice)) {
        store::put(tx, app.entropy.uuid_v7(invoice.created_at), invoice, now).await?;
    }
    Ok(())
}

/// The mail that a change is worth, and the comparison at the end of the time for which a payment may be missing.
async fn follow_up_in_tx(tx: &mut TenantTx<'_>, app: &App, followed: &Followed) -> Result<(), Fault> {
    let Followed { before, after } = followed;
    if let Some(heading) = after.news_since(before) {
        // What has ended has left its plan.
        let plan = if after.is_billed() { &after.plan } else { &before.plan };
        tell_in_tx(tx, app, heading, &plan.name).await?;
    }
    if let (Status::PastDue, Some(ends_at)) = (after.status, after.grace_ends_at) {
        sync_at_in_tx(tx, app, Cause::GraceEnd, ends_at).await?;
    }
    Ok(())
}
