//! What the webhook mutations refuse, and how they say it.

use super::model::{BadEndpoint, MAX_SUBSCRIPTIONS};

/// An expected refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRule {
    #[error("there is no such subscription")]
    SubscriptionNotFound,
    #[error("there is no such delivery")]
    DeliveryNotFound,
    #[error("the address {0}")]
    BadUri(BadEndpoint),
    #[error("a shop has at most {MAX_SUBSCRIPTIONS} webhook subscriptions")]
    TooMany,
    #[error("only an exhausted delivery can be resent")]
    NotExhausted,
    #[error("this delivery has been resent too often")]
    ResentTooOften,
}

/// Why a webhook mutation refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "WebhookErrorCode")]
pub enum WebhookErrorCode {
    /// The id leads to nothing.
    NotFound,
    /// The address cannot be used.
    InvalidUri,
    /// A bound is reached.
    LimitReached,
    /// The delivery is in another state.
    NotExhausted,
}

impl WebhookRule {
    pub fn code(&self) -> WebhookErrorCode {
        match self {
            Self::SubscriptionNotFound | Self::DeliveryNotFound => WebhookErrorCode::NotFound,
            Self::BadUri(_) => WebhookErrorCode::InvalidUri,
            Self::TooMany | Self::ResentTooOften => WebhookErrorCode::LimitReached,
            Self::NotExhausted => WebhookErrorCode::NotExhausted,
        }
    }

    pub fn field(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::SubscriptionNotFound | Self::DeliveryNotFound | Self::NotExhausted | Self::ResentTooOften => {
                Some(&["id"])
            }
            Self::BadUri(_) => Some(&["webhookSubscription", "uri"]),
            Self::TooMany => None,
        }
    }
}
