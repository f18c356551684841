//! Every request gets an id, a span that carries it, and one line in the log when it is answered; while the process
//! stops, it is its connection's last.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::host;
use super::router::Served;
use crate::metrics::{InFlight, Metrics, Route};
use crate::telemetry::trace;

/// Characters of an operation's name in the log.
const MAX_OPERATION: usize = 128;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The request's id, in its extensions.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// Gives the request its id: the caller's `x-request-id` when it is harmless, else a new one.
pub async fn identify(State(served): State<Arc<Served>>, mut request: Request, next: Next) -> Response {
    let id: Arc<str> = match given(request.headers()) {
        Some(id) => id.into(),
        None => served.app.entropy.uuid_v7(served.app.clock.now()).to_string().into(),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    // The route alone: a path may hold a token, a query string holds variables.
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let span = tracing::info_span!("request", request_id = %id, method = %request.method(), route,
        tenant = Empty, operation = Empty, otel.kind = Empty, otel.name = Empty, otel.status_code = Empty,
        http.response.status_code = Empty);
    if trace::is_on() {
        begin_trace(&span, route, &request);
    }
    let line = Line::begin(&served.app.metrics, route);
    let mut response = async {
        let response = match host::refusal(&request) {
            Some(refusal) => refusal,
            None => next.run(request).await,
        };
        line.answered(&response);
        if trace::is_on() {
            end_trace(&response);
        }
        response
    }
    .instrument(span)
    .await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // A process that is stopping takes no second request of a connection: the client, or the load balancer that keeps
    // connections, makes its next one elsewhere, and none is cut off.
    if served.stopping.is_cancelled() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Says of the span what traces want to know, and makes it part of the caller's trace.
fn begin_trace(span: &Span, route: &str, request: &Request) {
    if let Some(caller) = request.headers().get(trace::TRACEPARENT).and_then(|value| value.to_str().ok()) {
        trace::follow(span, caller);
    }
    span.record("otel.kind", "server");
    span.record("otel.name", format!("{} {route}", request.method()).trim_end());
}

fn end_trace(response: &Response) {
    let status = response.status();
    Span::current().record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        Span::current().record("otel.status_code", "ERROR");
    }
}

/// A request's one line in the log, and its place in the counts, which it also gets when its client goes before the answer.
struct Line {
    counts: Arc<Route>,
    _in_flight: InFlight,
    started: Instant,
    is_written: bool,
}

impl Line {
    fn begin(metrics: &Metrics, route: &str) -> Self {
        let (counts, in_flight) = (metrics.route(route), metrics.in_flight());
        Self { counts, _in_flight: in_flight, started: Instant::now(), is_written: false }
    }

    fn elapsed_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1000.0
    }

    fn answered(mut self, response: &Response) {
        self.is_written = true;
        self.counts.answered(response.status().as_u16(), self.started.elapsed());
        tracing::info!(status = response.status().as_u16(), elapsed_ms = self.elapsed_ms(), "answered");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.is_written {
            self.counts.gone();
            tracing::info!(elapsed_ms = self.elapsed_ms(), "the client went before the answer");
        }
    }
}

/// What the client says of itself.
pub fn user_agent(headers: &HeaderMap) -> Option<Arc<str>> {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(Arc::from)
}

/// Notes whose request this is; called once the guard knows.
pub fn record_tenant(tenant: impl std::fmt::Display) {
    Span::current().record("tenant", tracing::field::display(tenant));
}

/// Notes the operation's name, as much of it as tells operations apart: clients choose it, and every line has it.
pub fn record_operation(name: &str) {
    let end = name.char_indices().nth(MAX_OPERATION).map_or(name.len(), |(at, _)| at);
    Span::current().record("operation", &name[..end]);
}

/// Well formed: 8 to 64 letters, digits, `-`, `_`, `.`; anything else could break a log line apart.
fn given(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(&REQUEST_ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((8..=64).contains(&id.len()) && id.bytes().all(harmless)).then_some(id)
}
