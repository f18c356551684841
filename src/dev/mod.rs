//! `emporia dev`: a whole shop on one machine, with one command.
//!
//! Its own PostgreSQL, a demo store, API and worker in one process. Everything is kept below one data directory and
//! found again by the next start: cluster, passwords, keys. Ends with its process, the server's processes included.

mod demo;
mod home;
mod images;
mod postgres;
mod processes;
mod ready;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use tokio::net::TcpListener;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::cli::process::{cancelled_by_signal, together};
use crate::config::{Config, DATA_DIR, DATA_DIR_VARIABLE, Env};
use crate::db::bootstrap::{self, Bootstrap};
use crate::db::migrate;
use home::{Home, Secrets};
use postgres::Cluster;
pub(crate) use processes::is_alive;
use ready::{Ready, ReadyFile};

#[derive(Args)]
pub struct DevArgs {
    /// Address and port to listen on; port 0 picks a free one and keeps to it.
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDR", value_parser = socket_address)]
    listen: SocketAddr,
    /// Where the database, passwords and keys are kept.
    #[arg(long, env = DATA_DIR_VARIABLE, default_value = DATA_DIR, value_name = "DIR")]
    data_dir: PathBuf,
    /// Write one JSON object with addresses and keys there once everything answers; removed at the end.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Throw the database, passwords and keys away and start over.
    #[arg(long)]
    reset: bool,
}

/// In the data directory while everything answers: the commands on this machine find the database by it.
pub(crate) const READY_FILE: &str = "ready.json";

/// The database's name in the cluster.
const DATABASE: &str = "emporia";

/// How long a signal that has ended a child may take to reach this process.
const SIGNAL_PATIENCE: Duration = Duration::from_millis(200);

fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an IP address and a port, like 127.0.0.1:8000".to_owned())
}

/// A line about what takes a moment.
pub(crate) fn progress(line: &str) {
    crate::cli::say(format_args!("  {line} …"));
}

/// Runs until a signal says to stop.
pub async fn run(args: DevArgs) -> anyhow::Result<()> {
    let (shutdown, _following) = cancelled_by_signal()?;
    let home = Home::open(&args.data_dir)?;
    let ready_files = [Some(home.dir().join(READY_FILE)), args.ready_file].into_iter().flatten().map(ReadyFile::at);
    let ready_files = ready_files.collect::<anyhow::Result<Vec<_>>>()?;
    if args.reset {
        block_in_place(|| home.reset())?;
    }
    let mut secrets = home.secrets()?;
    let listener = listen(args.listen, secrets.port).await?;
    let address = listener.local_addr().context("the listener's address")?;
    secrets.port = Some(address.port());
    home.keep(&secrets)?;
    // Dropped last, whatever happens: then the server stops.
    let cluster = start_cluster(home.dir(), &secrets.admin, &shutdown).await?;
    let outcome = run_on(&cluster, &home, secrets, listener, address, ready_files, &shutdown).await;
    block_in_place(|| drop(cluster));
    outcome
}

async fn start_cluster(data_dir: &Path, password: &str, shutdown: &CancellationToken) -> anyhow::Result<Cluster> {
    let started = block_in_place(|| Cluster::start(data_dir, password));
    if started.is_err() {
        // A terminal's Ctrl-C ends initdb as well, and perhaps before it is heard of here.
        let _ = tokio::time::timeout(SIGNAL_PATIENCE, shutdown.cancelled()).await;
        ensure_going(shutdown)?;
    }
    started
}

async fn run_on(
    cluster: &Cluster,
    home: &Home,
    mut secrets: Secrets,
    listener: TcpListener,
    address: SocketAddr,
    ready_files: Vec<ReadyFile>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let going_on = || ensure_going(shutdown);
    going_on()?;
    let owner_url = cluster.url("emporia_owner", &secrets.owner, DATABASE);
    prepare_database(cluster, &secrets, &owner_url).await?;
    going_on()?;
    let (config, app_url) = config(cluster, &secrets, home, address)?;
    crate::telemetry::init(&config)?;
    let public_url = config.http.public_url.clone();
    let app = App::build(config.clone()).await.context("starting")?;
    demo::provision(&app, home, &mut secrets, &public_url).await.context("making the demo store")?;
    going_on()?;
    // GraphiQL opens with the merchant's key: it is known only now.
    let app = with_graphiql_key(app, config, &secrets);
    let ready = Ready {
        graphql_url: format!("{public_url}/graphql"),
        graphiql_url: format!("{public_url}/graphiql/"),
        publishable_key: secrets.publishable_key.clone().unwrap_or_default(),
        secret_key: secrets.secret_key.clone().unwrap_or_default(),
        staff_email: demo::STAFF_EMAIL.to_owned(),
        staff_password: secrets.staff_password.clone().unwrap_or_default(),
        database_url: app_url,
        database_owner_url: owner_url,
        data_dir: home.dir().to_owned(),
        pid: std::process::id(),
    };
    let _metrics = crate::metrics::listen(&app).await?;
    let api = crate::http::serve_with(app.clone(), listener, shutdown.clone(), images::router());
    let worker = crate::worker::run(app, shutdown.clone());
    let announce = async {
        ready_files.iter().try_for_each(|file| file.write(&ready))?;
        ready.print(&Cluster::dir(home.dir())?)?;
        // The files go when the end begins, not when all of it is over.
        shutdown.cancelled().await;
        drop(ready_files);
        anyhow::Ok(())
    };
    let serving =
        together(async { api.await.context("serving HTTP") }, async { worker.await.context("working") }, shutdown);
    let (announced, watched, served) =
        tokio::join!(async { announce.await.inspect_err(|_| shutdown.cancel()) }, watch(cluster, shutdown), serving);
    crate::cli::say(format_args!("  stopping …"));
    announced.and(watched).and(served)
}

/// Ends everything when the server has gone: nothing here could start it again as it was.
async fn watch(cluster: &Cluster, shutdown: &CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        () = cluster.ended() => {
            shutdown.cancel();
            Err(anyhow!("PostgreSQL has ended; its last words:\n{}", cluster.last_words()))
        }
    }
}

fn ensure_going(shutdown: &CancellationToken) -> anyhow::Result<()> {
    ensure!(!shutdown.is_cancelled(), "stopped before everything was ready");
    Ok(())
}

/// The wanted address; for port 0 the port of the last start when it is free, so that addresses stay.
async fn listen(wanted: SocketAddr, last: Option<u16>) -> anyhow::Result<TcpListener> {
    if wanted.port() == 0
        && let Some(port) = last
        && let Ok(listener) = TcpListener::bind((wanted.ip(), port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind(wanted)
        .await
        .with_context(|| format!("listening on {wanted} (--listen 127.0.0.1:0 picks a free port)"))
}

/// Roles, database, tables: made when missing.
async fn prepare_database(cluster: &Cluster, secrets: &Secrets, owner_url: &str) -> anyhow::Result<()> {
    let passwords = [&secrets.owner, &secrets.app, &secrets.platform, &secrets.backup].map(|text| Some(text.as_str()));
    let wanted = Bootstrap { database: DATABASE, passwords };
    bootstrap::run(&cluster.url(postgres::ADMIN, &secrets.admin, "postgres"), &wanted).await?;
    let versions = migrate::run(owner_url).await?;
    if !versions.is_empty() {
        progress(&format!("made the tables ({} migrations)", versions.len()));
    }
    Ok(())
}

/// The environment's settings, with what development means over them; and the requests' database URL.
fn config(cluster: &Cluster, secrets: &Secrets, home: &Home, address: SocketAddr) -> anyhow::Result<(Config, String)> {
    let app = cluster.url("emporia_app", &secrets.app, DATABASE);
    let platform = cluster.url("emporia_platform", &secrets.platform, DATABASE);
    let (listen, public_url) = (address.to_string(), format!("http://{}", crate::cli::health::reachable(address)));
    let mut env = Env::process().with([
        ("DATABASE_URL", app.as_str()),
        ("DATABASE_PLATFORM_URL", &platform),
        // Whatever follows another database does not follow this one.
        ("DATABASE_REPLICA_URL", ""),
        ("LISTEN", &listen),
        ("GRAPHIQL", "true"),
        ("INTROSPECTION", "true"),
        ("DEVELOPMENT", "true"),
        ("WEBHOOK_ALLOW_PRIVATE", "true"),
    ]);
    let mail = home.dir().join("mail").display().to_string();
    for (name, value) in [("PUBLIC_URL", public_url.as_str()), ("BASE_DOMAIN", "localhost"), ("MAIL_DIR", &mail)] {
        if !env.has(name) {
            env = env.with([(name, value)]);
        }
    }
    let mut config = Config::read(&env)?;
    // Ctrl-C is not to be waited for.
    config.http.shutdown_delay = Duration::ZERO;
    config.http.shutdown_timeout = config.http.shutdown_timeout.min(Duration::from_secs(3));
    Ok((config, app))
}

fn with_graphiql_key(mut app: App, mut config: Config, secrets: &Secrets) -> App {
    let key = secrets.secret_key.clone().unwrap_or_default();
    config.http.graphiql_headers = Some(BTreeMap::from([("x-api-key".to_owned(), key)]));
    app.config = std::sync::Arc::new(config);
    app
}
