//! Orders in the schema: thin wrappers of the model's types.

mod fulfillment;
mod line;
mod order;

pub use fulfillment::Fulfillment;
pub use line::{LineItem, LineItemConnection};
pub use order::{Order, OrderConnection};
