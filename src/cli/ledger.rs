//! `emporia ledger …`: whether the books say what happened.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::tenant::find;
use super::{operator, out};
use crate::app::App;
use crate::ids::TenantId;
use crate::ledger::model::{Difference, Unit};
use crate::ledger::service::{Tally, rebuild, verify};
use crate::money::Money;
use crate::tenant::service::tenant_list;

#[derive(Subcommand)]
pub enum LedgerCommand {
    /// Compare what is posted with what the orders say, and show every difference; exits with 1 when there is one.
    Verify(WhichArgs),
    /// The same, and post what is missing and the opposite of what is too much. Nothing is changed or taken away.
    Rebuild(WhichArgs),
}

#[derive(Args)]
pub struct WhichArgs {
    /// One tenant's, by its id or handle; all when left out.
    #[arg(long)]
    tenant: Option<String>,
    /// One JSON object for each difference, a line each, and one for each tenant.
    #[arg(long)]
    json: bool,
}

/// Tenants read at once.
const TENANTS: u16 = 250;

pub async fn ledger(command: LedgerCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    let (WhichArgs { tenant, json }, mends) = match command {
        LedgerCommand::Verify(which) => (which, false),
        LedgerCommand::Rebuild(which) => (which, true),
    };
    let mut left = 0;
    if let Some(named) = tenant {
        left = go_through(&app, find(&app, &named).await?, mends, json).await?;
    } else {
        let mut after = None;
        loop {
            let tenants = tenant_list(&app.db, after, TENANTS).await?;
            let Some(last) = tenants.last() else { break };
            after = Some(last.id.0);
            for tenant in &tenants {
                left += go_through(&app, tenant.id, mends, json).await?;
            }
        }
    }
    match left {
        0 => Ok(()),
        1 => bail!("the books differ from the orders in one place"),
        _ => bail!("the books differ from the orders in {left} places"),
    }
}

/// Shows one tenant's differences; answers how many are left.
async fn go_through(app: &App, tenant: TenantId, mends: bool, json: bool) -> anyhow::Result<usize> {
    let db = app.db.tenant(tenant);
    // Whoever reads on has gone, when it cannot be shown: that mends no less.
    let mut shown = Ok(());
    let mut show = |difference: &Difference| {
        let line = if json { as_json(tenant, difference).to_string() } else { line(tenant, difference) };
        if shown.is_ok() {
            shown = out(&line);
        }
    };
    let tally = match mends {
        true => rebuild(app, &db, &mut show).await?,
        false => verify(&db, &mut show).await?,
    };
    shown?;
    let Tally { orders, postings, differences, mended } = tally;
    if json {
        out(&json!({ "tenant": tenant, "orders": orders, "postings": postings, "differences": differences,
            "mended": mended })
        .to_string())?;
    } else if mends {
        out(&format!(
            "{tenant}  orders: {orders}, postings: {postings}, differences: {differences}, posted: {mended}"
        ))?;
    } else {
        out(&format!("{tenant}  orders: {orders}, postings: {postings}, differences: {differences}"))?;
    }
    Ok(if mends { 0 } else { differences })
}

/// What is wrong, in a word.
fn word(difference: &Difference) -> &'static str {
    match (difference.due, difference.posted) {
        (_, 0) => "missing",
        (0, _) => "surplus",
        _ => "different",
    }
}

fn as_json(tenant: TenantId, difference: &Difference) -> serde_json::Value {
    let place = difference.place;
    json!({
        "tenant": tenant,
        "difference": word(difference),
        "order": place.order_id,
        "kind": place.kind.as_db(),
        "unit": place.unit.as_db(),
        "occurred_at": place.occurred_at,
        "due": difference.due.to_string(),
        "posted": difference.posted.to_string(),
    })
}

fn line(tenant: TenantId, difference: &Difference) -> String {
    let Difference { place, due, posted } = *difference;
    let amount = |amount: i128| match (place.unit, i64::try_from(amount)) {
        (Unit::Money(currency), Ok(minor)) => {
            format!("{} {}", Money::new(minor, currency).to_decimal(), currency.code())
        }
        (Unit::Money(currency), Err(_)) => format!("{amount} minor units of {}", currency.code()),
        (Unit::Order, _) => amount.to_string(),
    };
    let (what, kind) = (word(difference), place.kind.as_db());
    format!(
        "{tenant}  {what}: {kind} of order {} at {}: {} posted, {} due",
        place.order_id.unwrap_or_default(),
        place.occurred_at,
        amount(posted),
        amount(due)
    )
}
