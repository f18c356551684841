//! `emporia billing …`: what tenants pay for their plans.

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::{operator, out, say};
use crate::billing::service::{Reconciled, reconcile};

#[derive(Subcommand)]
pub enum BillingCommand {
    /// Compare every subscription at Stripe with the tenants' plans: those that differ are mended by the worker. Exits with 1
    /// when there is something that only people can mend.
    Reconcile {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

pub async fn billing(command: BillingCommand) -> anyhow::Result<ExitCode> {
    let app = operator().await?;
    match command {
        BillingCommand::Reconcile { json } => {
            let stripe =
                app.stripe.as_ref().context("STRIPE_SECRET_KEY is not set: there is nothing to compare with")?;
            let done = reconcile(&app, stripe).await?;
            if json {
                out(&as_json(&done).to_string())?
            } else {
                tell(&done)?
            }
            Ok(if done.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn as_json(done: &Reconciled) -> serde_json::Value {
    json!({
        "subscriptions": done.subscriptions,
        "tenants": done.tenants,
        "queued": done.queued.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "findings": done.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn tell(done: &Reconciled) -> anyhow::Result<()> {
    done.queued.iter().try_for_each(|tenant| out(&format!("{tenant}  differs: its job is queued")))?;
    done.findings.iter().try_for_each(|finding| out(&finding.to_string()))?;
    say(format_args!("{} subscriptions and {} tenants were compared", done.subscriptions, done.tenants));
    Ok(())
}
