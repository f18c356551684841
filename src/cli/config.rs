//! `emporia config`: what there is to set, and what is set.

use clap::{Args, Subcommand};

use super::out;
use crate::config::{Config, ConfigErrors, Env, example, shown};

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Print every variable with its value, default and meaning, and every mistake. Exits with 1 when there is one.
    Check(CheckArgs),
    /// Print a file of variables to begin with: docker/.env.example.
    Example,
}

#[derive(Args)]
pub struct CheckArgs {
    /// Judge the settings of a process that runs alone: without Redis, if REDIS_URL is not set.
    #[arg(long)]
    single_process: bool,
    /// Print one JSON value.
    #[arg(long)]
    json: bool,
}

pub fn config(command: ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check(args) => check(&args),
        ConfigCommand::Example => out(&example(&Config::survey(&Env::default(), false).0)),
    }
}

fn check(args: &CheckArgs) -> anyhow::Result<()> {
    let (settings, mistakes) = Config::survey(&Env::process(), args.single_process);
    if args.json {
        let value = serde_json::json!({ "settings": settings, "mistakes": mistakes });
        out(&serde_json::to_string_pretty(&value)?)?;
    } else {
        out(&shown(&settings))?;
    }
    if mistakes.is_empty() { Ok(()) } else { Err(ConfigErrors(mistakes).into()) }
}
