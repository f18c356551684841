//! Webhooks in the schema: for the merchant only.

mod delivery;
mod mutation;
mod query;
mod subscription;

pub use delivery::{WebhookDelivery, WebhookDeliveryConnection};
pub use mutation::{WebhookMutation, WebhookUserError};
pub use query::{WebhookQuery, delivery_of_merchant, subscription_of_merchant};
pub use subscription::{WebhookSubscription, WebhookSubscriptionConnection};
