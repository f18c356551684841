//! What follows a change, at the edge of one tenant and on all tenants of a plan: tenant by tenant, by jobs.

use super::begin::noted;
use super::{alone_in_tx, plan_by_id, plans, put_in_tx};
use crate::app::App;
use crate::db::{TenantDb, TenantTx};
use crate::error::Fault;
use crate::ids::TenantId;
use crate::job::{Failure, NewJob, Run, enqueue_in_tx};
use crate::plan::job::Apply;
use crate::plan::model::{Plan, PlanCopy};
use crate::plan::store;
use crate::tenant::service::{tenant_plan_publish, tenants_on_older_plan};
use uuid::Uuid;

/// Tenants that are read at once.
const TENANTS: u16 = 250;

/// Tells everybody else what the tenant's plan comes to: the edge, the worker, operators. Said twice, it is the same; what
/// is older never takes the place of what is newer.
pub async fn plan_publish(run: &Run) -> Result<(), Failure> {
    Ok(publish(&run.app, &run.db).await?)
}

/// The same for who does not want to wait for the job, which does it again.
pub(super) async fn publish_now(app: &App, db: &TenantDb) {
    if let Err(fault) = publish(app, db).await {
        tracing::warn!(%fault, tenant = %db.tenant(), "a tenant's plan is not published yet: its job will");
    }
}

async fn publish(app: &App, db: &TenantDb) -> Result<(), Fault> {
    let tenant = db.tenant();
    let present = db.read(async |conn| Ok::<_, Fault>(store::find(conn).await?)).await?;
    let present = present.ok_or_else(super::limit::missing)?;
    tenant_plan_publish(&app.db, &app.resolver, tenant, &noted(&present)).await?;
    // Whoever changed the plan may have looked for its tenants before this one was there.
    if let Some(plan) = plan_by_id(&app.db, present.plan.id).await?
        && plan.version > present.plan.version
    {
        queue(app, tenant, plan.id).await?;
    }
    Ok(())
}

/// Has the tenant's copy of its plan be as the plan is, unless it has another by now. What it has too much of then, it keeps.
pub async fn plan_apply(run: &Run, id: Uuid) -> Result<(), Failure> {
    let Some(plan) = plan_by_id(&run.app.db, id).await? else { return Ok(()) };
    let apply = async |tx: &mut TenantTx<'_>| {
        let mut subscription = alone_in_tx(tx).await?;
        if subscription.plan.id == plan.id && subscription.plan.version < plan.version {
            subscription.plan = PlanCopy::from(&plan);
            subscription.terms = plan.terms.with(&subscription.overrides);
            put_in_tx(tx, &run.app, subscription).await?;
        }
        run.end_in_tx(tx).await
    };
    run.db.write(apply).await
}

/// Queues [`plan_apply`] for every tenant that has an older version of the plan. Broken off, it is begun again by the next
/// sweep: what is left to do can be read off the tenants.
pub async fn plan_spread(app: &App, plan: &Plan) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let tenants = tenants_on_older_plan(&app.db, (plan.id, plan.version), after, TENANTS).await?;
        let Some(last) = tenants.last() else { return Ok(()) };
        after = Some(last.0);
        for tenant in &tenants {
            // One tenant's trouble is not the next one's.
            if let Err(fault) = queue(app, *tenant, plan.id).await {
                tracing::error!(%fault, %tenant, plan = plan.handle, "a tenant has its plan as it was; the sweep tries again");
            }
        }
    }
}

/// The same for all plans: for the sweep.
pub async fn plans_spread(app: &App) -> Result<(), Fault> {
    for plan in plans(&app.db).await? {
        plan_spread(app, &plan).await?;
    }
    Ok(())
}

async fn queue(app: &App, tenant: TenantId, plan_id: Uuid) -> Result<(), Fault> {
    let now = app.clock.now();
    let job = NewJob { job: Apply { plan_id }, run_at: now, unique_key: Some(plan_id.to_string()) };
    let queue = async |tx: &mut TenantTx<'_>| enqueue_in_tx(tx, now, &app.entropy, &job).await.map_err(Fault::from);
    app.db.tenant(tenant).write(queue).await.map(drop)
}
