//! Free key-value pairs that a buyer or a storefront attaches to carts, lines and orders.

use async_graphql::SimpleObject;
use serde::{Deserialize, Serialize};

/// A key with a value, in the storefront's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
pub struct Attribute {
    /// What the value is about.
    pub key: String,
    /// The value.
    pub value: Option<String>,
}
