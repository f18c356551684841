//! The orders' statements.

mod lines;
mod orders;
mod trail;

pub use lines::lines_of_orders;
pub use orders::{by_id, by_ids, by_token_hash};
pub use trail::{fulfillments_of_orders, history_of_orders};
