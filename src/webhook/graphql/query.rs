//! The webhooks' root fields.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::delivery::{WebhookDelivery, WebhookDeliveryConnection};
use super::subscription::{WebhookSubscription, WebhookSubscriptionConnection};
use crate::access::permission::READ_WEBHOOKS;
use crate::events::Topic;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::webhook::loaders::{DeliveryById, SubscriptionById};
use crate::webhook::model::{DeliveryStatus, fitting};
use crate::webhook::store;

#[derive(Default)]
pub struct WebhookQuery;

#[guarded]
#[Object]
impl WebhookQuery {
    /// A webhook subscription by id; null when there is none.
    #[requires(read_webhooks)]
    async fn webhook_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription's global id.")] id: ID,
    ) -> Result<Option<WebhookSubscription>> {
        let scope = ctx.scope();
        match Gid::of(&id, "WebhookSubscription") {
            Some(id) => subscription_of_merchant(scope, id).await,
            None => Ok(None),
        }
    }

    /// The shop's webhook subscriptions.
    #[requires(read_webhooks)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn webhook_subscriptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "Only those to these topics.")] topics: Option<Vec<Topic>>,
    ) -> Result<WebhookSubscriptionConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let topics = topics.as_deref();
        let rows = scope.read(async |conn| store::subscriptions_page(conn, topics, &page).await).await?;
        let page = Page::from_rows(&page, rows, |subscription| Cursor::by_id(subscription.id));
        Ok(WebhookSubscriptionConnection(page.map(|subscription| WebhookSubscription(Arc::new(subscription)))))
    }

    /// What was sent, or is to be, in the order in which it was queued.
    #[requires(read_webhooks)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only to this subscription.")] subscription_id: Option<ID>,
        #[graphql(desc = "Only those that are this far.")] status: Option<DeliveryStatus>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round: the latest first.", default_with = "Some(false)")] reverse: Option<
            bool,
        >,
    ) -> Result<WebhookDeliveryConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let subscription = match subscription_id {
            None => None,
            Some(id) => match Gid::of(&id, "WebhookSubscription") {
                Some(id) => Some(id),
                None => return Ok(WebhookDeliveryConnection(Page::empty())),
            },
        };
        let rows = scope.read(async |conn| store::deliveries_page(conn, subscription, status, &page).await).await?;
        let fitting = fitting(&rows);
        let rows = rows.into_iter().enumerate().map(|(at, delivery)| {
            let delivery = Arc::new(delivery);
            WebhookDelivery { delivery, body_fits: at < fitting }
        });
        let page = Page::from_rows(&page, rows.collect(), |row: &WebhookDelivery| Cursor::by_id(row.delivery.id));
        Ok(WebhookDeliveryConnection(page))
    }
}

/// The merchant's subscription with this id.
pub async fn subscription_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<WebhookSubscription>> {
    Ok(scope.load_for(READ_WEBHOOKS, SubscriptionById(id)).await?.map(WebhookSubscription))
}

/// The merchant's delivery with this id.
pub async fn delivery_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<WebhookDelivery>> {
    let found = scope.load_for(READ_WEBHOOKS, DeliveryById(id)).await?;
    Ok(found.map(|(delivery, body_fits)| WebhookDelivery { delivery, body_fits }))
}
