//! What the webhook mutations refuse, and how they say it.

use super::model::{BadEndpoint, MAX_SUBSCRIPTIONS, TEST_EVERY};
use crate::plan::model::Full;

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
    #[error(transparent)]
    Plan(#[from] Full),
    #[error("only an exhausted delivery can be resent")]
    NotExhausted,
    #[error("this delivery has been resent too often")]
    ResentTooOften,
    #[error("a subscription is tested at most every {} seconds", TEST_EVERY.num_seconds())]
    TestedTooOften,
    #[error("the subscription is disabled; update it to enable it again")]
    Disabled,
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
    /// The shop's plan has no room for one more.
    PlanLimitReached,
    /// The delivery is in another state.
    NotExhausted,
    /// The subscription is disabled, so nothing is sent.
    SubscriptionDisabled,
}

impl WebhookRule {
    pub fn code(&self) -> WebhookErrorCode {
        match self {
            Self::SubscriptionNotFound | Self::DeliveryNotFound => WebhookErrorCode::NotFound,
            Self::BadUri(_) => WebhookErrorCode::InvalidUri,
            Self::TooMany | Self::ResentTooOften | Self::TestedTooOften => WebhookErrorCode::LimitReached,
            Self::Plan(_) => WebhookErrorCode::PlanLimitReached,
            Self::NotExhausted => WebhookErrorCode::NotExhausted,
            Self::Disabled => WebhookErrorCode::SubscriptionDisabled,
        }
    }

    pub fn field(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::SubscriptionNotFound
            | Self::DeliveryNotFound
            | Self::NotExhausted
            | Self::ResentTooOften
            | Self::TestedTooOften
            | Self::Disabled => Some(&["id"]),
            Self::BadUri(_) => Some(&["webhookSubscription", "uri"]),
            Self::TooMany | Self::Plan(_) => None,
        }
    }
}
