//! Topics, events, and the kinds of work that a transaction leaves to the worker.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::Permission;
use crate::access::permission::READ_ORDERS;

/// What an event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
#[graphql(name = "WebhookSubscriptionTopic")]
pub enum Topic {
    /// An order was placed.
    OrdersCreate,
    /// An order was paid in full.
    OrdersPaid,
    /// An order was cancelled.
    OrdersCancelled,
    /// Everything of an order was sent.
    OrdersFulfilled,
    /// Something else of an order changed.
    OrdersUpdated,
}

impl Topic {
    pub const ALL: [Self; 5] =
        [Self::OrdersCreate, Self::OrdersPaid, Self::OrdersCancelled, Self::OrdersFulfilled, Self::OrdersUpdated];

    /// What one must be allowed to be told of it: an event shows all that its subject has.
    pub fn needs(self) -> Permission {
        match self {
            Self::OrdersCreate
            | Self::OrdersPaid
            | Self::OrdersCancelled
            | Self::OrdersFulfilled
            | Self::OrdersUpdated => READ_ORDERS,
        }
    }

    /// The name in the schema and in the database.
    pub fn as_db(self) -> &'static str {
        match self {
            Self::OrdersCreate => "ORDERS_CREATE",
            Self::OrdersPaid => "ORDERS_PAID",
            Self::OrdersCancelled => "ORDERS_CANCELLED",
            Self::OrdersFulfilled => "ORDERS_FULFILLED",
            Self::OrdersUpdated => "ORDERS_UPDATED",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_db() == text)
    }

    /// The name in a webhook's body.
    pub fn on_the_wire(self) -> &'static str {
        match self {
            Self::OrdersCreate => "orders.create",
            Self::OrdersPaid => "orders.paid",
            Self::OrdersCancelled => "orders.cancelled",
            Self::OrdersFulfilled => "orders.fulfilled",
            Self::OrdersUpdated => "orders.updated",
        }
    }

    /// The version of the payload that is written today.
    pub fn version(self) -> i16 {
        1
    }
}

/// An event to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub topic: Topic,
    /// What it happened to: the order's id.
    pub subject_id: Uuid,
    /// What cannot be read from the subject later: who, why, what it was before. At most 64 KiB.
    pub payload: serde_json::Value,
}

/// An event that waits for its position.
#[derive(Clone, Debug)]
pub struct Appended {
    pub id: Uuid,
    /// As the database has it: a newer version, while both run, may append what this one does not know.
    pub topic: String,
    pub subject_id: Uuid,
    pub occurred_at: DateTime<Utc>,
}

/// A published event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: Uuid,
    pub position: i64,
    pub topic: Topic,
    pub subject_id: Uuid,
    pub occurred_at: DateTime<Utc>,
}

/// Some of the log as it is read.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// The first and the last position that were read; none: there was nothing.
    pub span: Option<(i64, i64)>,
    /// What happened there, without what only a newer version knows of.
    pub events: Vec<Event>,
}

/// What a bell asks the worker to do for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Work {
    /// Publish appended events.
    Events,
    /// Send due webhook deliveries.
    Deliveries,
    /// Settle payments whose outcome is unknown.
    Payments,
    /// Do due jobs.
    Jobs,
}

impl Work {
    pub const ALL: [Self; 4] = [Self::Events, Self::Deliveries, Self::Payments, Self::Jobs];

    /// One bit for each, to tell of several at once.
    pub fn bit(self) -> u8 {
        match self {
            Self::Events => 1,
            Self::Deliveries => 2,
            Self::Payments => 4,
            Self::Jobs => 8,
        }
    }

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Events => "EVENTS",
            Self::Deliveries => "DELIVERIES",
            Self::Payments => "PAYMENTS",
            Self::Jobs => "JOBS",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.as_db() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_on_the_wire_is_its_name_in_lower_case_with_a_full_stop() {
        for topic in Topic::ALL {
            assert_eq!(topic.on_the_wire(), topic.as_db().to_lowercase().replacen('_', ".", 1));
            assert_eq!(Topic::from_db(topic.as_db()), Some(topic));
        }
    }

    #[test]
    fn kinds_of_work_read_back() {
        assert!(Work::ALL.into_iter().all(|work| Work::from_db(work.as_db()) == Some(work)));
    }
}
