//! The webhooks' statements.

mod deliveries;
mod queue;
mod subscriptions;

pub use deliveries::{attempts_of, bodies_of, deliveries_page, delivery_by_id, delivery_lock, resend};
pub use queue::{claim_one, due_by_subscription, forget, insert_deliveries, keep_body, record};
pub use subscriptions::delete;
pub use subscriptions::{by_topics_lock, count, insert, subscriptions_by_id, subscriptions_page, update_uri};

use diesel::result::{Error, QueryResult};

use crate::events::Topic;

fn topic_of(text: &str) -> QueryResult<Topic> {
    Topic::from_db(text).ok_or_else(|| unreadable("topic", text))
}

fn unreadable(what: &str, text: &str) -> Error {
    Error::DeserializationError(format!("{what} {text}").into())
}
