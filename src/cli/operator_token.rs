//! `emporia operator-token …`: what operators' own systems prove themselves with.

use anyhow::bail;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::{operator, out, say};
use crate::error::ServiceError;
use crate::operator::model::MAX_DAYS;
use crate::operator::service::{token_create, token_list, token_revoke};

#[derive(Subcommand)]
pub enum OperatorTokenCommand {
    /// Make a token and show it, this once. Whoever has it makes, suspends and deletes tenants.
    Create {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// In how many days it ends.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_DAYS)))]
        expires_in: u16,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The tokens: never in clear.
    List {
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Refuse a token everywhere from now on.
    Revoke {
        /// The token's id, from `operator-token list`.
        id: Uuid,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

pub async fn operator_token(command: OperatorTokenCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    match command {
        OperatorTokenCommand::Create { name, expires_in, json } => {
            let (info, token) = token_create(&app, &name, expires_in).await.map_err(|error| match error {
                ServiceError::Rule(rule) => anyhow::Error::from(rule),
                ServiceError::Fault(fault) => fault.into(),
            })?;
            if json {
                let said = json!({ "id": info.id, "token": token.reveal(), "expires_at": info.expires_at });
                return out(&said.to_string());
            }
            out(token.reveal())?;
            say(format_args!("It ends at {}. Keep it: it is not shown again.", info.expires_at));
            Ok(())
        }
        OperatorTokenCommand::List { json } => {
            let tokens = token_list(&app.db).await?;
            if json {
                return out(&serde_json::to_string(&tokens)?);
            }
            let now = app.clock.now();
            tokens.iter().try_for_each(|token| {
                let state = match token.revoked_at {
                    Some(_) => "revoked",
                    None if token.expires_at <= now => "expired",
                    None => "live",
                };
                out(&format!("{}  {state:<7}  {}  {}", token.id, token.expires_at, token.name))
            })
        }
        OperatorTokenCommand::Revoke { id, json } => {
            if !token_revoke(&app, id).await? {
                bail!("there is no operator's token {id}");
            }
            if json {
                return out(&json!({ "id": id, "revoked": true }).to_string());
            }
            say(format_args!("{id} is revoked"));
            Ok(())
        }
    }
}
