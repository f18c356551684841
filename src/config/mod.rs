//! Settings: one struct per concern, read from the environment, every mistake reported at once.
//!
//! Each variable is declared where it is read ([`read`]): name, default, bounds, meaning. What `emporia config` says and
//! `docker/.env.example` come from there.

mod env;
mod mail;
mod migrate;
mod plans;
mod providers;
mod read;
mod retention;
mod servers;
mod setting;
mod stripe;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

pub use env::Env;
use ipnet::IpNet;
pub use mail::MailConfig;
pub use migrate::MigrateConfig;
pub use plans::{Downgrade, PlanConfig};
pub use providers::{NewShopConfig, ProviderConfig, TenantClaim, is_of_this_machine};
pub use read::ConfigErrors;
use read::Reader;
pub use retention::RetentionConfig;
pub use setting::Setting;
pub use stripe::{StripeAccount, StripeConfig, StripeKey};
pub use text::{example, shown};

use crate::telemetry::trace::SamplerKind;

/// The most that `PAYMENT_TIMEOUT_MS` may be, in milliseconds. What a checkout reserves is kept for twice as long, so
/// that the worker never gives up a payment that is still being made.
pub const MAX_PAYMENT_TIMEOUT_MS: u32 = 60_000;

/// Where `emporia dev` keeps its store, and operators' commands look for it: clap reads it by this name too.
pub const DATA_DIR_VARIABLE: &str = "EMPORIA_DATA_DIR";
/// The data directory unless another is named, by argument or variable.
pub const DATA_DIR: &str = ".emporia";

/// PostgreSQL.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `DATABASE_URL`: the requests' role (`emporia_app`): not the owner, not superuser, no BYPASSRLS.
    pub url: String,
    /// `DATABASE_PLATFORM_URL`: the role for tenants, keys and the worker's bell (`emporia_platform`).
    pub platform_url: String,
    /// `DATABASE_REPLICA_URL`: a server that follows the first one, for reads that may be a moment old.
    pub replica_url: Option<String>,
    /// `DATABASE_POOL_SIZE`: connections a process holds to each of them, at most.
    pub pool_size: u32,
    /// `DATABASE_ACQUIRE_TIMEOUT_MS`: how long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// `DATABASE_STATEMENT_TIMEOUT_MS`: the server ends a statement after that.
    pub statement_timeout: Duration,
}

/// Certificates for Redis, as PEM.
#[derive(Clone, Debug, Default)]
pub struct RedisTls {
    /// Who may sign the server's; none: those whom the system trusts.
    pub roots: Option<Vec<u8>>,
    /// The client's own, with its key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl RedisTls {
    fn is_some(&self) -> bool {
        self.roots.is_some() || self.client.is_some()
    }
}

/// Traces for OpenTelemetry; where they go to, its own library reads.
#[derive(Clone, Debug)]
pub struct TraceConfig {
    /// `OTEL_SERVICE_NAME`.
    pub service_name: String,
    /// `OTEL_TRACES_SAMPLER`.
    pub sampler: SamplerKind,
    /// `OTEL_TRACES_SAMPLER_ARG`: of a sampler that takes a share of all, which; from 0 to 1.
    pub ratio: f64,
}

/// The HTTP edge.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// `LISTEN`: address and port to listen on.
    pub listen: SocketAddr,
    /// `PUBLIC_URL`: where clients reach this API, without a trailing slash.
    pub public_url: String,
    /// `STAFF_URL`: where staff's own application is, into which mails lead; without a trailing slash.
    pub staff_url: Option<String>,
    /// `BASE_DOMAIN`: public reads find their tenant by its subdomain of this.
    pub base_domain: Option<String>,
    /// `TRUSTED_PROXIES`: the networks of proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<IpNet>,
    /// `GRAPHIQL`: whether `/graphiql` answers.
    pub graphiql: bool,
    /// `INTROSPECTION`: whether the schema may be asked for.
    pub introspection: bool,
    /// `REQUEST_TIMEOUT_MS`: from the first byte of the body to the answer.
    pub request_timeout: Duration,
    /// `SHUTDOWN_DELAY_MS`: how long an API that was asked to stop goes on as before, while `/readyz` says no: the time
    /// in which a load balancer notices and turns to others. A single process has no others, and does not wait.
    pub shutdown_delay: Duration,
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
    pub mail: MailConfig,
    /// `IDENTITY_PROVIDERS`: outside OpenID providers whose tokens let staff in.
    pub providers: Vec<ProviderConfig>,
    pub plans: PlanConfig,
    pub stripe: StripeConfig,
    pub retention: RetentionConfig,
    /// `PAYMENT_TIMEOUT_MS`: how long a checkout waits for its payment gateway; the worker asks it afterwards. At
    /// most a minute; has to leave a request time to settle.
    pub payment_timeout: Duration,
    /// `REDIS_URL`: cache, pub/sub. Without it, in-process stand-ins (one process only).
    pub redis_url: Option<String>,
    /// `REDIS_CA_FILE`, `REDIS_CERT_FILE`, `REDIS_KEY_FILE`: for a `rediss://` URL.
    pub redis_tls: RedisTls,
    /// `DEVELOPMENT`: admits the `bogus` gateway and everything else that must not exist in production.
    pub development: bool,
    /// `METRICS_LISTEN`: where metrics are served, apart from the API; none: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: none without it.
    pub traces: Option<TraceConfig>,
    /// `LOG`: how much is logged, in `tracing`'s filter language.
    pub log: String,
}

/// What a process that may do without Redis is told.
const SINGLE: bool = true;

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::read(&Env::process())
    }

    /// Reads from the given variables what a single process needs.
    pub fn read(env: &Env) -> Result<Self, ConfigErrors> {
        Self::read_for(env, SINGLE)
    }

    /// Reads from the given variables; a process that may have siblings needs Redis.
    pub fn read_for(env: &Env, is_single_process: bool) -> Result<Self, ConfigErrors> {
        let mut r = env.reader();
        let config = Self::read_with(&mut r, is_single_process);
        r.finish(config)
    }

    /// Where the API of these variables listens; nothing but HTTP's settings is looked at.
    pub fn listen(env: &Env) -> Result<SocketAddr, ConfigErrors> {
        let mut r = env.reader();
        let listen = HttpConfig::read_with(&mut r).listen;
        r.finish(listen)
    }

    fn read_with(r: &mut Reader<'_>, is_single_process: bool) -> Self {
        let database = DatabaseConfig::read_with(r);
        r.section("Redis");
        let (redis_url, redis_tls) = (r.redis_url(is_single_process), r.redis_tls());
        let http = HttpConfig::read_with(r);
        let config = Self {
            database,
            redis_url,
            redis_tls,
            webhook: WebhookConfig::read_with(r),
            mail: MailConfig::read_with(r),
            providers: providers::read_with(r, &http.public_url),
            http,
            plans: PlanConfig::read_with(r),
            stripe: StripeConfig::read_with(r),
            retention: RetentionConfig::read_with(r),
            payment_timeout: {
                r.section("The process");
                let meaning = "how long a checkout waits for its gateway before the worker asks it";
                r.millis_to("PAYMENT_TIMEOUT_MS", 20_000, MAX_PAYMENT_TIMEOUT_MS, meaning)
            },
            development: r.flag("DEVELOPMENT", false, "admits the bogus payment gateway; never in production"),
            metrics_listen: r.address(
                "METRICS_LISTEN",
                "127.0.0.1:9100",
                "where /metrics (Prometheus) and /livez are served, by serve and worker: not for the public",
            ),
            log: r.log_filter("LOG", "info", "how much is logged: info, or emporia=debug, …"),
            traces: TraceConfig::read_with(r),
        };
        config.note_contradictions(r);
        config
    }

    /// What is right by itself and wrong together.
    fn note_contradictions(&self, r: &mut Reader<'_>) {
        if self.payment_timeout >= self.http.request_timeout {
            let (time, limit) = (self.payment_timeout.as_millis(), self.http.request_timeout.as_millis());
            r.mistake(format!(
                "PAYMENT_TIMEOUT_MS is {time} and REQUEST_TIMEOUT_MS {limit}; expected less: a request has to settle what \
                 its gateway says"
            ));
        }
        let is_encrypted = self.redis_url.as_ref().is_some_and(|url| url.starts_with("rediss://"));
        if self.redis_tls.is_some() && !is_encrypted {
            r.mistake("REDIS_CA_FILE, REDIS_CERT_FILE and REDIS_KEY_FILE need a REDIS_URL of rediss://".to_owned());
        }
    }

    /// Everything there is to set, of commands that need other variables too, with every mistake.
    pub fn survey(env: &Env, is_single_process: bool) -> (Vec<Setting>, Vec<String>) {
        let mut r = env.reader();
        Self::read_with(&mut r, is_single_process);
        r.section("Commands");
        r.database_url_if_set(&servers::OWNER);
        r.database_url_if_set(&servers::BACKUP);
        r.text(DATA_DIR_VARIABLE, DATA_DIR, "where emporia dev keeps database, passwords and keys");
        r.survey()
    }
}

impl DatabaseConfig {
    fn read_with(r: &mut Reader<'_>) -> Self {
        r.section("PostgreSQL");
        Self {
            url: r.database_url(&servers::APP),
            platform_url: r.database_url(&servers::PLATFORM),
            replica_url: r.database_url_if_set(&servers::REPLICA),
            pool_size: r.number(
                "DATABASE_POOL_SIZE",
                10,
                1..=1000,
                "connections a process holds to each of them, at most",
            ),
            acquire_timeout: r.millis(
                "DATABASE_ACQUIRE_TIMEOUT_MS",
                5_000,
                "how long a request waits for a connection",
            ),
            statement_timeout: r.millis(
                "DATABASE_STATEMENT_TIMEOUT_MS",
                10_000,
                "the server ends a statement after that",
            ),
        }
    }
}

impl HttpConfig {
    /// The handles that would be the service's own names: of `PUBLIC_URL` and `STAFF_URL`, below `BASE_DOMAIN`.
    pub fn service_handles(&self) -> impl Iterator<Item = String> {
        let urls = std::iter::once(self.public_url.as_str()).chain(self.staff_url.as_deref());
        urls.filter_map(|url| {
            let host = url::Url::parse(url).ok()?.host_str()?.to_ascii_lowercase();
            let before = host.strip_suffix(self.base_domain.as_deref()?)?.strip_suffix('.')?;
            (!before.contains('.')).then(|| before.to_owned())
        })
    }

    fn read_with(r: &mut Reader<'_>) -> Self {
        r.section("HTTP");
        let listen = SocketAddr::from(([127, 0, 0, 1], 8000));
        let sockets = 1..=100_000;
        Self {
            listen: r.parsed("LISTEN", listen, "an address like 127.0.0.1:8000", "address and port to listen on"),
            public_url: r.web_address("PUBLIC_URL", "http://127.0.0.1:8000", "where clients reach this API"),
            staff_url: r.web_address_if_set(
                "STAFF_URL",
                "https://admin.example",
                "staff's own application, into which mails to them lead; without it they hold a token to enter",
            ),
            base_domain: r.domain(
                "BASE_DOMAIN",
                "shops.example",
                "public reads find their tenant by its subdomain of this",
            ),
            trusted_proxies: r.networks(
                "TRUSTED_PROXIES",
                "10.0.0.0/8,2001:db8::/32",
                "networks of proxies whose X-Forwarded-For or Forwarded is believed; none without it",
            ),
            graphiql: r.flag("GRAPHIQL", false, "whether /graphiql answers"),
            introspection: r.flag("INTROSPECTION", true, "whether the schema may be asked for"),
            request_timeout: r.millis("REQUEST_TIMEOUT_MS", 30_000, "from the first byte of the body to the answer"),
            shutdown_delay: r.millis_from_none(
                "SHUTDOWN_DELAY_MS",
                5_000,
                "how long an API that was asked to stop still takes requests, while /readyz says no",
            ),
            shutdown_timeout: r.millis(
                "SHUTDOWN_TIMEOUT_MS",
                10_000,
                "how long a process that is to stop then waits for what is under way",
            ),
            ws_init_timeout: r.millis(
                "WS_INIT_TIMEOUT_MS",
                10_000,
                "how long a WebSocket may stay open without saying who it is",
            ),
            ws_ping_interval: r.millis(
                "WS_PING_INTERVAL_MS",
                15_000,
                "how often a WebSocket is pinged; one that is silent for two of these is closed",
            ),
            max_sockets: r.number(
                "WS_MAX_SOCKETS",
                5_000,
                sockets.clone(),
                "WebSockets and streams of events that a process holds open at once",
            ) as usize,
            max_sockets_per_tenant: r.number("WS_MAX_SOCKETS_PER_TENANT", 1_000, sockets, "those of one tenant")
                as usize,
            max_operations_per_tenant: r.number(
                "WS_MAX_OPERATIONS_PER_TENANT",
                5_000,
                1..=1_000_000,
                "operations that run at once on one tenant's WebSockets",
            ) as usize,
            ws_send_timeout: r.millis(
                "WS_SEND_TIMEOUT_MS",
                10_000,
                "a client that does not read for so long is disconnected, and told to resume",
            ),
            graphiql_headers: None,
        }
    }
}

impl TraceConfig {
    fn read_with(r: &mut Reader<'_>) -> Option<Self> {
        r.section("Traces (OpenTelemetry)");
        let endpoint = r.web_address_if_set(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://collector:4318",
            "where traces are sent by OTLP over HTTP; none without it",
        );
        r.secret("OTEL_EXPORTER_OTLP_HEADERS", "authorization=…", "headers for it, comma-separated");
        let traces = Self {
            service_name: r.text("OTEL_SERVICE_NAME", "emporia", "the process's name in traces"),
            sampler: r.parsed(
                "OTEL_TRACES_SAMPLER",
                SamplerKind::ParentOrOn,
                "one of OpenTelemetry's, like parentbased_traceidratio",
                "which traces are recorded",
            ),
            ratio: r.parsed("OTEL_TRACES_SAMPLER_ARG", 1.0, "from 0 to 1", "which share a …traceidratio sampler takes"),
        };
        // Read by OpenTelemetry's own library; here to be known of.
        r.optional(
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=production",
            "what else to say of the process",
        );
        r.millis_from_none("OTEL_BSP_SCHEDULE_DELAY", 5_000, "how long spans are gathered before they are sent");
        if !(0.0..=1.0).contains(&traces.ratio) {
            r.mistake(format!("OTEL_TRACES_SAMPLER_ARG is \"{}\"; expected from 0 to 1", traces.ratio));
        }
        endpoint.map(|_| traces)
    }
}

impl WebhookConfig {
    fn read_with(r: &mut Reader<'_>) -> Self {
        r.section("Webhooks");
        Self {
            allow_private: r.flag(
                "WEBHOOK_ALLOW_PRIVATE",
                false,
                "whether endpoints in private, loopback and link-local networks may be called",
            ),
            timeout: r.millis("WEBHOOK_TIMEOUT_MS", 15_000, "for one attempt, connection to last byte"),
            retry: r.seconds_list(
                "WEBHOOK_RETRY_SECONDS",
                &[60, 120, 240, 480],
                "waits between attempts; one attempt more than entries",
            ),
        }
    }
}
