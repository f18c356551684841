//! Compares all that Stripe bills with all that we know of.

use std::collections::BTreeMap;

use super::asked::{ask, bill_of, is_missing, unknown_price};
use super::sync::{NotSynced, sync_in_tx};
use crate::app::App;
use crate::billing::job::Cause;
use crate::billing::model::{Asked, Said, superfluous};
use crate::billing::store;
use crate::billing::stripe::Stripe;
use crate::db::{PlatformConn, TenantConn};
use crate::error::Fault;
use crate::ids::TenantId;
use crate::plan::model::Plan;
use crate::plan::service::{bill_differs, current, plan_after_the_end};
use crate::tenant::service::tenant_by_id;

/// Tenants that are read at once.
const TENANTS: i64 = 250;

/// What came of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Subscriptions at Stripe, with those that have ended.
    pub subscriptions: usize,
    /// Tenants that are customers.
    pub tenants: usize,
    /// Those whose subscription is another way than at Stripe: their jobs are queued.
    pub queued: Vec<TenantId>,
    /// What cannot be mended from here.
    pub findings: Vec<Finding>,
}

/// What somebody has to look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("subscription {subscription} of customer {customer} is billed at Stripe, and is no tenant's")]
    Nobodys { subscription: String, customer: String },
    #[error("subscription {subscription} is billed at Stripe, and tenant {tenant} is deleted")]
    Deleted { subscription: String, tenant: TenantId },
    #[error("tenant {tenant} is billed twice at Stripe: subscription {subscription} was made by hand beside another")]
    Twice { subscription: String, tenant: TenantId },
    #[error("tenant {tenant} pays through Stripe, and Stripe knows of no subscription of its customer")]
    Gone { tenant: TenantId },
    #[error("tenant {tenant}: {why}")]
    UnknownPrice { tenant: TenantId, why: String },
}

/// Walks through all subscriptions at Stripe and all tenants that are customers, and queues the jobs of those that differ.
pub async fn reconcile(app: &App, stripe: &Stripe) -> Result<Reconciled, NotSynced> {
    let mut by_customer: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    let (mut done, mut after) = (Reconciled::default(), None::<String>);
    loop {
        let (page, is_last) = stripe.subscriptions_page(after.as_deref()).await?;
        after = page.last().map(|last| last.id.clone());
        done.subscriptions += page.len();
        for said in page {
            by_customer.entry(said.customer.clone()).or_default().push(said);
        }
        if is_last || after.is_none() {
            break;
        }
    }
    let free = plan_after_the_end(app).await?;
    let mut last = None;
    loop {
        let customers = page_of_tenants(app, last).await?;
        let Some((tenant, _)) = customers.last() else { break };
        last = Some(*tenant);
        for (tenant, customer) in customers {
            done.tenants += 1;
            let said = by_customer.remove(&customer).unwrap_or_default();
            compare(app, stripe, (tenant, &customer), said, &free, &mut done).await?;
        }
    }
    for said in by_customer.into_values().flatten().filter(Said::is_live) {
        done.findings.push(Finding::Nobodys { subscription: said.id, customer: said.customer });
    }
    Ok(done)
}

async fn page_of_tenants(app: &App, after: Option<TenantId>) -> Result<Vec<(TenantId, String)>, Fault> {
    let page = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::all(conn, after, TENANTS).await?);
    app.db.platform().run(page).await
}

/// One tenant.
async fn compare(
    app: &App,
    stripe: &Stripe,
    (tenant, customer): (TenantId, &str),
    said: Vec<Said>,
    free: &Plan,
    done: &mut Reconciled,
) -> Result<(), NotSynced> {
    if tenant_by_id(&app.db, tenant).await?.is_none_or(|tenant| tenant.deleted_at.is_some()) {
        let billed = said.iter().filter(|said| said.is_live()).map(|said| said.id.clone());
        done.findings.extend(billed.map(|subscription| Finding::Deleted { subscription, tenant }));
        return Ok(());
    }
    let (ours, by_hand): (Vec<_>, Vec<_>) = superfluous(&said).partition(|said| said.is_from_page);
    let twice = by_hand.into_iter().map(|said| Finding::Twice { subscription: said.id.clone(), tenant });
    done.findings.extend(twice);
    let is_twice = !ours.is_empty();
    let db = app.db.tenant(tenant);
    let asked = match said.iter().any(Said::is_live) {
        true => Asked { said, ..Asked::default() },
        false => match ask(stripe, customer).await {
            Err(error) if is_missing(&error) => Asked::default(),
            asked => asked?,
        },
    };
    let Some(bill) = bill_of(app, &asked).await? else {
        let present = Box::pin(db.read(async |conn| Ok::<_, Fault>(current(conn).await?))).await?;
        if present.is_some_and(|present| present.is_billed()) {
            done.findings.push(Finding::Gone { tenant });
        }
        return Ok(());
    };
    if let Some(why) = unknown_price(&asked, Some(&bill)) {
        done.findings.push(Finding::UnknownPrice { tenant, why: why.to_string() });
    }
    let differs = async |conn: &mut TenantConn<'_>| bill_differs(app, conn, &bill, free).await;
    if is_twice || Box::pin(db.read(differs)).await? {
        let queue = db.write(async |tx| sync_in_tx(tx, app, Cause::Check).await.map_err(Fault::from));
        Box::pin(queue).await?;
        done.queued.push(tenant);
    }
    Ok(())
}
