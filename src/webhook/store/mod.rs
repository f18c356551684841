//! The webhooks' statements.

mod deliveries;
mod forget;
mod health;
mod queue;
mod subscriptions;

pub use deliveries::{
    attempts_of, bodies_of, deliveries_by_id, deliveries_page, delivery_by_id, delivery_lock, resend,
};
pub use forget::{forget_ended, forget_held};
pub use health::{disable, enabled, is_disabled, note_failed, note_taken, note_test, testable_lock};
pub use queue::{Test, claim_one, due, insert_deliveries, insert_test, keep_body, record};
pub use subscriptions::delete;
pub use subscriptions::{by_topics_lock, count, insert, subscriptions_by_id, subscriptions_page, update};

use diesel::result::{Error, QueryResult};

use crate::events::Topic;

pub fn topic_of(text: &str) -> QueryResult<Topic> {
    Topic::from_db(text).ok_or_else(|| unreadable("topic", text))
}

fn unreadable(what: &str, text: &str) -> Error {
    Error::DeserializationError(format!("{what} {text}").into())
}
