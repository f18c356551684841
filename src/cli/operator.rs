//! Where an operator's command finds the database.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde::Deserialize;

use super::say;
use crate::app::App;
use crate::config::{Config, DATA_DIR, DATA_DIR_VARIABLE, Env};
use crate::dev;

/// Settings and parts for a command that works on tenants: the tables must be there, and row-level security between
/// them.
pub async fn operator() -> anyhow::Result<App> {
    let dir = std::env::var_os(DATA_DIR_VARIABLE).map_or_else(|| DATA_DIR.into(), PathBuf::from);
    let env = settings(Env::process(), &dir);
    let config = Config::read(&env).map_err(|errors| match names_none(&env) {
        true => {
            anyhow!(errors).context(format!("no `emporia dev` runs on {}, and no database is named", dir.display()))
        }
        false => errors.into(),
    })?;
    crate::db::check::command(&config.database).await?;
    if config.redis_url.is_none() {
        say(format_args!(
            "note: REDIS_URL is not set, so running processes do not hear of changes to tenants and keys at once"
        ));
    }
    App::build(config).await
}

/// The part of what a running `emporia dev` says of itself that a command needs.
#[derive(Deserialize)]
struct Running {
    database_url: String,
    database_owner_url: String,
    pid: u32,
}

/// The variables, completed: the tables' owner may do what the platform's role may, so its address will do; and
/// where no database is named at all, the `emporia dev` that runs on this data directory is meant.
fn settings(env: Env, data_dir: &Path) -> Env {
    let file = data_dir.join(dev::READY_FILE);
    if names_none(&env)
        && let Some(running) = std::fs::read(&file).ok().and_then(|text| running(&text))
    {
        say(format_args!("note: no DATABASE_URL; using the store that `emporia dev` runs on {}", data_dir.display()));
        return env.with([
            ("DATABASE_URL", running.database_url.as_str()),
            ("DATABASE_PLATFORM_URL", &running.database_owner_url),
        ]);
    }
    match env.get("DATABASE_OWNER_URL") {
        Some(owner) if !env.has("DATABASE_PLATFORM_URL") => env.with([("DATABASE_PLATFORM_URL", owner.as_str())]),
        _ => env,
    }
}

fn names_none(env: &Env) -> bool {
    !["DATABASE_URL", "DATABASE_PLATFORM_URL", "DATABASE_OWNER_URL"].iter().any(|name| env.has(name))
}

/// A killed one leaves its file behind.
fn running(text: &[u8]) -> Option<Running> {
    serde_json::from_slice(text).ok().filter(|running: &Running| dev::is_alive(running.pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: (&str, &str) = ("DATABASE_URL", "app");

    fn platform(env: &Env) -> Option<String> {
        env.get("DATABASE_PLATFORM_URL")
    }

    #[test]
    fn the_owner_stands_in_for_the_platforms_role_and_never_instead_of_it() {
        let nowhere = Path::new("/nonexistent");
        let owner = ("DATABASE_OWNER_URL", "owner");
        assert_eq!(platform(&settings(Env::from_pairs([APP, owner]), nowhere)).as_deref(), Some("owner"));
        let own = Env::from_pairs([APP, owner, ("DATABASE_PLATFORM_URL", "platform")]);
        assert_eq!(platform(&settings(own, nowhere)).as_deref(), Some("platform"));
        assert_eq!(platform(&settings(Env::from_pairs([APP]), nowhere)), None);
    }
}
