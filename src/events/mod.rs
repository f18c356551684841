//! What happened in a tenant, told in order.
//!
//! A service appends an event in the transaction that makes it true ([`append_in_tx`]): both commit or neither does.
//! The worker's relay then gives it a position. Invariants: positions of a tenant are 1, 2, 3 … without gaps, in the
//! order in which they became readable, and never change; a subscriber that has seen position n has missed nothing
//! before it.

pub mod graphql;
pub mod model;
mod outbox;
pub mod store;

pub use model::{NewEvent, Topic, Work};
pub use outbox::{append_all_in_tx, append_in_tx, ring_in_tx, ring_now_in_tx};
