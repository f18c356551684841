//! Fees that are put on invoices. That they are is a fact of its own: no order says it again.

use chrono::{DateTime, Utc};

use super::{count, written};
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantTx};
use crate::error::Fault;
use crate::ledger::model::{Fees, Posting, Written, to_invoice};
use crate::ledger::store;
use crate::money::Currency;
use crate::plan::model::Month;

/// Posts that the fees until the end of a month are invoiced, as far as they are not yet and `takes` says that an amount can
/// be. Whoever posts it sees to it that an invoice has them: [`invoicings`] says what there is to be.
pub async fn fees_invoice_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    month: Month,
    takes: impl Fn(Currency, i64) -> i64,
) -> Result<(), Fault> {
    let now = app.clock.now();
    let fees = Fees::of(&store::moved(tx.conn(), DateTime::UNIX_EPOCH, month.end()).await?);
    let before = store::invoicings(tx.conn(), DateTime::UNIX_EPOCH).await?;
    let before: Vec<Posting> = before.into_iter().map(|written| written.posting).collect();
    let new = to_invoice(&fees, &before, (month, now), takes);
    let new: Vec<Written> = new.into_iter().map(|posting| written(app, posting, None, now)).collect();
    if new.is_empty() {
        return Ok(());
    }
    // Somebody else may have done the same: the books take one of a number.
    store::insert(tx, &new).await?;
    count(app, &new);
    Ok(())
}

/// What was invoiced from a time on, in the order of its posting.
pub async fn invoicings(conn: &mut TenantConn<'_>, since: DateTime<Utc>) -> QueryResult<Vec<Written>> {
    store::invoicings(conn, since).await
}
