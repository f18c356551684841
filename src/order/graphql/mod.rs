//! Orders in the schema: thin wrappers of the model's types.

mod fulfillment;
mod fulfillment_order;
mod line;
mod mutation;
mod order;
mod query;

pub use fulfillment::Fulfillment;
pub use line::{LineItem, LineItemConnection};
pub use mutation::{OrderMutation, OrderUserError};
pub use order::{Order, OrderConnection};
pub use query::{OrderQuery, OrderSortKeys, order_of_merchant};
