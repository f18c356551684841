//! What a process says about itself: one line per event, JSON in production, readable text in a terminal.
//!
//! Headers, variables, documents and bodies are never logged: they carry keys and personal data. What a line may
//! carry is named where it is written (`http::request`): request id, path without query string, status, tenant and
//! operation name.

mod json;
pub mod trace;

use std::io::IsTerminal;

use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::{Registry, fmt};

use crate::config::Config;

/// Libraries that print headers, statements or values when asked for more than this.
const QUIET: [&str; 8] = [
    // Spans for traces only.
    "emporia::trace=off",
    "hyper=info",
    "hyper_util=info",
    "reqwest=info",
    "tokio_postgres=info",
    "diesel=info",
    "tungstenite=info",
    "tokio_tungstenite=info",
];

/// Starts logging to standard output, as much as `LOG` says, and traces where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to.
/// A second call changes nothing.
pub fn init(config: &Config) -> anyhow::Result<()> {
    let log = &config.log;
    let subscriber: Box<dyn tracing::Subscriber + Send + Sync> = match &config.traces {
        Some(traces) => Box::new(traced(log, traces)?),
        None if std::io::stdout().is_terminal() => {
            Box::new(fmt().with_env_filter(filter(log)).with_target(false).log_internal_errors(false).finish())
        }
        None => Box::new(json(std::io::stdout, log)),
    };
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            // The message of a panic is ours or a library's; the values it may print are not the client's to see,
            // but the operator's.
            tracing::error!(location = panic.location().map(ToString::to_string), "{}", message(panic));
        }));
    }
    Ok(())
}

/// The log, and beside it the traces. What is logged is no part of a trace: it may hold what a database says.
fn traced(log: &str, traces: &crate::config::TraceConfig) -> anyhow::Result<impl tracing::Subscriber + Send + Sync> {
    let layer = fmt::layer().log_internal_errors(false);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match std::io::stdout().is_terminal() {
        true => layer.with_target(false).with_filter(filter(log)).boxed(),
        false => layer.fmt_fields(json::Members).event_format(json::Line).with_filter(filter(log)).boxed(),
    };
    let spans = tracing_opentelemetry::layer()
        .with_tracer(trace::tracer(traces)?)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_context_activation(false)
        .with_filter(
            filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("emporia"))
                .with_max_level_hint(LevelFilter::INFO),
        );
    Ok(tracing_subscriber::registry().with(lines).with(spans))
}

/// The subscriber of production, writing JSON lines to `writer`.
pub fn json<W>(writer: W, log: &str) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        // It would say so on stderr, and panic where that has gone too.
        .log_internal_errors(false)
        .fmt_fields(json::Members)
        .event_format(json::Line)
        .with_env_filter(filter(log))
        .with_writer(writer)
        .finish()
}

/// Whether a text says how much is to be logged.
pub fn is_filter(log: &str) -> bool {
    EnvFilter::try_new(log).is_ok()
}

fn filter(log: &str) -> EnvFilter {
    let filter = EnvFilter::try_new(log).unwrap_or_else(|_| EnvFilter::new("info"));
    QUIET.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive)
}

fn message(panic: &std::panic::PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}
