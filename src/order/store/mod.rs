//! The orders' statements.

mod billed;
mod change;
mod guest;
mod insert;
mod lines;
mod orders;
mod page;
mod trail;

pub use billed::{billed, billed_page};
pub use change::{Change, count_fulfillments, insert_fulfillment, lock, update_order};
pub use guest::{join_customer, lock_of_guest};
pub use insert::{NewHistory, insert_history, insert_lines, insert_order, next_number};
pub use lines::{lines_by_id, lines_of_orders};
pub use orders::{by_ids, by_token_hash, counts_of_customers};
pub use page::{OrderSort, orders_page};
pub use trail::{fulfillments_of_orders, history_of_orders};
