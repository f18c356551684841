//! `emporia key …`.

use anyhow::bail;
use chrono::TimeDelta;
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use super::tenant::find;
use super::{operator, out, say};
use crate::access::{Permission, Permissions};
use crate::api_key::model::{KeyKind, NewKey};
use crate::api_key::rule::ApiKeyRule;
use crate::api_key::service::{key_create, key_list, key_revoke};
use crate::error::ServiceError;

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a further key and show it, this once.
    Create {
        /// The tenant's id or handle.
        tenant: String,
        #[arg(long, value_enum)]
        kind: Kind,
        /// What it is for.
        #[arg(long, default_value = "Key")]
        name: String,
        /// What a secret key may do, like read_orders; repeat it for several. Without any, everything.
        #[arg(long, value_name = "PERMISSION", value_parser = permission)]
        scope: Vec<Permission>,
        /// In how many days it ends; without it, never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
        expires_in: Option<u16>,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// A tenant's keys: never in clear.
    List {
        /// The tenant's id or handle.
        tenant: String,
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Refuse a key everywhere from now on.
    Revoke {
        /// The key's id, from `key list`.
        id: Uuid,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Kind {
    /// For storefronts.
    Publishable,
    /// For the merchant's servers.
    Secret,
}

pub async fn key(command: KeyCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    match command {
        KeyCommand::Create { tenant, kind, name, scope, expires_in, json } => {
            let tenant = find(&app, &tenant).await?;
            let new = NewKey {
                kind: match kind {
                    Kind::Publishable => KeyKind::Publishable,
                    Kind::Secret => KeyKind::Secret,
                },
                name,
                permissions: (!scope.is_empty()).then(|| Permissions::of(&scope)),
                expires_at: expires_in.map(|days| app.clock.now() + TimeDelta::days(days.into())),
            };
            let made = key_create(&app.db, &*app.clock, &app.entropy, tenant, &new).await;
            let (info, key) = made.map_err(plain_key)?;
            match json {
                true => out(&json!({ "id": info.id, "key": key.reveal() }).to_string()),
                false => out(key.reveal()),
            }
        }
        KeyCommand::List { tenant, json } => {
            let keys = key_list(&app.db, find(&app, &tenant).await?).await?;
            if json {
                return out(&serde_json::to_string(&keys)?);
            }
            keys.iter().try_for_each(|key| {
                let state = match key.revoked_at {
                    Some(_) => "revoked",
                    None if key.is_over(app.clock.now()) => "expired",
                    None => "live",
                };
                out(&format!("{}  {:<11}  …{}  {state:<7}  {}", key.id, key.kind.as_db(), key.last_four, key.name))
            })
        }
        KeyCommand::Revoke { id, json } => {
            if !key_revoke(&app.db, &*app.clock, &app.resolver, id).await? {
                bail!("there is no key {id}");
            }
            if json {
                return out(&json!({ "id": id, "revoked": true }).to_string());
            }
            say(format_args!("{id} is revoked"));
            Ok(())
        }
    }
}

fn permission(name: &str) -> Result<Permission, String> {
    Permission::parse(name).ok_or_else(|| {
        let all = Permission::ALL.iter().map(ToString::to_string).collect::<Vec<_>>();
        format!("expected one of {}", all.join(", "))
    })
}

fn plain_key(error: ServiceError<ApiKeyRule>) -> anyhow::Error {
    match error {
        ServiceError::Rule(rule) => rule.into(),
        ServiceError::Fault(fault) => fault.into(),
    }
}
