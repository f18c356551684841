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

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}
