//! The webhooks' mutations.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::delivery::WebhookDelivery;
use super::subscription::WebhookSubscription;
use crate::error::ServiceError;
use crate::events::Topic;
use crate::graphql::scalars::Url;
use crate::graphql::scope::ScopeExt;
use crate::graphql::user_error::split;
use crate::ids::Gid;
use crate::user_error;
use crate::webhook::loaders::SubscriptionById;
use crate::webhook::model::Delivery;
use crate::webhook::rule::{WebhookErrorCode, WebhookRule};
use crate::webhook::service;

user_error!(WebhookUserError, WebhookErrorCode);

impl From<WebhookRule> for WebhookUserError {
    fn from(rule: WebhookRule) -> Self {
        let field = rule.field().map(|path| path.iter().map(|&part| part.to_owned()).collect());
        Self { field, message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// Where a subscription leads.
#[derive(Clone, Debug, InputObject)]
pub struct WebhookSubscriptionInput {
    /// The address deliveries are sent to: `https://…`, or `http://…`. At most 2048 characters.
    uri: Url,
}

/// The answer of `webhookSubscriptionCreate`.
#[derive(SimpleObject)]
pub struct WebhookSubscriptionCreatePayload {
    /// The new subscription.
    webhook_subscription: Option<WebhookSubscription>,
    /// The secret (`whsec_…`) with which deliveries are signed after Standard Webhooks. Shown only here.
    signing_secret: Option<String>,
    /// Why nothing was created.
    user_errors: Vec<WebhookUserError>,
}

/// The answer of `webhookSubscriptionUpdate`.
#[derive(SimpleObject)]
pub struct WebhookSubscriptionUpdatePayload {
    /// The changed subscription.
    webhook_subscription: Option<WebhookSubscription>,
    /// Why nothing was changed.
    user_errors: Vec<WebhookUserError>,
}

/// The answer of `webhookSubscriptionDelete`.
#[derive(SimpleObject)]
pub struct WebhookSubscriptionDeletePayload {
    /// The id that leads to nothing now.
    deleted_webhook_subscription_id: Option<ID>,
    /// Why nothing was deleted.
    user_errors: Vec<WebhookUserError>,
}

/// The answer of `webhookSubscriptionTest`.
#[derive(SimpleObject)]
pub struct WebhookSubscriptionTestPayload {
    /// The test on its way: its attempt tells how the endpoint answered.
    webhook_delivery: Option<WebhookDelivery>,
    /// Why nothing is sent.
    user_errors: Vec<WebhookUserError>,
}

/// The answer of `webhookDeliveryRetry`.
#[derive(SimpleObject)]
pub struct WebhookDeliveryRetryPayload {
    /// The delivery, due again.
    webhook_delivery: Option<WebhookDelivery>,
    /// Why nothing is sent.
    user_errors: Vec<WebhookUserError>,
}

#[derive(Default)]
pub struct WebhookMutation;

#[guarded]
#[Object]
impl WebhookMutation {
    /// Has an address told of a topic's events from now on. Needs the permission to read what it is told of as well.
    #[requires(write_webhooks)]
    async fn webhook_subscription_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to tell of.")] topic: Topic,
        #[graphql(desc = "Where to.")] webhook_subscription: WebhookSubscriptionInput,
    ) -> Result<Option<WebhookSubscriptionCreatePayload>> {
        let scope = ctx.scope();
        scope.require(topic.needs())?;
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let uri = webhook_subscription.uri.0;
        let done = scope.act(async move { service::subscription_create(&app, &db, topic, uri).await }).await?;
        let (created, user_errors) = split(done)?;
        let (subscription, secret) = created.unzip();
        Ok(Some(WebhookSubscriptionCreatePayload {
            webhook_subscription: subscription.map(|subscription| WebhookSubscription(Arc::new(subscription))),
            signing_secret: secret.map(|secret| secret.reveal().to_owned()),
            user_errors,
        }))
    }

    /// Leads a subscription to another address, or the same, for queued deliveries too. One that was disabled is
    /// enabled again, and what has waited is sent. Needs the permission to read what it is told of as well.
    #[requires(write_webhooks)]
    async fn webhook_subscription_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription's global id.")] id: ID,
        #[graphql(desc = "Where to.")] webhook_subscription: WebhookSubscriptionInput,
    ) -> Result<Option<WebhookSubscriptionUpdatePayload>> {
        let scope = ctx.scope();
        let done = match Gid::of(&id, "WebhookSubscription") {
            None => Err(ServiceError::Rule(WebhookRule::SubscriptionNotFound)),
            Some(id) => {
                if let Some(subscription) = scope.snapshot().loaders.load(SubscriptionById(id)).await? {
                    scope.require(subscription.topic.needs())?;
                }
                let (app, db) = (scope.app.clone(), scope.db().clone());
                let uri = webhook_subscription.uri.0;
                scope.act(async move { service::subscription_update(&app, &db, id, uri).await }).await?
            }
        };
        let (updated, user_errors) = split(done)?;
        let webhook_subscription = updated.map(|subscription| WebhookSubscription(Arc::new(subscription)));
        Ok(Some(WebhookSubscriptionUpdatePayload { webhook_subscription, user_errors }))
    }

    /// Deletes a subscription with everything queued for it.
    #[requires(delete_webhooks)]
    async fn webhook_subscription_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription's global id.")] id: ID,
    ) -> Result<Option<WebhookSubscriptionDeletePayload>> {
        let scope = ctx.scope();
        let done = match Gid::of(&id, "WebhookSubscription") {
            None => Err(ServiceError::Rule(WebhookRule::SubscriptionNotFound)),
            Some(uuid) => {
                let db = scope.db().clone();
                scope.act(async move { service::subscription_delete(&db, uuid).await }).await?.map(|()| uuid)
            }
        };
        let (deleted, user_errors) = split(done)?;
        let deleted_webhook_subscription_id = deleted.map(|uuid| scope.gid("WebhookSubscription", uuid));
        Ok(Some(WebhookSubscriptionDeletePayload { deleted_webhook_subscription_id, user_errors }))
    }

    /// Sends a subscription's endpoint an example of its topic, signed like every delivery and marked as a test: the
    /// body has `"test": true`, and the request a header `webhook-test: true`. It is tried once, and at most every ten
    /// seconds.
    #[requires(write_webhooks)]
    async fn webhook_subscription_test(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription's global id.")] id: ID,
    ) -> Result<Option<WebhookSubscriptionTestPayload>> {
        let scope = ctx.scope();
        let done = match Gid::of(&id, "WebhookSubscription") {
            None => Err(ServiceError::Rule(WebhookRule::SubscriptionNotFound)),
            Some(id) => {
                let (app, db) = (scope.app.clone(), scope.db().clone());
                scope.act(async move { service::subscription_test(&app, &db, id).await }).await?
            }
        };
        let (delivery, user_errors) = split(done)?;
        Ok(Some(WebhookSubscriptionTestPayload { webhook_delivery: delivery.map(shown), user_errors }))
    }

    /// Sends an exhausted delivery again, the same bytes, with all retries anew.
    #[requires(write_webhooks)]
    async fn webhook_delivery_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The delivery's global id.")] id: ID,
    ) -> Result<Option<WebhookDeliveryRetryPayload>> {
        let scope = ctx.scope();
        let done = match Gid::of(&id, "WebhookDelivery") {
            None => Err(ServiceError::Rule(WebhookRule::DeliveryNotFound)),
            Some(id) => {
                let (app, db) = (scope.app.clone(), scope.db().clone());
                scope.act(async move { service::delivery_retry(&app, &db, id).await }).await?
            }
        };
        let (delivery, user_errors) = split(done)?;
        Ok(Some(WebhookDeliveryRetryPayload { webhook_delivery: delivery.map(shown), user_errors }))
    }
}

/// A delivery by itself, with room for its body.
fn shown(delivery: Delivery) -> WebhookDelivery {
    WebhookDelivery { delivery: Arc::new(delivery), body_fits: true }
}
