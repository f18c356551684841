//! `WebhookSubscription` and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object};

use crate::connection;
use crate::events::Topic;
use crate::graphql::scalars::{DateTime, Url};
use crate::graphql::scope::ScopeExt;
use crate::webhook::model;

/// An address that is told of a topic's events. Its signing secret is shown once, when it is created.
#[derive(Clone, Debug, Description)]
pub struct WebhookSubscription(pub Arc<model::Subscription>);

connection!(WebhookSubscriptionConnection, WebhookSubscriptionEdge, WebhookSubscription);

#[Object(use_type_description)]
impl WebhookSubscription {
    /// The subscription's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("WebhookSubscription", self.0.id)
    }

    /// What it is told of.
    async fn topic(&self) -> Topic {
        self.0.topic
    }

    /// Where deliveries are sent.
    async fn uri(&self) -> Url {
        Url(self.0.uri.clone())
    }

    /// Since when every attempt to deliver has failed; null while deliveries are taken.
    async fn failing_since(&self) -> Option<DateTime> {
        self.0.failing_since.map(DateTime)
    }

    /// When it was disabled; null while it is enabled. It is disabled when its endpoint has taken nothing for a day, or
    /// answers 410 Gone. From then on nothing is sent: what is told of waits, 30 days unless the operator has chosen
    /// otherwise. `webhookSubscriptionUpdate` enables it again.
    async fn disabled_at(&self) -> Option<DateTime> {
        self.0.disabled_at.map(DateTime)
    }

    /// Why it was disabled, in words; null while it is enabled.
    async fn disabled_reason(&self) -> Option<&str> {
        self.0.disabled_reason.as_deref()
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
