//! The regular round through all tenants: what has expired goes.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::db::idempotency;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::tenant::service::tenant_list;

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

/// One round: each tenant's expired idempotency keys, in bounded batches.
pub async fn sweep(app: &App) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let tenants = tenant_list(&app.db, after, TENANTS).await?;
        let Some(last) = tenants.last() else { return Ok(()) };
        after = Some(last.id.0);
        for tenant in &tenants {
            // One tenant's trouble is not the next one's.
            if let Err(fault) = sweep_tenant(app, tenant.id).await {
                tracing::error!(%fault, tenant = %tenant.id, "a tenant was not swept");
            }
        }
    }
}

async fn sweep_tenant(app: &App, tenant: TenantId) -> Result<(), Fault> {
    let (db, now) = (app.db.tenant(tenant), app.clock.now());
    loop {
        let purged = db.write(async |tx| Ok::<_, Fault>(idempotency::purge(tx, now, ROWS).await?)).await?;
        if i64::try_from(purged).is_ok_and(|purged| purged < ROWS) {
            return Ok(());
        }
    }
}
