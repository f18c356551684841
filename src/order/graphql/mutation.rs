//! What a merchant does to orders.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::fulfillment::Fulfillment;
use super::order::Order;
use super::query::order_of_merchant;
use crate::error::{ServiceError, ServiceResult};
use crate::graphql::error::ApiError;
use crate::graphql::idempotent::key_of;
use crate::graphql::scalars::Url;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::order::loaders::FulfillmentsOfOrder;
use crate::order::model::{CancelReason, SendLine, Tracking};
use crate::order::rule::{OrderErrorCode, OrderRule, path};
use crate::order::service::{self, Cancellation, Desk, Sending};
use crate::user_error;

#[derive(Default)]
pub struct OrderMutation;

user_error!(OrderUserError, OrderErrorCode);

impl From<&OrderRule> for OrderUserError {
    fn from(rule: &OrderRule) -> Self {
        Self { field: rule.field(), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// The answer of `orderCancel`.
#[derive(SimpleObject)]
pub struct OrderCancelPayload {
    /// The cancelled order.
    order: Option<Order>,
    /// Why it was not cancelled.
    order_cancel_user_errors: Vec<OrderUserError>,
    /// Why it was not cancelled.
    user_errors: Vec<OrderUserError>,
}

/// Which order is paid.
#[derive(InputObject)]
pub struct OrderMarkAsPaidInput {
    /// The order's global id.
    id: ID,
}

/// The answer of `orderMarkAsPaid`.
#[derive(SimpleObject)]
pub struct OrderMarkAsPaidPayload {
    /// The paid order.
    order: Option<Order>,
    /// Why nothing changed.
    user_errors: Vec<OrderUserError>,
}

/// Something that was sent.
#[derive(InputObject)]
pub struct FulfillmentInput {
    /// What it holds, by fulfillment order: all of one order.
    line_items_by_fulfillment_order: Vec<FulfillmentOrderLineItemsInput>,
    /// Where the parcel is.
    tracking_info: Option<FulfillmentTrackingInput>,
    /// Whether the buyer is told; nobody is told yet.
    #[graphql(default = false)]
    notify_customer: bool,
}

/// What of a fulfillment order was sent.
#[derive(InputObject)]
pub struct FulfillmentOrderLineItemsInput {
    /// The fulfillment order's global id; the order's own is as good.
    fulfillment_order_id: ID,
    /// Its lines; left out: everything that is left.
    fulfillment_order_line_items: Option<Vec<FulfillmentOrderLineItemInput>>,
}

/// How many of a line were sent.
#[derive(InputObject)]
pub struct FulfillmentOrderLineItemInput {
    /// The fulfillment order line's global id; the order line's own is as good.
    id: ID,
    /// How many.
    quantity: i32,
}

/// Where a parcel is.
#[derive(InputObject)]
pub struct FulfillmentTrackingInput {
    /// The carrier; at most 255 characters.
    company: Option<String>,
    /// The carrier's number; at most 255 characters.
    number: Option<String>,
    /// Where the carrier shows it.
    url: Option<Url>,
}

/// The answer of `fulfillmentCreate`.
#[derive(SimpleObject)]
pub struct FulfillmentCreatePayload {
    /// What was sent.
    fulfillment: Option<Fulfillment>,
    /// Why nothing was noted.
    user_errors: Vec<OrderUserError>,
}

fn desk(ctx: &Context<'_>, scope: &Scope) -> Result<Desk> {
    let (app, key) = (&scope.app, key_of(ctx, None)?);
    let (entropy, actor) = (app.entropy.clone(), scope.access.actor());
    Ok(Desk { db: scope.db().clone(), clock: app.clock.clone(), entropy, actor, key })
}

/// The use case's answer, or what it refused; a fault is an error.
fn split<T>(result: ServiceResult<T, OrderRule>) -> Result<(Option<T>, Vec<OrderUserError>)> {
    match result {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(ServiceError::Rule(rule)) => Ok((None, vec![OrderUserError::from(&rule)])),
        Err(ServiceError::Fault(fault)) => Err(fault.into()),
    }
}

async fn order_of(scope: &Scope, id: Option<Uuid>) -> Result<Option<Order>> {
    match id {
        Some(id) => order_of_merchant(scope, id).await,
        None => Ok(None),
    }
}

#[guarded]
#[Object]
impl OrderMutation {
    /// Cancels an order of which nothing has been sent.
    #[requires(write_orders)]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's global id.")] order_id: ID,
        #[graphql(desc = "Why it is cancelled.", default_with = "CancelReason::Other")] reason: CancelReason,
        #[graphql(desc = "Whether its units go back into stock.", default = true)] restock: bool,
        #[graphql(desc = "Whether the money goes back; of a paid order it cannot yet.", default = false)] refund: bool,
        #[graphql(desc = "Whether the buyer is told; nobody is told yet.", default = false)] notify_customer: bool,
        #[graphql(desc = "A remark for the order's history: at most 900 characters.")] staff_note: Option<String>,
    ) -> Result<Option<OrderCancelPayload>> {
        let scope = ctx.scope();
        let _ = notify_customer;
        let (desk, id) = (desk(ctx, scope)?, Gid::of(&order_id, "Order"));
        let wish = Cancellation { reason, restock, refund, staff_note };
        let done =
            scope.act(async move { service::order_cancel(&desk, id, &wish).await }).await?.map_err(ApiError::from)?;
        let (id, user_errors) = split(done)?;
        let order = order_of(scope, id).await?;
        Ok(Some(OrderCancelPayload { order, order_cancel_user_errors: user_errors.clone(), user_errors }))
    }

    /// Notes that an order has been paid in some other way.
    #[requires(write_orders)]
    async fn order_mark_as_paid(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: OrderMarkAsPaidInput,
    ) -> Result<Option<OrderMarkAsPaidPayload>> {
        let scope = ctx.scope();
        let (desk, id) = (desk(ctx, scope)?, Gid::of(&input.id, "Order"));
        let done =
            scope.act(async move { service::order_mark_as_paid(&desk, id).await }).await?.map_err(ApiError::from)?;
        let (id, user_errors) = split(done)?;
        Ok(Some(OrderMarkAsPaidPayload { order: order_of(scope, id).await?, user_errors }))
    }

    /// Notes that something of an order has been sent.
    #[requires(write_orders)]
    async fn fulfillment_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What was sent.")] fulfillment: FulfillmentInput,
        #[graphql(desc = "A remark for the carrier; not passed on yet.")] message: Option<String>,
    ) -> Result<Option<FulfillmentCreatePayload>> {
        let scope = ctx.scope();
        let _ = (message, fulfillment.notify_customer);
        let sending = match sending(fulfillment) {
            Ok(sending) => sending,
            Err(rule) => {
                return Ok(Some(FulfillmentCreatePayload { fulfillment: None, user_errors: vec![(&rule).into()] }));
            }
        };
        let desk = desk(ctx, scope)?;
        let done = scope
            .act(async move { service::fulfillment_create(&desk, &sending).await })
            .await?
            .map_err(ApiError::from)?;
        let (ids, user_errors) = split(done)?;
        let fulfillment = match ids {
            Some((order_id, id)) => {
                let sent = scope.snapshot().loaders.load(FulfillmentsOfOrder(order_id)).await?;
                sent.iter().flat_map(|sent| sent.iter()).find(|sent| sent.id == id).cloned().map(Fulfillment)
            }
            None => None,
        };
        Ok(Some(FulfillmentCreatePayload { fulfillment, user_errors }))
    }
}

/// At most this many lines at once.
const MAX_LINES: usize = 500;

/// The input as the service wants it: all of one order.
fn sending(input: FulfillmentInput) -> std::result::Result<Sending, OrderRule> {
    let all = ["fulfillment", "lineItemsByFulfillmentOrder"];
    let of_any = |id: &str, kinds: [&str; 2]| kinds.into_iter().find_map(|kind| Gid::of(id, kind));
    let mut parts = input.line_items_by_fulfillment_order.into_iter();
    let Some(first) = parts.next() else { return Err(OrderRule::NotFound { field: path(&all) }) };
    let order_id = of_any(&first.fulfillment_order_id, ["FulfillmentOrder", "Order"]);
    // One order has one fulfillment order.
    if parts.next().is_some() {
        return Err(OrderRule::SeveralOrders);
    }
    let lines = match first.fulfillment_order_line_items {
        Some(lines) if lines.len() > MAX_LINES => {
            return Err(OrderRule::TooLong {
                max: MAX_LINES,
                field: path(&[all[0], all[1], "0", "fulfillmentOrderLineItems"]),
            });
        }
        Some(lines) if !lines.is_empty() => {
            let line = |(at, line): (usize, FulfillmentOrderLineItemInput)| SendLine {
                line_id: of_any(&line.id, ["FulfillmentOrderLineItem", "LineItem"]),
                quantity: line.quantity,
                field: path(&[all[0], all[1], "0", "fulfillmentOrderLineItems", &at.to_string()]),
            };
            Some(lines.into_iter().enumerate().map(line).collect())
        }
        _ => None,
    };
    let tracking = input.tracking_info.map(|tracking| Tracking {
        company: tracking.company,
        number: tracking.number,
        url: tracking.url.map(|url| url.0),
    });
    Ok(Sending { order_id, lines, tracking: tracking.unwrap_or_default() })
}
