//! `emporia plan …`: what tenants can be on.

use clap::Subcommand;
use serde_json::json;

use super::{operator, out};
use crate::plan::model::{Plan, Price, Resource};
use crate::plan::service::plans;
use crate::tenant::service::tenants_on_plan;

#[derive(Subcommand)]
pub enum PlanCommand {
    /// All plans, with their prices and limits, and how many tenants are on each.
    List {
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
}

pub async fn plan(command: PlanCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    match command {
        PlanCommand::List { json } => {
            let mut listed = Vec::new();
            for plan in plans(&app.db).await? {
                let (tenants, _) = tenants_on_plan(&app.db, (plan.id, plan.version)).await?;
                listed.push((plan, tenants));
            }
            if json {
                let all: Vec<_> = listed.iter().map(|(plan, tenants)| as_json(plan, *tenants)).collect();
                return out(&json!(all).to_string());
            }
            listed.iter().try_for_each(|(plan, tenants)| out(&line(plan, *tenants)))
        }
    }
}

fn as_json(plan: &Plan, tenants: i64) -> serde_json::Value {
    let price = |price: &Price| json!({ "interval": price.interval.as_db(), "currency": price.currency.code(), "minor_units": price.minor });
    json!({
        "id": plan.id,
        "handle": plan.handle,
        "name": plan.name,
        "is_offered": plan.is_offered,
        "terms": plan.terms,
        "trial_days": plan.trial_days,
        "prices": plan.prices.iter().map(price).collect::<Vec<_>>(),
        "tenants": tenants,
    })
}

fn line(plan: &Plan, tenants: i64) -> String {
    let limit = |resource: Resource| {
        let max = plan.terms.limits.of(resource);
        max.map(|max| format!("{max} {}", resource.words()))
    };
    let limits: Vec<String> = Resource::ALL.into_iter().filter_map(limit).collect();
    let limits = if limits.is_empty() { "no limits".to_owned() } else { limits.join(", ") };
    let prices: Vec<String> = plan.prices.iter().map(said).collect();
    let price = if prices.is_empty() { "free".to_owned() } else { prices.join(", ") };
    format!("{}  {:<12}  tenants: {tenants}  {price}; {limits}", plan.id, plan.handle)
}

fn said(price: &Price) -> String {
    let interval = price.interval.as_db().to_lowercase();
    format!("{} {} a {interval}", price.money().to_decimal(), price.currency.code())
}
