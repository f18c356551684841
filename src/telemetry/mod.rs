//! What a process says about itself: one line per event, JSON in production, readable text in a terminal.
//!
//! Headers, variables, documents and bodies are never logged: they carry keys and personal data. What a line may
//! carry is named where it is written (`http::request`): request id, path without query string, status, tenant and
//! operation name.

mod json;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Libraries that print headers, statements or values when asked for more than this.
const QUIET: [&str; 7] = [
    "hyper=info",
    "hyper_util=info",
    "reqwest=info",
    "tokio_postgres=info",
    "diesel=info",
    "tungstenite=info",
    "tokio_tungstenite=info",
];

/// Starts logging to standard output; `log` says how much (`info`, `emporia=debug`, …). A second call changes
/// nothing.
pub fn init(log: &str) {
    let subscriber: Box<dyn tracing::Subscriber + Send + Sync> = if std::io::stdout().is_terminal() {
        Box::new(
            tracing_subscriber::fmt()
                .with_env_filter(filter(log))
                .with_target(false)
                .log_internal_errors(false)
                .finish(),
        )
    } else {
        Box::new(json(std::io::stdout, log))
    };
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            // The message of a panic is ours or a library's; the values it may print are not the client's to see,
            // but the operator's.
            tracing::error!(location = panic.location().map(ToString::to_string), "{}", message(panic));
        }));
    }
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
