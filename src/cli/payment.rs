//! `emporia payment …`: payments that no gateway ends.

use anyhow::{Context, bail};
use clap::{ArgGroup, Args, Subcommand};
use uuid::Uuid;

use super::tenant::find;
use super::{operator, out, say};
use crate::checkout::service::{Resolution, Till, payment_resolve, payments_undecided};

#[derive(Subcommand)]
pub enum PaymentCommand {
    /// A tenant's payments of which nobody knows yet what became of them. Those that are not asked for any more wait
    /// for `resolve`.
    List {
        /// The tenant's id or handle.
        tenant: String,
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Say what became of a payment, after a look at the gateway's own books.
    Resolve(ResolveArgs),
}

#[derive(Args)]
#[command(group(ArgGroup::new("outcome").required(true).args(["paid", "not_paid"])))]
pub struct ResolveArgs {
    /// The tenant's id or handle.
    tenant: String,
    /// The payment's id, as `list` shows it.
    id: Uuid,
    /// The gateway has the money: the order is made.
    #[arg(long)]
    paid: bool,
    /// The gateway has no money and will take none: the stock goes back, and the cart is free again.
    #[arg(long)]
    not_paid: bool,
}

pub async fn payment(command: PaymentCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    match command {
        PaymentCommand::List { tenant, json } => {
            let undecided = payments_undecided(&app.db.tenant(find(&app, &tenant).await?)).await?;
            if json {
                return out(&serde_json::to_string(&undecided)?);
            }
            undecided.iter().try_for_each(|payment| {
                let next = payment.due_at.map_or("waits for `resolve`".to_owned(), |due| format!("asked again {due}"));
                let amount = payment.amount.to_decimal();
                out(&format!(
                    "{}  {}  {amount} {}  since {}  {next}",
                    payment.id,
                    payment.gateway,
                    payment.amount.currency.code(),
                    payment.created_at
                ))
            })
        }
        PaymentCommand::Resolve(ResolveArgs { tenant, id, paid, .. }) => {
            let till = Till::new(&app, find(&app, &tenant).await?);
            match payment_resolve(&till, id, paid).await.context("nothing is decided")? {
                Resolution::Ordered(order_id) => say(format_args!("order {order_id} is made")),
                Resolution::Released => say(format_args!("the stock is back")),
                Resolution::GivenUp => bail!("this payment was given up: its money can only go back (--not-paid)"),
                Resolution::NotFound => bail!("there is no such payment, or it has ended"),
            }
            Ok(())
        }
    }
}
