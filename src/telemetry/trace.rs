//! Traces for OpenTelemetry: a request, the use case that it calls, the statements it sends, the deliveries that come of
//! it.
//!
//! Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set, and then a look at one flag wherever a span would begin. A span holds
//! what a line of the log may hold and nothing else: no variables, no parameters of statements, no texts of errors.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::config::TraceConfig;

/// Of spans that are for traces only: the log leaves them out.
pub const TARGET: &str = "emporia::trace";
/// The W3C's header.
pub const TRACEPARENT: &str = "traceparent";
/// What has not been sent when the process ends is given up after so long.
const FLUSH: Duration = Duration::from_secs(3);

static IS_ON: AtomicBool = AtomicBool::new(false);
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// A span for traces only. Call it where [`is_on`].
macro_rules! span {
    ($($fields:tt)*) => { tracing::info_span!(target: $crate::telemetry::trace::TARGET, $($fields)*) };
}
pub(crate) use span;

/// Whether anybody collects traces.
pub fn is_on() -> bool {
    AtomicBool::load(&IS_ON, Ordering::Relaxed)
}

/// Begins to export spans; once a process.
pub fn tracer(config: &TraceConfig) -> anyhow::Result<SdkTracer> {
    // Where to, with which headers, it reads from the environment by the names that OpenTelemetry gives them.
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build().context("exporting traces")?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(config.sampler.sampler(config.ratio))
        .with_resource(Resource::builder().with_service_name(config.service_name.clone()).build())
        .build();
    let tracer = provider.tracer("emporia");
    if PROVIDER.set(provider).is_ok() {
        AtomicBool::store(&IS_ON, true, Ordering::Relaxed);
    }
    Ok(tracer)
}

/// Sends what has not been sent yet: at the process's end.
pub fn flush() {
    if let Some(provider) = PROVIDER.get()
        && let Err(error) = provider.shutdown_with_timeout(FLUSH)
    {
        tracing::warn!(%error, "the last traces were not sent");
    }
}

/// Makes a span that has not begun part of the trace that this `traceparent` names; without effect when it names none.
pub fn follow(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    if parent.span().span_context().is_valid() {
        let _ = span.set_parent(parent);
    }
}

/// Names the current span for who goes on with its trace elsewhere.
pub fn traceparent() -> Option<String> {
    if !is_on() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// A use case's span, named after the function that the future is of.
pub fn of_use_case<F>(_: &F) -> Span {
    if !is_on() {
        return Span::none();
    }
    let function = function(std::any::type_name::<F>());
    span!("service", otel.name = function, code.function.name = function)
}

/// The function in a future's type: `a::b::cart_create::{{closure}}` is of `cart_create`.
fn function(mut name: &str) -> &str {
    while let Some(outer) = name.strip_suffix("::{{closure}}") {
        name = outer;
    }
    name.rsplit("::").next().unwrap_or(name)
}

/// A statement's span, where it is part of something: what the worker looks for when there is nothing to do is not.
pub fn of_statement(summary: &str) -> Span {
    if !is_on() || Span::current().is_none() {
        return Span::none();
    }
    span!("query", otel.name = summary, otel.kind = "client", db.system.name = "postgresql", db.query.summary = summary)
}

/// Which traces are recorded, by OpenTelemetry's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplerKind {
    AlwaysOn,
    AlwaysOff,
    Ratio,
    ParentOrOn,
    ParentOrOff,
    ParentOrRatio,
}

/// In words of `OTEL_TRACES_SAMPLER`.
const SAMPLERS: [(&str, SamplerKind); 6] = [
    ("always_on", SamplerKind::AlwaysOn),
    ("always_off", SamplerKind::AlwaysOff),
    ("traceidratio", SamplerKind::Ratio),
    ("parentbased_always_on", SamplerKind::ParentOrOn),
    ("parentbased_always_off", SamplerKind::ParentOrOff),
    ("parentbased_traceidratio", SamplerKind::ParentOrRatio),
];

impl std::fmt::Display for SamplerKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = SAMPLERS.iter().find(|(_, kind)| kind == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

impl std::str::FromStr for SamplerKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        SAMPLERS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind).ok_or(())
    }
}

impl SamplerKind {
    fn sampler(self, ratio: f64) -> Sampler {
        match self {
            Self::AlwaysOn => Sampler::AlwaysOn,
            Self::AlwaysOff => Sampler::AlwaysOff,
            Self::Ratio => Sampler::TraceIdRatioBased(ratio),
            Self::ParentOrOn => Sampler::ParentBased(Box::new(Sampler::AlwaysOn)),
            Self::ParentOrOff => Sampler::ParentBased(Box::new(Sampler::AlwaysOff)),
            Self::ParentOrRatio => Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn cart_create() {}

    #[test]
    fn a_use_case_is_named_after_its_function() {
        fn name<F>(_: &F) -> &'static str {
            function(std::any::type_name::<F>())
        }
        assert_eq!(name(&cart_create()), "cart_create");
        assert_eq!(name(&async { cart_create().await }), "a_use_case_is_named_after_its_function");
    }
}
