//! Publishing: appended events get their positions, subscribers are told, deliveries are queued, what it
//! costs is posted.

use futures_util::try_join;

use super::Outcome;
use crate::app::App;
use crate::cache::Notice;
use crate::error::Fault;
use crate::events::{Work, ring_now_in_tx, store};
use crate::ids::TenantId;
use crate::{ledger, webhook};

/// Events published in one transaction, and transactions of one job.
const BATCH: i64 = 200;
const BATCHES: usize = 5;

/// Publishes what the tenant has appended: a thousand events, and rings for the rest, so that tenants take turns.
///
/// Where somebody else publishes for the tenant at the moment, nothing is waited for. The notice follows the commit.
/// When it cannot be sent the job fails and comes again, and then tells the last position even though nothing is left
/// to publish: a crash between commit and notice delays, it loses nothing.
pub async fn relay(app: &App, tenant: TenantId) -> Result<Outcome, Fault> {
    for batch in 1..=BATCHES {
        let Some((position, is_last)) = publish_batch(app, tenant, batch == BATCHES).await? else {
            return Ok(Outcome::Busy);
        };
        if position > 0 {
            app.shared.publish(&Notice::EventsPublished { tenant, position }).await?;
        }
        if is_last {
            break;
        }
    }
    Ok(Outcome::Done)
}

/// Answers the position reached, and whether that was all; none when somebody else is at it. What is not done in the
/// job's last batch is rung for.
async fn publish_batch(app: &App, tenant: TenantId, is_jobs_last: bool) -> Result<Option<(i64, bool)>, Fault> {
    let now = app.clock.now();
    app.db
        .tenant(tenant)
        .write(async |tx| {
            // In one packet and in this order. What is selected behind the lock sees what its previous holder published;
            // a tenant's first lock is got by whoever makes it, before whom nobody can have published.
            let mut behind = tx.conn().clone();
            let (last, events) = try_join!(store::position_lock(tx), store::unpublished(&mut behind, BATCH))?;
            let Some(last) = last else { return Ok(None) };
            if events.is_empty() {
                return Ok(Some((last, true)));
            }
            let ids: Vec<_> = events.iter().map(|event| event.id).collect();
            let reached = store::publish(tx, last, &ids, now)?;
            ledger::service::post_in_tx(tx, app, &events, now).await?;
            webhook::service::queue_in_tx(tx, now, &app.entropy, &events).await?;
            let oldest = events.iter().map(|event| event.occurred_at).min().unwrap_or(now);
            app.metrics.published(events.len(), (now - oldest).to_std().unwrap_or_default());
            let is_last = i64::try_from(events.len()).is_ok_and(|len| len < BATCH);
            if is_jobs_last && !is_last {
                ring_now_in_tx(tx, Work::Events, now)?;
            }
            Ok::<_, Fault>(Some((reached, is_last)))
        })
        .await
}
