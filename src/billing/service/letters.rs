//! What the owners are written about payments.

use crate::app::App;
use crate::billing::store;
use crate::db::TenantTx;
use crate::error::Fault;
use crate::mail::letter::{Letter, Way};
use crate::plan::model::Heading;
use crate::plan::service::tell_owners_in_tx;
use crate::shop::service::time_zone;

/// Writes to the owners, in the transaction of what it is about. The way on is the page on which the invoice can be paid; days
/// are those of the shop's clock.
pub async fn tell_in_tx(tx: &mut TenantTx<'_>, app: &App, heading: Heading, plan: &str) -> Result<(), Fault> {
    let link = store::open(tx.conn()).await?.and_then(|invoice| invoice.said.hosted_url);
    let way = link.map_or(Way::None, Way::Link);
    let (letter, until) = match heading {
        Heading::Grace(ends_at) => {
            let there = ends_at.with_timezone(&time_zone(tx.conn()).await?);
            (Letter::PaymentFailed, there.format("%Y-%m-%d").to_string())
        }
        Heading::Unpaid => (Letter::PaymentMissing, String::new()),
    };
    let values = [("plan", plan), ("until", until.as_str())];
    let values: Vec<_> = values.into_iter().filter(|(name, _)| letter.names().contains(name)).collect();
    tell_owners_in_tx(tx, app, letter, &way, &values).await
}
