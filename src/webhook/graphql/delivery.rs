//! `WebhookDelivery`, its attempts and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result};

use super::subscription::WebhookSubscription;
use crate::connection;
use crate::events::Topic;
use crate::graphql::error::ApiError;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::webhook::loaders::{AttemptsOfDelivery, BodyOfDelivery, SubscriptionById};
use crate::webhook::model::{self, DeliveryStatus};
use crate::webhook::sign::message_id;

/// One event on its way to one subscription. Kept for a while after its end: 30 days, unless the operator has chosen
/// otherwise.
#[derive(Clone, Debug, Description)]
pub struct WebhookDelivery {
    pub delivery: Arc<model::Delivery>,
    /// Whether there is room for its body among those that it was read with.
    pub body_fits: bool,
}

connection!(WebhookDeliveryConnection, WebhookDeliveryEdge, WebhookDelivery);

#[Object(use_type_description)]
impl WebhookDelivery {
    /// The delivery's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("WebhookDelivery", self.delivery.id)
    }

    /// What is sent as `webhook-id`: the same with every attempt.
    async fn message_id(&self) -> String {
        message_id(self.delivery.event_id)
    }

    /// What the event tells of.
    async fn topic(&self) -> Topic {
        self.delivery.topic
    }

    /// How far it is.
    async fn status(&self) -> DeliveryStatus {
        self.delivery.status
    }

    /// How many attempts were made.
    async fn attempt_count(&self) -> i32 {
        self.delivery.attempts
    }

    /// When the next attempt is due; null when there is none. While the subscription is disabled none is made: what is
    /// due waits.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.delivery.next_attempt_at.map(DateTime)
    }

    /// The bytes that are sent, as text; null before the first attempt. A page, or a list of `nodes`, has room for
    /// 32 MiB of them: behind that this is an error, and fewer deliveries are to be asked for. Needs the permission to
    /// read what the event tells of.
    async fn body(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        if !self.delivery.is_test {
            ctx.scope().require(self.delivery.topic.needs())?;
        }
        if !self.body_fits {
            return Err(
                ApiError::bad_input("the bodies of these deliveries are too long together; ask for fewer").into()
            );
        }
        let scope = ctx.scope();
        let Some(body) = scope.snapshot().loaders.load(BodyOfDelivery(self.delivery.id)).await? else {
            return Ok(None);
        };
        // Before it is copied: an operation may name the same delivery many times.
        scope.budget.text(body.len()).await;
        Ok(Some(body.to_string()))
    }

    /// Whether it is a test that was asked for with `webhookSubscriptionTest`, not an event.
    async fn test(&self) -> bool {
        self.delivery.is_test
    }

    /// When it was queued.
    async fn created_at(&self) -> DateTime {
        DateTime(self.delivery.created_at)
    }

    /// When its state last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.delivery.updated_at)
    }

    /// Where it goes.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Option<WebhookSubscription>> {
        let found = ctx.scope().snapshot().loaders.load(SubscriptionById(self.delivery.subscription_id)).await?;
        Ok(found.map(WebhookSubscription))
    }

    /// The attempts, the first first.
    async fn attempts(&self, ctx: &Context<'_>) -> Result<Vec<WebhookDeliveryAttempt>> {
        let found = ctx.scope().snapshot().loaders.load(AttemptsOfDelivery(self.delivery.id)).await?;
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
