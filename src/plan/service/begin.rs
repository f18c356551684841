//! What a new tenant begins with.

use super::trial::queue_end_in_tx;
use crate::app::App;
use crate::db::{PlatformConn, TenantTx};
use crate::error::Fault;
use crate::ids::TenantId;
use crate::plan::model::Subscription;
use crate::plan::store;
use crate::tenant::model::TenantPlan;
use crate::tenant::service::tenant_plan_note_in_tx;

/// Puts a new tenant on a plan, whatever that costs; on the usual one where none is named. False: there is no such plan.
/// It inserts and reads nothing of the tenant's back.
pub async fn subscription_begin_in_tx(
    conn: &mut PlatformConn<'_>,
    tx: &mut TenantTx<'_>,
    app: &App,
    handle: Option<&str>,
) -> Result<bool, Fault> {
    let usual = app.config.plans.usual.as_str();
    let plan = match store::by_handle(conn, handle.unwrap_or(usual)).await? {
        Some(plan) => plan,
        None if handle.is_some() => return Ok(false),
        None => return Err(Fault::internal(format!("DEFAULT_PLAN is {usual}, and there is no such plan"))),
    };
    let now = app.clock.now();
    let begun = Subscription::begun(&plan, now);
    store::insert_begun(tx, &begun, now).await?;
    queue_end_in_tx(tx, &app.entropy, &begun, now).await?;
    tenant_plan_note_in_tx(conn, TenantId(tx.tenant()), &noted(&begun)).await?;
    Ok(true)
}

/// What others are to know of a subscription.
pub(super) fn noted(subscription: &Subscription) -> TenantPlan {
    TenantPlan {
        plan_id: subscription.plan.id,
        pending_plan_id: subscription.pending.as_ref().map(|pending| pending.plan_id),
        version: subscription.plan.version,
        revision: subscription.revision,
        job_weight: subscription.terms.job_weight,
        api_points_per_second: subscription.terms.api_points_per_second,
    }
}
