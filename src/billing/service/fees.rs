//! Fees of months that are over are charged.
//!
//! The books come first: that so much is invoiced is posted, and from then on it is to be on an invoice. What is posted and
//! has no item at Stripe is given one, whoever was cut off in between; so the sums are the books', and a posting is charged
//! once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::asked::ask;
use crate::app::App;
use crate::billing::model::{Said, paid_with, that_counts};
use crate::billing::store;
use crate::billing::stripe::{FeeWish, NotAsked, Stripe, chargeable, least};
use crate::db::{PlatformConn, TenantDb, TenantTx};
use crate::error::Fault;
use crate::job::{Failure, Run};
use crate::ledger::model::{Unit, Written};
use crate::ledger::service::{fees_invoice_in_tx, invoicings};
use crate::money::Currency;
use crate::outside::NotDone;
use crate::plan::model::{Interval, Month};

/// For so long what is posted is looked for at Stripe: who was cut off is made up for by the runs of the next months.
const LOOKED_FOR: TimeDelta = TimeDelta::days(100);
/// How long after its end a month is invoiced at the earliest: by then the relay has posted it. What it posts later goes with
/// the next one.
const SETTLED: TimeDelta = TimeDelta::hours(10);
/// How far our clock and Stripe's may be apart.
const SKEW: TimeDelta = TimeDelta::days(1);

/// What the job does: the fees of the months before the present one, by UTC, are put on invoices. Whoever is no customer owes
/// them in the books alone.
pub async fn fees_by_job(run: &Run) -> Result<(), Failure> {
    let (app, tenant) = (&run.app, run.db.tenant());
    let Some(stripe) = app.stripe.as_deref() else { return Ok(()) };
    let known = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::customer_since(conn, tenant).await?);
    let Some((customer, since)) = app.db.platform().run(known).await? else { return Ok(()) };
    charge(app, stripe, &run.db, (&customer, since)).await
}

async fn charge(
    app: &App,
    stripe: &Stripe,
    db: &TenantDb,
    (customer, since): (&str, DateTime<Utc>),
) -> Result<(), Failure> {
    let failed = |error: NotAsked| Failure::Again(error.to_string());
    let asked = ask(stripe, customer).await.map_err(failed)?;
    if asked.is_deleted {
        return Ok(());
    }
    // What is paid by the month has an invoice soon enough, of its own currency.
    let charged = that_counts(&asked.said).filter(|said| Said::is_charged(said));
    let price = charged.and_then(|said| said.item.as_ref()?.price);
    let rides = price.filter(|price| price.interval == Interval::Month).map(|price| price.currency);
    let (now, takes) = (app.clock.now(), |currency: Currency, open: i64| {
        let is_enough = rides == Some(currency) || open >= least(currency);
        if is_enough { chargeable(currency, open) } else { 0 }
    });
    let month = Month::of(now - SETTLED).before();
    let invoice = async |tx: &mut TenantTx<'_>| fees_invoice_in_tx(tx, app, month, takes).await;
    db.write(invoice).await?;
    // What was charged to a customer that is gone is not looked for at another one.
    let since = since.max(now - LOOKED_FOR);
    let due = db.read(async |conn| Ok::<_, Fault>(invoicings(conn, since).await?)).await?;
    if due.is_empty() {
        return Ok(());
    }
    let mut refused = None;
    let waiting = put(stripe, customer, &due, since - SKEW, &mut refused).await.map_err(failed)?;
    let pays_with = paid_with(&asked.said);
    for (currency, last) in waiting.into_iter().filter(|(currency, _)| rides != Some(*currency)) {
        let key = format!("emporia_fees_invoice_{last}_{customer}_{}", pays_with.unwrap_or_default());
        let made = stripe.fee_invoice_create(customer, currency, pays_with, &key).await;
        done(made, &mut refused).map_err(failed)?;
    }
    refused.map_or(Ok(()), |error| Err(failed(error)))
}

/// Whether it was done. What Stripe refuses of one currency does not keep it from the others: it is told at the end.
fn done(outcome: Result<(), NotAsked>, refused: &mut Option<NotAsked>) -> Result<bool, NotAsked> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error @ NotDone::Refused(_)) => {
            *refused = Some(error);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Has there be an item for each posting; answers the last posting whose item waits for an invoice, of each currency.
async fn put(
    stripe: &Stripe,
    customer: &str,
    due: &[Written],
    since: DateTime<Utc>,
    refused: &mut Option<NotAsked>,
) -> Result<HashMap<Currency, Uuid>, NotAsked> {
    let there = stripe.fee_items(customer, since).await?;
    let mut waiting = HashMap::new();
    for Written { id, posting, .. } in due {
        let (Unit::Money(currency), Some(month)) = (posting.unit, posting.period) else { continue };
        let item = there.iter().find(|item| item.posting == *id);
        if item.is_none() {
            let description = format!("Fees for orders until the end of {month}");
            let wish = FeeWish { customer, posting: *id, currency, minor: posting.amount, description: &description };
            let key = format!("emporia_fees_{id}_{customer}");
            if !done(stripe.fee_item_create(&wish, &key).await, refused)? {
                continue;
            }
        }
        if item.is_none_or(|item| !item.is_on_invoice) {
            waiting.insert(currency, *id);
        }
    }
    Ok(waiting)
}
