//! Orders in the schema: thin wrappers of the model's types.

mod fulfillment;
mod fulfillment_order;
mod line;
mod mutation;
mod order;
mod query;

pub use fulfillment::Fulfillment;
pub use fulfillment_order::{FulfillmentOrder, FulfillmentOrderLineItem};
pub use line::{LineItem, LineItemConnection};
pub use mutation::{OrderMutation, OrderUserError};
pub use order::{Order, OrderConnection};
pub use query::{OrderQuery, OrderSortKeys, line_of_merchant, order_of_merchant};
