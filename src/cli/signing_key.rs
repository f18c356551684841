//! `emporia signing-key …`: what staff's access tokens are signed with.

use clap::Subcommand;

use super::{operator, out, say};
use crate::identity::service::{keys_list, keys_rotate};

#[derive(Subcommand)]
pub enum SigningKeyCommand {
    /// Make a new key: published now, signing in ten minutes; what the old one has signed counts for half an hour after
    /// that, and nobody is signed out.
    Rotate {
        /// For a key that has got into wrong hands: sign with the new one at once, and take no token of an old one any
        /// more. Staff get new tokens by their refresh tokens.
        #[arg(long)]
        now: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The keys that count: never what signs.
    List {
        /// One JSON array.
        #[arg(long)]
        json: bool,
    },
}

pub async fn signing_key(command: SigningKeyCommand) -> anyhow::Result<()> {
    let app = operator().await?;
    match command {
        SigningKeyCommand::Rotate { now, json } => {
            let rotated = keys_rotate(&app, now).await?;
            if json {
                return out(&serde_json::to_string(&rotated)?);
            }
            out(&rotated.kid)?;
            say(format_args!(
                "It signs from {}; those of before count until {}.",
                rotated.signs_from, rotated.old_until
            ));
            Ok(())
        }
        SigningKeyCommand::List { json } => {
            let keys = keys_list(&app.db, app.clock.now()).await?;
            if json {
                return out(&serde_json::to_string(&keys)?);
            }
            keys.iter().try_for_each(|key| {
                let until = key.verifies_until.map_or_else(|| "replaced".to_owned(), |until| until.to_string());
                out(&format!("{}  {}  signs from {}  counts until {until}", key.kid, key.algorithm, key.signs_from))
            })
        }
    }
}
