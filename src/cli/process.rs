//! The long-running commands: `serve` and `worker`.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Config, Env};

#[derive(Args)]
pub struct ServeArgs {
    /// Run the worker in this process too, and do without Redis if REDIS_URL is not set.
    #[arg(long)]
    single_process: bool,
}

#[derive(Args)]
pub struct WorkerArgs {
    /// Do without Redis if REDIS_URL is not set: no other process hears of what this one publishes.
    #[arg(long)]
    single_process: bool,
}

pub async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    let app = checked_app(args.single_process).await?;
    let listen = app.config.http.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))?;
    let shutdown = shutdown_on_signal()?;
    let _metrics = crate::metrics::listen(&app).await?;
    let api = api(app.clone(), listener, shutdown.clone());
    if args.single_process { together(api, work(app, shutdown.clone()), &shutdown).await } else { api.await }
}

pub async fn worker(args: WorkerArgs) -> anyhow::Result<()> {
    let app = checked_app(args.single_process).await?;
    let shutdown = shutdown_on_signal()?;
    let _metrics = crate::metrics::listen(&app).await?;
    work(app, shutdown).await
}

async fn api(app: App, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
    crate::http::serve(app, listener, shutdown).await.context("serving HTTP")
}

async fn work(app: App, shutdown: CancellationToken) -> anyhow::Result<()> {
    crate::worker::run(app, shutdown).await.context("working")
}

/// Runs both until the end of both; when one ends, for whatever reason, the other is told to.
pub async fn together(
    one: impl Future<Output = anyhow::Result<()>>,
    other: impl Future<Output = anyhow::Result<()>>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let ending = |result| {
        shutdown.cancel();
        result
    };
    let (one, other) = tokio::join!(async { ending(one.await) }, async { ending(other.await) });
    one.and(other)
}

/// The process's parts, after every check that can be made before the first request.
async fn checked_app(single_process: bool) -> anyhow::Result<App> {
    let mut config = Config::read_for(&Env::process(), single_process)?;
    if single_process {
        // No other process could take the requests meanwhile.
        config.http.shutdown_delay = Duration::ZERO;
    }
    crate::telemetry::init(&config)?;
    crate::db::check::process(&config.database).await?;
    App::build(config).await
}

/// Cancelled by the first SIGINT, SIGTERM or SIGHUP; the second ends the process on the spot.
fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    let (token, mut signals) = cancelled_by_signal()?;
    let first = token.clone();
    tokio::spawn(async move {
        first.cancelled().await;
        signals.recv().await;
        std::process::exit(130);
    });
    Ok(token)
}

/// Cancelled by the first of the signals; the channel gives those that follow.
pub fn cancelled_by_signal() -> anyhow::Result<(CancellationToken, mpsc::Receiver<()>)> {
    let token = CancellationToken::new();
    let (sender, following) = mpsc::channel(1);
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut stream = signal(kind).context("waiting for signals")?;
        let (token, sender) = (token.clone(), sender.clone());
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if token.is_cancelled() {
                    // Full: one that follows has been noted already.
                    let _ = sender.try_send(());
                }
                token.cancel();
            }
        });
    }
    Ok((token, following))
}
