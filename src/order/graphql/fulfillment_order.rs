//! `FulfillmentOrder`: what of an order is to be sent. An order has exactly one, which is the order itself.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, Result};

use super::line::LineItem;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::ScopeExt;
use crate::order::loaders::LinesOfOrder;
use crate::order::model::{self, FulfillmentStatus};

/// What of an order is to be sent.
#[derive(Clone, Debug, Description)]
pub struct FulfillmentOrder(pub Arc<model::Order>);

connection!(FulfillmentOrderConnection, FulfillmentOrderEdge, FulfillmentOrder);

/// How far a fulfillment order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FulfillmentOrderStatus {
    /// Nothing has been sent.
    Open,
    /// Something has been sent.
    InProgress,
    /// Everything has been sent.
    Closed,
    /// The order was cancelled.
    Cancelled,
}

/// One line of a fulfillment order.
#[derive(Clone, Debug, Description)]
pub struct FulfillmentOrderLineItem(pub LineItem);

connection!(FulfillmentOrderLineItemConnection, FulfillmentOrderLineItemEdge, FulfillmentOrderLineItem);

#[Object(use_type_description)]
impl FulfillmentOrder {
    /// The fulfillment order's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("FulfillmentOrder", self.0.id)
    }

    /// How far it is.
    async fn status(&self) -> FulfillmentOrderStatus {
        match self.0.fulfillment_status {
            _ if self.0.cancelled_at.is_some() => FulfillmentOrderStatus::Cancelled,
            FulfillmentStatus::Unfulfilled => FulfillmentOrderStatus::Open,
            FulfillmentStatus::PartiallyFulfilled => FulfillmentOrderStatus::InProgress,
            FulfillmentStatus::Fulfilled => FulfillmentOrderStatus::Closed,
        }
    }

    /// Its lines.
    async fn line_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<FulfillmentOrderLineItemConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        let lines = ctx.scope().snapshot().loaders.load(LinesOfOrder(self.0.id)).await?;
        let currency = self.0.currency;
        let lines = lines.iter().flat_map(|lines| lines.iter().cloned());
        let lines = lines.map(|line| FulfillmentOrderLineItem(LineItem { line, currency })).collect();
        let page = Page::from_list(&query, lines, |item: &FulfillmentOrderLineItem| Cursor::by_id(item.0.line.id));
        Ok(FulfillmentOrderLineItemConnection(page))
    }
}

#[Object(use_type_description)]
impl FulfillmentOrderLineItem {
    /// The line's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("FulfillmentOrderLineItem", self.0.line.id)
    }

    /// The order's line.
    async fn line_item(&self) -> &LineItem {
        &self.0
    }

    /// How many are still to be sent.
    async fn remaining_quantity(&self) -> i32 {
        self.0.line.unfulfilled()
    }

    /// How many were sold.
    async fn total_quantity(&self) -> i32 {
        self.0.line.quantity
    }
}
