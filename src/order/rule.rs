//! What changes of orders refuse. Stored with idempotency keys: variants may be added, never renamed.

use serde::{Deserialize, Serialize};

use crate::db::idempotency::Refusal;

/// What is wrong with a change of an order, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum OrderErrorCode {
    /// There is no such order.
    OrderNotFound,
    /// The order has been cancelled.
    AlreadyCancelled,
    /// The order is paid already.
    AlreadyPaid,
    /// Something of the order has been sent already.
    AlreadyFulfilled,
    /// Nothing of the order is left to be sent.
    NothingToFulfill,
    /// The order has no such line.
    LineNotFound,
    /// The quantity is not between one and what is left to be sent.
    InvalidQuantity,
    /// Money cannot be given back from here yet.
    RefundNotSupported,
    /// Everything sent at once has to belong to one order.
    SeveralOrders,
    /// It would be the last fulfillment that the order may have, and would leave something unsent.
    LastFulfillment,
    /// A text or a list is too long.
    TooLong,
    /// It is no absolute http or https URL.
    InvalidUrl,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum OrderRule {
    #[error("There is no such order.")]
    NotFound { field: Vec<String> },
    #[error("The order has been cancelled.")]
    AlreadyCancelled,
    #[error("The order is paid already.")]
    AlreadyPaid,
    #[error("Something of the order has been sent already.")]
    AlreadyFulfilled,
    #[error("Nothing of the order is left to be sent.")]
    NothingToFulfill,
    #[error("The order has no such line.")]
    LineNotFound { field: Vec<String> },
    #[error("The quantity has to be between 1 and {left}.")]
    InvalidQuantity { left: i32, field: Vec<String> },
    #[error("The order is paid, and money cannot be given back from here yet.")]
    RefundNotSupported,
    #[error("Everything that is sent at once has to belong to one order.")]
    SeveralOrders,
    #[error("An order has at most {max} fulfillments: this one has to hold everything that is left.")]
    LastFulfillment { max: usize },
    #[error("At most {max} are allowed.")]
    TooLong { max: usize, field: Vec<String> },
    #[error("It has to be an absolute http or https URL.")]
    InvalidUrl { field: Vec<String> },
}

impl Refusal for OrderRule {}

impl OrderRule {
    pub fn code(&self) -> OrderErrorCode {
        match self {
            Self::NotFound { .. } => OrderErrorCode::OrderNotFound,
            Self::AlreadyCancelled => OrderErrorCode::AlreadyCancelled,
            Self::AlreadyPaid => OrderErrorCode::AlreadyPaid,
            Self::AlreadyFulfilled => OrderErrorCode::AlreadyFulfilled,
            Self::NothingToFulfill => OrderErrorCode::NothingToFulfill,
            Self::LineNotFound { .. } => OrderErrorCode::LineNotFound,
            Self::InvalidQuantity { .. } => OrderErrorCode::InvalidQuantity,
            Self::RefundNotSupported => OrderErrorCode::RefundNotSupported,
            Self::SeveralOrders => OrderErrorCode::SeveralOrders,
            Self::LastFulfillment { .. } => OrderErrorCode::LastFulfillment,
            Self::TooLong { .. } => OrderErrorCode::TooLong,
            Self::InvalidUrl { .. } => OrderErrorCode::InvalidUrl,
        }
    }

    /// The input that is to blame.
    pub fn field(&self) -> Option<Vec<String>> {
        match self {
            Self::NotFound { field }
            | Self::LineNotFound { field }
            | Self::InvalidQuantity { field, .. }
            | Self::TooLong { field, .. }
            | Self::InvalidUrl { field } => Some(field.clone()),
            Self::RefundNotSupported => Some(path(&["refund"])),
            Self::SeveralOrders | Self::LastFulfillment { .. } => {
                Some(path(&["fulfillment", "lineItemsByFulfillmentOrder"]))
            }
            _ => None,
        }
    }
}

/// A path into the input.
pub fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(ToString::to_string).collect()
}
