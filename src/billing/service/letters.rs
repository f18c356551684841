//! What the owners are written about payments.

use crate::app::App;
use crate::billing::store;
use crate::db::TenantTx;
use crate::error::Fault;
use crate::identity::service::owners;
use crate::mail::letter::{Letter, Reader, Way, Writer};
use crate::mail::post_in_tx;
use crate::plan::model::Heading;
use crate::shop;

/// Writes to the owners, in the transaction of what it is about. The way on is the page on which the invoice can be paid.
pub async fn tell_in_tx(tx: &mut TenantTx<'_>, app: &App, heading: Heading, plan: &str) -> Result<(), Fault> {
    let Some(shop) = shop::store::shop(tx.conn()).await? else { return Ok(()) };
    let link = store::open(tx.conn()).await?.and_then(|invoice| invoice.said.hosted_url);
    let way = link.map_or(Way::None, Way::Link);
    let (letter, until) = match heading {
        Heading::Grace(ends_at) => (Letter::PaymentFailed, ends_at.format("%Y-%m-%d").to_string()),
        Heading::Unpaid => (Letter::PaymentMissing, String::new()),
    };
    let values = [("plan", plan), ("until", until.as_str())];
    let values: Vec<_> = values.into_iter().filter(|(name, _)| letter.names().contains(name)).collect();
    for owner in owners(tx.conn()).await? {
        let to = Reader { address: &owner.email, name: Some(&owner.name) };
        post_in_tx(tx, app, letter.write(Writer::from(&shop), to, &way, &values)).await?;
    }
    Ok(())
}
