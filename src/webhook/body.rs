//! A message's body, and each topic's example of one.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::events::Topic;

/// What is sent, in the order of Standard Webhooks.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    /// In what is signed, not in a header alone: an example must never pass for an event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    data: &'a RawValue,
}

/// The bytes that tell of a topic; `data` is the subject as its GraphQL type has it.
pub fn body(topic: Topic, occurred_at: DateTime<Utc>, data: &RawValue) -> serde_json::Result<String> {
    written(topic, occurred_at, false, data)
}

fn written(topic: Topic, at: DateTime<Utc>, test: bool, data: &RawValue) -> serde_json::Result<String> {
    let timestamp = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    serde_json::to_string(&Body { kind: topic.on_the_wire(), timestamp, test, data })
}

/// The bytes of a test: the topic's example, marked as one.
pub fn test(topic: Topic, now: DateTime<Utc>) -> serde_json::Result<String> {
    #[derive(Deserialize)]
    struct Example<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let example: Example<'_> = serde_json::from_str(example(topic))?;
    written(topic, now, true, example.data)
}

/// A body as it was sent for an order of a shop that does not exist. `tests/it/webhook_examples.rs` makes them.
pub fn example(topic: Topic) -> &'static str {
    match topic {
        Topic::OrdersCreate => include_str!("examples/orders.create.json"),
        Topic::OrdersPaid => include_str!("examples/orders.paid.json"),
        Topic::OrdersCancelled => include_str!("examples/orders.cancelled.json"),
        Topic::OrdersFulfilled => include_str!("examples/orders.fulfilled.json"),
        Topic::OrdersUpdated => include_str!("examples/orders.updated.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_its_topics_example_and_says_that_it_is_one() {
        for topic in Topic::ALL {
            let body: serde_json::Value = serde_json::from_str(&test(topic, DateTime::UNIX_EPOCH).unwrap()).unwrap();
            let example: serde_json::Value = serde_json::from_str(example(topic)).unwrap();
            assert_eq!((&body["test"], &body["type"]), (&true.into(), &topic.on_the_wire().into()));
            assert_eq!((&body["timestamp"], &example["type"]), (&"1970-01-01T00:00:00Z".into(), &body["type"]));
            assert_eq!((&body["data"], &example["test"]), (&example["data"], &serde_json::Value::Null));
        }
    }
}
