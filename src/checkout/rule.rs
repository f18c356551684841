//! What a checkout refuses. Stored with idempotency keys: variants may be added, never renamed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::plan::model::Full;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CheckoutRule {
    #[error("There is no such cart.")]
    CartNotFound,
    #[error("This cart has been checked out already.")]
    AlreadyCompleted,
    #[error("The cart is empty.")]
    CartEmpty,
    #[error("Something in the cart is no longer on sale and was taken out: look at the cart again.")]
    MerchandiseGone,
    #[error("Only {available} of \"{title}\" left.")]
    NotEnoughStock { variant_id: Uuid, title: String, available: i64 },
    #[error("An address is needed to deliver this cart.")]
    AddressMissing,
    #[error("The address is not complete: {part} is missing.")]
    AddressIncomplete { part: String },
    #[error("An email address or a phone number is needed.")]
    ContactMissing,
    #[error("Nothing is delivered to this address.")]
    NotDeliverable,
    #[error("The chosen way of delivery is no longer offered: choose another one.")]
    DeliveryOptionGone,
    #[error("The cart comes to more than can be sold at once.")]
    TotalTooHigh,
    #[error("The total has changed. Look at it again before you order.")]
    TotalChanged,
    #[error("There is no such payment gateway.")]
    UnknownGateway,
    #[error("The token is too long.")]
    TokenTooLong,
    #[error("The shop cannot take an order at the moment.")]
    PlanLimitReached,
    #[error("{message}")]
    PaymentDeclined { message: String },
    #[error("The payment's outcome is not known yet: ask again with the same idempotency key.")]
    PaymentPending,
    #[error("The payment provider does not answer at the moment. Nothing was charged: try again in a minute.")]
    GatewayAway,
    #[error("Another payment for this cart is on its way.")]
    PaymentInProgress,
}

impl From<Full> for Vec<CheckoutRule> {
    fn from(_: Full) -> Self {
        vec![CheckoutRule::PlanLimitReached]
    }
}

impl CheckoutRule {
    /// Whether it is kept under an idempotency key, so that the same request is answered the same tomorrow. A
    /// completed cart stays completed without that, and what has changed may change back.
    pub fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::CartNotFound
                | Self::AlreadyCompleted
                | Self::TotalChanged
                | Self::PlanLimitReached
                | Self::UnknownGateway
                | Self::GatewayAway
                | Self::TokenTooLong
                | Self::PaymentPending
                | Self::PaymentInProgress
        )
    }

    /// The input that is to blame.
    pub fn field(&self) -> Option<Vec<String>> {
        let path: &[&str] = match self {
            Self::TotalChanged => &["payment", "expectedTotal"],
            Self::UnknownGateway | Self::GatewayAway => &["payment", "gateway"],
            Self::TokenTooLong | Self::PaymentDeclined { .. } => &["payment", "token"],
            Self::PaymentPending | Self::PaymentInProgress | Self::PlanLimitReached => return None,
            _ => &["cartId"],
        };
        Some(path.iter().map(ToString::to_string).collect())
    }
}
