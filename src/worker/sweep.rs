//! The regular round through all tenants: what has been kept for long enough goes (`RetentionConfig`).
//!
//! In bounded batches, each a transaction, along an index: nobody waits for a sweep, and one that is broken off has
//! lost nothing. What somebody still waits for is left out by the statements themselves: an event that is not
//! published, a delivery that is to be sent, a cart that is being paid for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::db::{TenantDb, idempotency};
use crate::error::Fault;
use crate::ids::TenantId;
use crate::tenant::service::tenant_list;
use crate::webhook::service::forget_in_tx;
use crate::{billing, cart, customer, events, identity, job, plan};

/// Between two rounds. Every worker makes them; two at once do no harm.
const EVERY: Duration = Duration::from_secs(3600);
/// Tenants read, and rows deleted in one transaction, at a time.
const TENANTS: u16 = 250;
const ROWS: i64 = 1_000;

/// Sweeps now and then until the token is cancelled.
pub(super) async fn attend(app: App, shutdown: CancellationToken) {
    loop {
        let round = async {
            if let Err(fault) = sweep(&app).await {
                tracing::error!(%fault, "a sweep was broken off; the next one goes on");
            }
            tokio::time::sleep(EVERY).await;
        };
        if shutdown.run_until_cancelled(round).await.is_none() {
            return;
        }
    }
}

/// One round: of each tenant what has been kept for long enough.
pub async fn sweep(app: &App) -> Result<(), Fault> {
    if let Err(fault) = plan::service::plans_spread(app).await {
        tracing::error!(%fault, "changes of plans have not reached all tenants; the next sweep goes on");
    }
    let cutoff = app.clock.now() - app.config.retention.stripe_events;
    if let Err(fault) = billing::service::events_forget(app, cutoff).await {
        tracing::error!(%fault, "old events of Stripe's are kept until the next sweep");
    }
    let mut after = None;
    loop {
        let tenants = tenant_list(&app.db, after, TENANTS).await?;
        let Some(last) = tenants.last() else { return Ok(()) };
        after = Some(last.id.0);
        for tenant in &tenants {
            sweep_tenant(app, tenant.id).await;
        }
    }
}

/// What is kept for a while.
#[derive(Clone, Copy, Debug)]
enum Kind {
    IdempotencyKeys,
    Events,
    Deliveries,
    Jobs,
    Carts,
    /// Sessions and tokens of staff.
    Staff,
    CustomerTokens,
}

/// One tenant's trouble is not the next one's, nor one kind's that of another.
async fn sweep_tenant(app: &App, tenant: TenantId) {
    let (db, now, kept) = (app.db.tenant(tenant), app.clock.now(), &app.config.retention);
    for (kind, until) in [
        // They say by themselves when they expire.
        (Kind::IdempotencyKeys, now),
        (Kind::Staff, now),
        (Kind::Events, now - kept.events),
        (Kind::Deliveries, now - kept.deliveries),
        (Kind::Jobs, now - kept.jobs),
        (Kind::Carts, now - kept.carts),
        (Kind::CustomerTokens, now),
    ] {
        if let Err(fault) = sweep_kind(&db, kind, until).await {
            tracing::error!(%fault, %tenant, ?kind, "a tenant was not swept");
        }
    }
    if let Err(fault) = job::schedule::take_up(app, &db).await {
        tracing::error!(%fault, %tenant, "schedules wait on for the next sweep");
    }
}

/// Deletes a few in each transaction, as long as there may be more.
async fn sweep_kind(db: &TenantDb, kind: Kind, until: DateTime<Utc>) -> Result<(), Fault> {
    match kind {
        Kind::IdempotencyKeys => {
            while db.write(async |tx| Ok::<_, Fault>(idempotency::purge(tx, until, ROWS).await?)).await? {}
        }
        Kind::Events => {
            while db.write(async |tx| Ok::<_, Fault>(events::store::forget(tx, until, ROWS).await?)).await? {}
        }
        Kind::Deliveries => while db.write(async |tx| Ok::<_, Fault>(forget_in_tx(tx, until, ROWS).await?)).await? {},
        Kind::Jobs => {
            while db.write(async |tx| Ok::<_, Fault>(job::service::forget_in_tx(tx, until, ROWS).await?)).await? {}
        }
        Kind::CustomerTokens => {
            while db.write(async |tx| Ok::<_, Fault>(customer::service::forget_in_tx(tx, until, ROWS).await?)).await? {}
        }
        Kind::Carts => cart::service::forget(db, until, ROWS).await?,
        Kind::Staff => identity::service::forget(db, until, ROWS).await?,
    }
    Ok(())
}
