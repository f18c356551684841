//! Settings: one struct per concern, read from the environment, every mistake reported at once.

mod migrate;
mod read;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

pub use migrate::MigrateConfig;
pub use read::{ConfigErrors, Env};

/// The most that `PAYMENT_TIMEOUT_MS` may be, in milliseconds. What a checkout reserves is kept for twice as long, so
/// that the worker never gives up a payment that is still being made.
pub const MAX_PAYMENT_TIMEOUT_MS: u32 = 60_000;

/// PostgreSQL.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `DATABASE_URL`: the requests' role (`emporia_app`): not the owner, not superuser, no BYPASSRLS.
    pub url: String,
    /// `DATABASE_PLATFORM_URL`: the role for tenants, keys and the worker's bell (`emporia_platform`).
    pub platform_url: String,
    /// `DATABASE_POOL_SIZE`: connections a process holds to each of the two, at most.
    pub pool_size: u32,
    /// `DATABASE_ACQUIRE_TIMEOUT_MS`: how long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// `DATABASE_STATEMENT_TIMEOUT_MS`: the server ends a statement after that.
    pub statement_timeout: Duration,
}

/// The HTTP edge.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// `LISTEN`: address and port to listen on.
    pub listen: SocketAddr,
    /// `PUBLIC_URL`: where clients reach this API, without a trailing slash.
    pub public_url: String,
    /// `BASE_DOMAIN`: public reads find their tenant by its subdomain of this.
    pub base_domain: Option<String>,
    /// `GRAPHIQL`: whether `/graphiql` answers.
    pub graphiql: bool,
    /// `INTROSPECTION`: whether the schema may be asked for.
    pub introspection: bool,
    /// `REQUEST_TIMEOUT_MS`: from the first byte of the body to the answer.
    pub request_timeout: Duration,
    /// `SHUTDOWN_TIMEOUT_MS`: how long a process that was asked to stop waits for what is under way: requests, and the
    /// worker's jobs and webhooks.
    pub shutdown_timeout: Duration,
    /// `WS_INIT_TIMEOUT_MS`: how long a WebSocket may stay open without saying who it is.
    pub ws_init_timeout: Duration,
    /// `WS_PING_INTERVAL_MS`: how often a WebSocket is pinged; one that is silent for two of these is closed.
    pub ws_ping_interval: Duration,
    /// `WS_MAX_SOCKETS`: WebSockets and streams of events that a process holds open at once.
    pub max_sockets: usize,
    /// `WS_MAX_SOCKETS_PER_TENANT`: those of one tenant in a process.
    pub max_sockets_per_tenant: usize,
    /// `WS_MAX_OPERATIONS_PER_TENANT`: operations that run at once on one tenant's WebSockets in a process.
    pub max_operations_per_tenant: usize,
    /// `WS_SEND_TIMEOUT_MS`: a client of a WebSocket or a stream of events that does not read for so long is
    /// disconnected, and told to resume.
    pub ws_send_timeout: Duration,
    /// What GraphiQL's headers editor starts with: whoever can open the page can read them. Set by `emporia dev`
    /// alone, never from the environment.
    pub graphiql_headers: Option<BTreeMap<String, String>>,
}

/// Outgoing webhooks.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// `WEBHOOK_ALLOW_PRIVATE`: whether endpoints in private, loopback and link-local networks may be called.
    pub allow_private: bool,
    /// `WEBHOOK_TIMEOUT_MS`: for one attempt, connection to last byte.
    pub timeout: Duration,
    /// `WEBHOOK_RETRY_SECONDS`: waits between attempts, comma-separated; one attempt more than entries.
    pub retry: Vec<Duration>,
}

/// Everything a process needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    pub database: DatabaseConfig,
    pub http: HttpConfig,
    pub webhook: WebhookConfig,
    /// `PAYMENT_TIMEOUT_MS`: how long a checkout waits for its payment gateway; the worker asks it afterwards. At
    /// most a minute; has to leave a request time to settle.
    pub payment_timeout: Duration,
    /// `REDIS_URL`: cache, pub/sub. Without it, in-process stand-ins (one process only).
    pub redis_url: Option<String>,
    /// `DEVELOPMENT`: admits the `bogus` gateway and everything else that must not exist in production.
    pub development: bool,
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::read(&Env::process())
    }

    /// Reads from the given variables.
    pub fn read(env: &Env) -> Result<Self, ConfigErrors> {
        let mut r = env.reader();
        let config = Self {
            database: DatabaseConfig {
                url: r.database_url("DATABASE_URL", "postgres://emporia_app:…@host/emporia"),
                platform_url: r.database_url("DATABASE_PLATFORM_URL", "postgres://emporia_platform:…@host/emporia"),
                pool_size: r.number("DATABASE_POOL_SIZE", 10, 1..=1000),
                acquire_timeout: r.millis("DATABASE_ACQUIRE_TIMEOUT_MS", 5_000),
                statement_timeout: r.millis("DATABASE_STATEMENT_TIMEOUT_MS", 10_000),
            },
            http: HttpConfig {
                listen: r.parsed("LISTEN", SocketAddr::from(([127, 0, 0, 1], 8000)), "an address like 127.0.0.1:8000"),
                public_url: r.web_address("PUBLIC_URL", "http://127.0.0.1:8000"),
                base_domain: r.optional("BASE_DOMAIN").map(|domain| domain.to_ascii_lowercase()),
                graphiql: r.flag("GRAPHIQL", false),
                introspection: r.flag("INTROSPECTION", true),
                request_timeout: r.millis("REQUEST_TIMEOUT_MS", 30_000),
                shutdown_timeout: r.millis("SHUTDOWN_TIMEOUT_MS", 10_000),
                ws_init_timeout: r.millis("WS_INIT_TIMEOUT_MS", 10_000),
                ws_ping_interval: r.millis("WS_PING_INTERVAL_MS", 15_000),
                max_sockets: r.number("WS_MAX_SOCKETS", 5_000, 1..=100_000) as usize,
                max_sockets_per_tenant: r.number("WS_MAX_SOCKETS_PER_TENANT", 1_000, 1..=100_000) as usize,
                max_operations_per_tenant: r.number("WS_MAX_OPERATIONS_PER_TENANT", 5_000, 1..=1_000_000) as usize,
                ws_send_timeout: r.millis("WS_SEND_TIMEOUT_MS", 10_000),
                graphiql_headers: None,
            },
            webhook: WebhookConfig {
                allow_private: r.flag("WEBHOOK_ALLOW_PRIVATE", false),
                timeout: r.millis("WEBHOOK_TIMEOUT_MS", 15_000),
                retry: r.seconds_list("WEBHOOK_RETRY_SECONDS", &[60, 120, 240, 480]),
            },
            payment_timeout: r.millis_to("PAYMENT_TIMEOUT_MS", 20_000, MAX_PAYMENT_TIMEOUT_MS),
            redis_url: r.redis_url("REDIS_URL"),
            development: r.flag("DEVELOPMENT", false),
        };
        r.finish(config)
    }
}
