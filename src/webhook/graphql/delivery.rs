//! `WebhookDelivery`, its attempts and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result};

use super::subscription::WebhookSubscription;
use crate::connection;
use crate::events::Topic;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::webhook::loaders::{AttemptsOfDelivery, SubscriptionById};
use crate::webhook::model::{self, DeliveryStatus};
use crate::webhook::sign::message_id;

/// One event on its way to one subscription. Kept for 30 days.
#[derive(Clone, Debug, Description)]
pub struct WebhookDelivery(pub Arc<model::Delivery>);

connection!(WebhookDeliveryConnection, WebhookDeliveryEdge, WebhookDelivery);

#[Object(use_type_description)]
impl WebhookDelivery {
    /// The delivery's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("WebhookDelivery", self.0.id)
    }

    /// What is sent as `webhook-id`: the same with every attempt.
    async fn message_id(&self) -> String {
        message_id(self.0.event_id)
    }

    /// What the event tells of.
    async fn topic(&self) -> Topic {
        self.0.topic
    }

    /// How far it is.
    async fn status(&self) -> DeliveryStatus {
        self.0.status
    }

    /// How many attempts were made.
    async fn attempt_count(&self) -> i32 {
        self.0.attempts
    }

    /// When the next attempt is due; null when there is none.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.next_attempt_at.map(DateTime)
    }

    /// The bytes that are sent, as text; null before the first attempt.
    async fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// When it was queued.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When its state last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// Where it goes.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Option<WebhookSubscription>> {
        let found = ctx.scope().snapshot().loaders.load(SubscriptionById(self.0.subscription_id)).await?;
        Ok(found.map(WebhookSubscription))
    }

    /// The attempts, the first first.
    async fn attempts(&self, ctx: &Context<'_>) -> Result<Vec<WebhookDeliveryAttempt>> {
        let found = ctx.scope().snapshot().loaders.load(AttemptsOfDelivery(self.0.id)).await?;
        Ok(found.iter().flat_map(|attempts| attempts.iter().cloned().map(WebhookDeliveryAttempt)).collect())
    }
}

/// One try to deliver, and how it ended.
#[derive(Description)]
pub struct WebhookDeliveryAttempt(model::Attempt);

#[Object(use_type_description)]
impl WebhookDeliveryAttempt {
    /// 1 for the first.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// When it was made.
    async fn attempted_at(&self) -> DateTime {
        DateTime(self.0.attempted_at)
    }

    /// The HTTP status of the answer; null when there was none.
    async fn status_code(&self) -> Option<i32> {
        self.0.status_code.map(i32::from)
    }

    /// How long it took, in milliseconds.
    async fn duration_ms(&self) -> i32 {
        self.0.duration_ms
    }

    /// How the answer's body begins: at most 1 KiB.
    async fn response_excerpt(&self) -> Option<&str> {
        self.0.response_excerpt.as_deref()
    }

    /// Why it failed; null when it succeeded.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
}
