//! A log line as one JSON object, written from front to back.
//!
//! tracing-subscriber's own reads a span's fields back from their text whenever one is added and for every event: with
//! one line a request that was a tenth of what a short query costs this process. Here a field is written once.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Fields as members of a JSON object, a comma before each. A span's field is recorded once: a second time it would stand
/// there twice.
pub struct Members;

impl<'w> FormatFields<'w> for Members {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut members = Writing { writer, outcome: Ok(()) };
        fields.record(&mut members);
        members.outcome
    }

    fn add_fields(&self, current: &'w mut FormattedFields<Self>, fields: &span::Record<'_>) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

/// The line: time, level, the event's fields with its message, target, the span in which it happened with its fields.
pub struct Line;

impl<S> FormatEvent<S, Members> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Members>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "\",\"level\":\"{}\"", event.metadata().level())?;
        Members.format_fields(writer.by_ref(), event)?;
        member(&mut writer, "target", event.metadata().target())?;
        if let Some(span) = context.parent_span() {
            writer.write_str(",\"span\":{\"name\":")?;
            string(&mut writer, span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<Members>>() {
                writer.write_str(fields)?;
            }
            writer.write_char('}')?;
        }
        writer.write_str("}\n")
    }
}

struct Writing<'w> {
    writer: Writer<'w>,
    outcome: fmt::Result,
}

impl Writing<'_> {
    fn write(&mut self, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.outcome.is_ok() {
            self.outcome = write(&mut self.writer);
        }
    }

    /// What is as it prints also JSON.
    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        self.write(|writer| {
            name(writer, field.name())?;
            write!(writer, "{value}")
        });
    }
}

impl Visit for Writing<'_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match value.is_finite() {
            true => self.plain(field, format_args!("{value:?}")),
            false => self.plain(field, "null"),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(|writer| member(writer, field.name(), value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        // It fails when the value's own `Debug` does; then what it has said stands.
        let _ = write!(text, "{value:?}");
        self.write(|writer| member(writer, field.name(), &text));
    }
}

fn member(writer: &mut Writer<'_>, field: &str, value: &str) -> fmt::Result {
    name(writer, field)?;
    string(writer, value)
}

fn name(writer: &mut Writer<'_>, name: &str) -> fmt::Result {
    writer.write_char(',')?;
    string(writer, name.strip_prefix("r#").unwrap_or(name))?;
    writer.write_char(':')
}

fn string(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        return write!(writer, "\"{text}\"");
    }
    writer.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::super::json;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged, line by line.
    fn logged(work: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(json(move || writer.clone(), "info"), work);
        let bytes = lines.0.lock().expect("no writer panics").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[test]
    fn every_kind_of_value_is_json() {
        let odd = "\"\\\n\u{1}é\u{2028}";
        let mut lines = logged(|| {
            let error: &(dyn std::error::Error + 'static) = &fmt_error();
            tracing::warn!(odd, number = -1, large = u64::MAX, share = 0.5, never = f64::NAN, yes = true, debug = ?odd,
                shown = %odd, error, r#type = 'x'.to_string(), "{odd}");
        });
        let mut line = lines.remove(0);
        let time = line["timestamp"].take();
        time.as_str().expect("a time").parse::<chrono::DateTime<chrono::Utc>>().expect("RFC 3339");
        let expected = json!({ "timestamp": null, "level": "WARN", "message": odd, "odd": odd, "number": -1,
            "large": u64::MAX, "share": 0.5, "never": null, "yes": true, "debug": format!("{odd:?}"), "shown": odd,
            "error": fmt_error().to_string(), "type": "x", "target": "emporia::telemetry::json::tests" });
        assert_eq!(line, expected);
    }

    fn fmt_error() -> std::fmt::Error {
        std::fmt::Error
    }

    #[test]
    fn a_line_has_the_fields_of_its_span_those_that_came_later_too() {
        let lines = logged(|| {
            let span =
                tracing::info_span!("request", id = 7, tenant = tracing::field::Empty, never = tracing::field::Empty);
            let _outer = span.enter();
            tracing::info!("early");
            span.record("tenant", "a\"b");
            tracing::info!("late");
            tracing::info_span!("inner").in_scope(|| tracing::info!("inside"));
        });
        let spans: Vec<_> = lines.iter().map(|line| &line["span"]).collect();
        let late = json!({ "name": "request", "id": 7, "tenant": "a\"b" });
        assert_eq!(spans, [&json!({ "name": "request", "id": 7 }), &late, &json!({ "name": "inner" })]);
        assert!(logged(|| tracing::info!("alone"))[0].get("span").is_none());
    }
}
