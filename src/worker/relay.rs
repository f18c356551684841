//! Publishing: appended events get their positions, subscribers are told, deliveries are queued.

use crate::app::App;
use crate::cache::Notice;
use crate::error::Fault;
use crate::events::model::KEPT;
use crate::events::store;
use crate::ids::TenantId;
use crate::webhook;

/// Events published in one transaction.
const BATCH: i64 = 200;

/// Publishes everything the tenant has appended.
///
/// The notice follows the commit. When it cannot be sent the job fails and comes again, and then tells the last
/// position even though nothing is left to publish: a crash between commit and notice delays, it loses nothing.
pub async fn relay(app: &App, tenant: TenantId) -> Result<(), Fault> {
    loop {
        let (position, is_last) = publish_batch(app, tenant).await?;
        if position > 0 {
            app.shared.publish(&Notice::EventsPublished { tenant, position }).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Answers the position reached, and whether that was all.
async fn publish_batch(app: &App, tenant: TenantId) -> Result<(i64, bool), Fault> {
    let now = app.clock.now();
    app.db
        .tenant(tenant)
        .write(async |tx| {
            let last = store::position_lock(tx).await?;
            // Selected after the lock was got, in a new statement: sees what the previous holder published.
            let events = store::unpublished(tx.conn(), BATCH).await?;
            if events.is_empty() {
                return Ok((last, true));
            }
            let ids: Vec<_> = events.iter().map(|event| event.id).collect();
            let reached = store::publish(tx, last, &ids, now).await?;
            webhook::service::queue_in_tx(tx, now, &app.entropy, &events).await?;
            store::forget(tx, now - KEPT, BATCH).await?;
            Ok::<_, Fault>((reached, i64::try_from(events.len()).is_ok_and(|len| len < BATCH)))
        })
        .await
}
