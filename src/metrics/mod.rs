//! What a process counts of itself, for Prometheus: docs/operations.md lists it.
//!
//! Invariants: no label has more values than are bounded here ([`Names`]), none is a tenant, and a request builds no text:
//! its route's and its operation's counts are looked up by name under a lock that readers share, and added to.

mod names;
mod pools;
mod process;
mod serve;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use crate::db::Db;
use crate::graphql::scope::Transport;
use crate::outside::State;
use names::Names;
pub use serve::listen;

/// Distinct operations that are told apart; clients name them, so those that come later are one: `other`.
const MAX_OPERATIONS: usize = 100;
/// Routes, of which the router has fewer.
const MAX_ROUTES: usize = 50;

/// Upper bounds in seconds, of what a client waits for.
const LATENCY: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Of what happens after the commit, up to an hour.
const DELAY: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0];

type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// The process's counts. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    routes: Names<Route>,
    operations: [Names<Operation>; 3],
    in_flight: Gauge,
    refused: Counters<1>,
    unshared: Counters<1>,
    outside_calls: Counters<2>,
    circuits: Family<Labels<2>, Gauge>,
    stripe_events: Counters<1>,
    stripe_syncs: Counters<1>,
    /// Room for sockets, and how much there was at first.
    sockets: OnceLock<(Arc<Semaphore>, usize)>,
    sockets_open: Gauge,
    hears_notices: Gauge,
    published: Counter,
    publish_delay: Histogram,
    posted: Counters<1>,
    bells: Counters<2>,
    job_attempts: Counters<2>,
    job_duration: Histograms<1>,
    job_wait: Histograms<1>,
    attempts: Counters<1>,
    attempt_duration: Histogram,
    first_attempt_delay: Histogram,
    oldest_work: Family<Labels<1>, Gauge<f64, AtomicU64>>,
}

fn latency() -> Histogram {
    Histogram::new(LATENCY)
}

fn by_kind() -> Histograms<1> {
    Family::new_with_constructor(delay)
}

fn delay() -> Histogram {
    Histogram::new(DELAY)
}

impl Metrics {
    pub fn new(db: &Db) -> Self {
        let mut registry = Registry::with_prefix("emporia");
        let r = &mut registry;
        let http = kept(
            r,
            "http_requests",
            "Requests by route and status; gone: the client went first",
            Counters::<2>::default(),
        );
        let http_duration: Histograms<1> = Family::new_with_constructor(latency);
        let http_duration = kept(r, "http_request_duration_seconds", "Until the answer is made", http_duration);
        let operations = kept(
            r,
            "graphql_operations",
            "Operations that have ended, by operation name, transport and outcome",
            Counters::<3>::default(),
        );
        let subscriptions = kept(
            r,
            "graphql_subscriptions",
            "Subscriptions begun, by operation name and transport",
            Counters::<2>::default(),
        );
        let duration: Histograms<2> = Family::new_with_constructor(latency);
        let duration = kept(r, "graphql_operation_duration_seconds", "From the parsed body to the response", duration);
        let routes = Names::new(MAX_ROUTES, move |route| Route::new(route, &http, &http_duration));
        let operations = Transport::ALL.map(|transport| {
            let (operations, subscriptions, duration) = (operations.clone(), subscriptions.clone(), duration.clone());
            Names::new(MAX_OPERATIONS, move |name| {
                Operation::new(name, transport, &operations, &subscriptions, &duration)
            })
        });
        r.register_collector(Box::new(pools::Pools(db.clone())));
        let build = prometheus_client::metrics::info::Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "The running version", build);
        let inner = Inner {
            routes,
            operations,
            in_flight: kept(r, "http_requests_in_flight", "Requests being answered", Gauge::default()),
            refused: kept(r, "graphql_refused", "Operations refused before execution, by code", Counters::default()),
            unshared: kept(
                r,
                "limits_unshared",
                "What a process counted alone towards a limit because Redis did not answer, by limit",
                Counters::default(),
            ),
            outside_calls: kept(
                r,
                "outside_calls",
                "Attempts to call services of others, by target and outcome; skipped: nobody asks it at the moment",
                Counters::default(),
            ),
            circuits: kept(
                r,
                "outside_circuit",
                "Circuits to a service of others by their state, as of the last call: one, or one for each of many",
                Family::default(),
            ),
            stripe_events: kept(
                r,
                "stripe_events",
                "Events of Stripe's that were taken, by outcome: rung, repeated, unmatched, other_version",
                Counters::default(),
            ),
            stripe_syncs: kept(
                r,
                "stripe_syncs",
                "Comparisons of a subscription with Stripe, by outcome: same, changed, drift, unknown_price, …",
                Counters::default(),
            ),
            sockets: OnceLock::new(),
            sockets_open: kept(r, "sockets_open", "WebSockets and streams of events that are open", Gauge::default()),
            hears_notices: kept(
                r,
                "notices_heard",
                "1 while notices of other processes arrive (Redis)",
                Gauge::default(),
            ),
            published: kept(r, "events_published", "Events that got their position", Counter::default()),
            publish_delay: kept(r, "event_publish_delay_seconds", "From an event to its publication", delay()),
            posted: kept(r, "ledger_postings", "Postings of usage and fees, by kind", Counters::default()),
            bells: kept(
                r,
                "worker_bells",
                "Bells that were answered, each of which stands for all of a tenant's work of a kind, by outcome",
                Counters::default(),
            ),
            job_attempts: kept(
                r,
                "job_attempts",
                "Attempts at jobs, by kind and what followed: succeeded, again, failed, cancelled, given_back",
                Counters::default(),
            ),
            job_duration: kept(r, "job_attempt_duration_seconds", "Of attempts at jobs, by kind", by_kind()),
            job_wait: kept(r, "job_wait_seconds", "From when a job was due to an attempt's begin, by kind", by_kind()),
            attempts: kept(r, "webhook_attempts", "Attempts to deliver, by outcome", Counters::default()),
            attempt_duration: kept(r, "webhook_attempt_duration_seconds", "Of attempts that were made", latency()),
            first_attempt_delay: kept(
                r,
                "webhook_first_attempt_delay_seconds",
                "From an event to the first attempt to deliver it",
                delay(),
            ),
            oldest_work: kept(
                r,
                "work_oldest_seconds",
                "Age of the longest due work that is not done, by kind; of the whole database",
                Family::default(),
            ),
            registry,
        };
        Self(Arc::new(inner))
    }

    /// A route's counts.
    pub fn route(&self, route: &str) -> Arc<Route> {
        self.0.routes.get(if route.is_empty() { "none" } else { route })
    }

    /// A request begins; it ends when this is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.0.in_flight.inc();
        InFlight(self.0.in_flight.clone())
    }

    /// An operation's counts.
    pub fn operation(&self, name: Option<&str>, transport: Transport) -> Arc<Operation> {
        self.0.operations[transport as usize].get(name.unwrap_or("unnamed"))
    }

    /// An operation was refused before it was executed.
    pub fn refused(&self, code: &str) {
        self.0.refused.get_or_create(&[("code", code.to_owned())]).inc();
    }

    /// What this process counts alone towards a limit.
    pub fn unshared(&self, limit: &'static str) -> Counter {
        self.0.unshared.get_or_create_owned(&[("limit", limit.to_owned())])
    }

    /// An attempt to call a service of others' has ended, or was not made.
    pub fn outside_call(&self, target: &str, outcome: &'static str) {
        let labels = [("target", target.to_owned()), ("outcome", outcome.to_owned())];
        self.0.outside_calls.get_or_create(&labels).inc();
    }

    /// How many circuits to such a service are in this state.
    pub fn circuits(&self, target: &str, state: State, count: usize) {
        let labels = [("target", target.to_owned()), ("state", state.as_str().to_owned())];
        self.0.circuits.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// An event of Stripe's was taken.
    pub fn stripe_event(&self, outcome: &'static str) {
        self.0.stripe_events.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// A subscription was compared with Stripe.
    pub fn stripe_sync(&self, outcome: &'static str) {
        self.0.stripe_syncs.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// Where the process's sockets find room.
    pub fn watch_sockets(&self, room: &Arc<Semaphore>) {
        let _ = self.0.sockets.set((room.clone(), room.available_permits()));
    }

    /// Events were published, the longest waiting one after so long.
    pub fn published(&self, events: usize, waited: Duration) {
        self.0.published.inc_by(events as u64);
        self.0.publish_delay.observe(waited.as_secs_f64());
    }

    /// So many postings of a kind were written.
    pub fn posted(&self, kind: &'static str, postings: usize) {
        self.0.posted.get_or_create(&[("kind", kind.to_lowercase())]).inc_by(postings as u64);
    }

    /// The worker has seen to all of a tenant's work of a kind, or has not.
    pub fn bell(&self, work: &'static str, outcome: &'static str) {
        self.0.bells.get_or_create(&[("work", work.to_lowercase()), ("outcome", outcome.to_owned())]).inc();
    }

    /// An attempt at a job of a kind, of which there are few, that began so long after it was due.
    pub fn job_attempt(&self, kind: &str, followed: &'static str, waited: Duration, took: Duration) {
        let label = || ("kind", kind.to_owned());
        self.0.job_attempts.get_or_create(&[label(), ("followed", followed.to_owned())]).inc();
        self.0.job_duration.get_or_create(&[label()]).observe(took.as_secs_f64());
        self.0.job_wait.get_or_create(&[label()]).observe(waited.as_secs_f64());
    }

    /// An attempt to deliver was made; `since_event` of a delivery's first one.
    pub fn attempt(&self, outcome: &'static str, took: Duration, since_event: Option<Duration>) {
        self.0.attempts.get_or_create(&[("outcome", outcome.to_owned())]).inc();
        self.0.attempt_duration.observe(took.as_secs_f64());
        if let Some(since_event) = since_event {
            self.0.first_attempt_delay.observe(since_event.as_secs_f64());
        }
    }

    /// How long the oldest work of a kind has been due.
    pub fn oldest_work(&self, work: &'static str, age: Duration) {
        self.0.oldest_work.get_or_create(&[("work", work.to_lowercase())]).set(age.as_secs_f64());
    }

    /// Everything as OpenMetrics text.
    pub fn text(&self, hears_notices: bool) -> String {
        let inner = &self.0;
        if let Some((room, max)) = inner.sockets.get() {
            inner.sockets_open.set(i64::try_from(max.saturating_sub(room.available_permits())).unwrap_or_default());
        }
        inner.hears_notices.set(hears_notices.into());
        let mut text = String::with_capacity(16 << 10);
        // A String takes everything.
        let _ = prometheus_client::encoding::text::encode_registry(&mut text, &inner.registry);
        process::write(&mut text);
        let _ = prometheus_client::encoding::text::encode_eof(&mut text);
        text
    }
}

/// Registers a metric and keeps a handle on it.
fn kept<M>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M
where
    M: prometheus_client::registry::Metric + Clone,
{
    registry.register(name, help, metric.clone());
    metric
}

/// A request that is being answered.
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// One route's counts.
pub struct Route {
    /// By the status's first figure.
    answered: [Counter; 5],
    gone: Counter,
    duration: Histogram,
}

impl Route {
    fn new(route: &str, requests: &Counters<2>, duration: &Histograms<1>) -> Self {
        let of = |outcome: &str| {
            requests.get_or_create_owned(&[("route", route.to_owned()), ("status", outcome.to_owned())])
        };
        let answered = ["1xx", "2xx", "3xx", "4xx", "5xx"].map(of);
        Self { answered, gone: of("gone"), duration: duration.get_or_create_owned(&[("route", route.to_owned())]) }
    }

    /// Answered with this status after so long.
    pub fn answered(&self, status: u16, took: Duration) {
        if let Some(counter) = self.answered.get(usize::from(status / 100).wrapping_sub(1)) {
            counter.inc();
        }
        self.duration.observe(took.as_secs_f64());
    }

    /// The client went before the answer.
    pub fn gone(&self) {
        self.gone.inc();
    }
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Without an error.
    Ok,
    /// With errors that its caller can understand.
    Errors,
    /// With one that is ours.
    Fault,
    /// Its client went, or its time was over; or a subscription that was not over when its client or the process ended it.
    Dropped,
}

/// One operation's counts on one transport.
pub struct Operation {
    outcomes: [Counter; 4],
    subscriptions: Counter,
    duration: Histogram,
}

impl Operation {
    fn new(
        name: &str,
        transport: Transport,
        operations: &Counters<3>,
        subscriptions: &Counters<2>,
        duration: &Histograms<2>,
    ) -> Self {
        let name = || ("operation", name.to_owned());
        let transport = || ("transport", transport.as_str().to_owned());
        let outcomes = ["ok", "errors", "fault", "dropped"]
            .map(|outcome| operations.get_or_create_owned(&[name(), transport(), ("outcome", outcome.to_owned())]));
        let subscriptions = subscriptions.get_or_create_owned(&[name(), transport()]);
        Self { outcomes, subscriptions, duration: duration.get_or_create_owned(&[name(), transport()]) }
    }

    /// Begins to measure the execution of a query or a mutation.
    pub fn begin(self: Arc<Self>) -> Running {
        Running { operation: self, started: Some(Instant::now()), outcome: Outcome::Dropped }
    }

    /// Counts a subscription that begins. How long it lasts is its client's choice, and no latency.
    pub fn begin_subscription(self: Arc<Self>) -> Running {
        self.subscriptions.inc();
        Running { operation: self, started: None, outcome: Outcome::Dropped }
    }
}

/// An execution; counted when this is dropped.
pub struct Running {
    operation: Arc<Operation>,
    /// Of what is measured.
    started: Option<Instant>,
    outcome: Outcome,
}

impl Running {
    pub fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.operation.outcomes[self.outcome as usize].inc();
        if let Some(started) = self.started {
            self.operation.duration.observe(started.elapsed().as_secs_f64());
        }
    }
}
