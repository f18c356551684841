//! `Fulfillment`: what was sent.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject};

use super::line::LineItem;
use crate::graphql::scalars::{DateTime, Url};
use crate::graphql::scope::ScopeExt;
use crate::order::loaders::{LinesOfOrder, OrderById};
use crate::order::model;

/// Something of an order that was sent.
#[derive(Clone, Debug, Description)]
pub struct Fulfillment(pub Arc<model::Fulfillment>);

/// Where a parcel is.
#[derive(Clone, Debug, SimpleObject)]
pub struct FulfillmentTrackingInfo {
    /// The carrier.
    company: Option<String>,
    /// The carrier's number.
    number: Option<String>,
    /// Where the carrier shows it.
    url: Option<Url>,
}

/// One order line of a fulfillment.
#[derive(Clone, Debug, SimpleObject)]
pub struct FulfillmentLineItem {
    /// The order's line.
    line_item: LineItem,
    /// How many of it were sent.
    quantity: i32,
}

#[Object(use_type_description)]
impl Fulfillment {
    /// The fulfillment's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Fulfillment", self.0.id)
    }

    /// When it was sent.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// How many things it holds.
    async fn total_quantity(&self) -> i32 {
        self.0.lines.iter().map(|(_, quantity)| quantity).sum()
    }

    /// The carrier, under the name storefronts use.
    async fn tracking_company(&self) -> Option<&str> {
        self.0.tracking.company.as_deref()
    }

    /// Where the parcel is, as far as it is known.
    async fn tracking_info(
        &self,
        #[graphql(desc = "At most so many.")] first: Option<i32>,
    ) -> Vec<FulfillmentTrackingInfo> {
        let tracking = &self.0.tracking;
        if first == Some(0) || *tracking == model::Tracking::default() {
            return Vec::new();
        }
        vec![FulfillmentTrackingInfo {
            company: tracking.company.clone(),
            number: tracking.number.clone(),
            url: tracking.url.clone().map(Url),
        }]
    }

    /// What it holds.
    async fn line_items(&self, ctx: &Context<'_>) -> Result<Vec<FulfillmentLineItem>> {
        let loaders = &ctx.scope().snapshot().loaders;
        let Some(order) = loaders.load(OrderById(self.0.order_id)).await? else { return Ok(Vec::new()) };
        let lines = loaders.load(LinesOfOrder(self.0.order_id)).await?;
        let lines = lines.iter().flat_map(|lines| lines.iter());
        Ok(lines
            .filter_map(|line| {
                let (_, quantity) = self.0.lines.iter().find(|(id, _)| *id == line.id)?;
                let line_item = LineItem { line: line.clone(), currency: order.currency };
                Some(FulfillmentLineItem { line_item, quantity: *quantity })
            })
            .collect())
    }
}
