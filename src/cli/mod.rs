//! The commands: `emporia dev | serve | worker | migrate | health | schema | config … | tenant … | key … | staff … |
//! signing-key … | operator-token … | plan … | billing … | payment … | ledger … | import …`.
//!
//! Thin: a command reads its settings, checks what must hold, and calls the service that does the work. What a
//! script may want goes to stdout (with `--json` as one JSON value); everything else goes to stderr.

mod billing;
mod config;
pub(crate) mod health;
mod key;
mod ledger;
mod migrate;
mod operator;
mod operator_token;
mod payment;
mod plan;
pub(crate) mod process;
mod signing_key;
mod staff;
pub(crate) mod tenant;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::country::Country;
use crate::money::Currency;
use operator::operator;

/// A multi-tenant headless commerce backend. Settings come from the environment: `emporia config check` lists them.
#[derive(Parser)]
#[command(name = "emporia", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything on this machine, for development: PostgreSQL, a demo store, API, worker, GraphiQL.
    Dev(crate::dev::DevArgs),
    /// Answer HTTP: GraphQL, its subscriptions, health, GraphiQL.
    Serve(process::ServeArgs),
    /// Publish events, deliver webhooks, settle payments.
    Worker(process::WorkerArgs),
    /// Bring the database to this version's tables (as DATABASE_OWNER_URL).
    Migrate(migrate::MigrateArgs),
    /// Ask a running process whether it is ready; exits with 1 when it is not. For containers, which have no curl.
    Health(health::HealthArgs),
    /// Print the GraphQL schema; needs no settings.
    Schema,
    /// Show what there is to set, and what is wrong with what is set.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Create, list, suspend, resume and delete tenants.
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Create, list and revoke API keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Take staff members in: the first owner of a shop.
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Show and replace the keys that staff's access tokens are signed with.
    #[command(subcommand)]
    SigningKey(signing_key::SigningKeyCommand),
    /// Create, list and revoke the tokens of who makes tenants from afar.
    #[command(subcommand)]
    OperatorToken(operator_token::OperatorTokenCommand),
    /// What tenants can be on: limits, features, prices.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// What tenants pay for their plans, compared with Stripe.
    #[command(subcommand)]
    Billing(billing::BillingCommand),
    /// Show payments that no gateway ends, and say what became of them.
    #[command(subcommand)]
    Payment(payment::PaymentCommand),
    /// Whether the books of usage and fees say what happened.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Bring a catalogue in from a file.
    Import(crate::import::cli::ImportArgs),
}

/// Bytes of a thread's stack. Without optimisation a request's futures need more than the 2 MiB that are usual; what is not
/// touched costs nothing.
const STACK: usize = 8 << 20;

/// Parses the arguments and runs the command to its end.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let code = match runtime.block_on(run(command)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    };
    crate::telemetry::trace::flush();
    code
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Import(args) => return crate::import::cli::run(&operator().await?, args).await,
        Command::Dev(args) => crate::dev::run(args).await,
        Command::Billing(command) => return billing::billing(command).await,
        Command::Serve(args) => process::serve(args).await,
        Command::Worker(args) => process::worker(args).await,
        Command::Migrate(args) => migrate::migrate(args).await,
        Command::Health(args) => health::health(args).await,
        Command::Schema => print_schema(),
        Command::Config(command) => config::config(command),
        Command::Tenant(command) => tenant::tenant(command).await,
        Command::Key(command) => key::key(command).await,
        Command::Staff(command) => staff::staff(command).await,
        Command::SigningKey(command) => signing_key::signing_key(command).await,
        Command::OperatorToken(command) => operator_token::operator_token(command).await,
        Command::Plan(command) => plan::plan(command).await,
        Command::Payment(command) => payment::payment(command).await,
        Command::Ledger(command) => ledger::ledger(command).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    say(format_args!("emporia: {error:#}"));
    ExitCode::FAILURE
}

fn print_schema() -> anyhow::Result<()> {
    out(&crate::graphql::schema::sdl())
}

/// Writes a line to stderr. Whoever read it may have gone (a closed terminal, `emporia dev | tee`), and that must not
/// keep anything from being put in order: `eprintln!` would panic.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes a line to stdout. A reader that has gone (`emporia schema | head`) is no mistake.
fn out(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{}", text.trim_end_matches('\n')) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn currency(code: &str) -> Result<Currency, String> {
    Currency::from_code(&code.to_ascii_uppercase()).ok_or_else(|| "expected an ISO 4217 code like EUR".to_owned())
}

fn country(code: &str) -> Result<Country, String> {
    let country = Country::from_code(&code.to_ascii_uppercase()).filter(|country| *country != Country::ZZ);
    country.ok_or_else(|| "expected an ISO 3166-1 code like DE".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_declared_without_contradiction() {
        super::Cli::command().debug_assert();
    }
}
