//! The orders' root fields.

use async_graphql::{Context, Enum, ID, Object, Result};
use emporia_macros::guarded;

use super::line::LineItem;
use super::order::{Order, OrderConnection};
use crate::access::permission::READ_ORDERS;
use crate::graphql::connection::{Page, PageArgs};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::order::filter;
use crate::order::loaders::{LineById, OrderById};
use crate::order::store::{OrderSort, orders_page};

#[derive(Default)]
pub struct OrderQuery;

/// By what a list of orders is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum OrderSortKeys {
    /// When it was placed.
    CreatedAt,
    /// Its id.
    Id,
    /// Its number.
    OrderNumber,
    /// When it was placed.
    ProcessedAt,
    /// How well it fits the query: all fit alike, so when it was placed.
    Relevance,
    /// What it comes to.
    TotalPrice,
    /// When it last changed.
    UpdatedAt,
}

impl From<OrderSortKeys> for OrderSort {
    fn from(key: OrderSortKeys) -> Self {
        match key {
            OrderSortKeys::CreatedAt | OrderSortKeys::ProcessedAt | OrderSortKeys::Relevance => Self::Created,
            OrderSortKeys::Id => Self::Id,
            OrderSortKeys::OrderNumber => Self::Number,
            OrderSortKeys::TotalPrice => Self::Total,
            OrderSortKeys::UpdatedAt => Self::Updated,
        }
    }
}

/// The merchant's order with this id. Not for shoppers: they have the order's token.
pub async fn order_of_merchant(scope: &Scope, id: uuid::Uuid) -> Result<Option<Order>> {
    Ok(scope.load_for(READ_ORDERS, OrderById(id)).await?.map(Order))
}

/// The line with this id of one of the merchant's orders. Not for shoppers, as the order.
pub async fn line_of_merchant(scope: &Scope, id: uuid::Uuid) -> Result<Option<LineItem>> {
    let Some(line) = scope.load_for(READ_ORDERS, LineById(id)).await? else { return Ok(None) };
    let order = order_of_merchant(scope, line.order_id).await?;
    Ok(order.map(|order| LineItem { line, currency: order.0.currency }))
}

#[guarded]
#[Object]
impl OrderQuery {
    /// An order by id; null when there is none.
    #[requires(read_orders)]
    async fn order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's global id.")] id: ID,
    ) -> Result<Option<Order>> {
        let scope = ctx.scope();
        match Gid::of(&id, "Order") {
            Some(id) => order_of_merchant(scope, id).await,
            None => Ok(None),
        }
    }

    /// The shop's orders.
    #[requires(read_orders)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the vocabulary's connection")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "By what they are sorted.", default_with = "OrderSortKeys::ProcessedAt")]
        sort_key: OrderSortKeys,
        #[graphql(
            desc = "What they must be, in the search syntax: `#1001`, `financial_status:paid AND created_at:>=2026-01-01`. Fields: `name`, `order_number`, `email`, `financial_status`, `fulfillment_status`, `status`, `customer_id`, `id`, `created_at`, `processed_at`, `updated_at`."
        )]
        query: Option<String>,
    ) -> Result<OrderConnection> {
        let scope = ctx.scope();
        let sort = OrderSort::from(sort_key);
        let page = PageArgs { first, after, last, before, reverse }.check_by(sort.key())?;
        let wanted = filter::parse(query.as_deref().unwrap_or_default())?;
        let rows = scope.read(async |conn| orders_page(conn, &wanted, sort, &page).await).await?;
        let page = Page::from_rows(&page, rows, |order| sort.cursor(order));
        Ok(OrderConnection(page.map(|order| Order(std::sync::Arc::new(order)))))
    }
}
