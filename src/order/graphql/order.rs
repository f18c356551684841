//! `Order` and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::fulfillment::Fulfillment;
use super::fulfillment_order::{FulfillmentOrder, FulfillmentOrderConnection};
use super::line::{LineItem, LineItemConnection};
use crate::access::permission::READ_BILLING;
use crate::address::graphql::MailingAddress;
use crate::attribute::Attribute;
use crate::connection;
use crate::customer::graphql::{Customer, customer_of_merchant};
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::money::Currency;
use crate::money::graphql::{MoneyBag, MoneyV2};
use crate::order::loaders::{FulfillmentsOfOrder, HistoryOfOrder, LinesOfOrder};
use crate::order::model::{self, CancelReason, FinancialStatus, FulfillmentStatus, HistoryKind};

/// Something that was bought: a copy that later changes of the catalogue do not touch.
#[derive(Clone, Debug, Description)]
pub struct Order(pub Arc<model::Order>);

connection!(OrderConnection, OrderEdge, Order);

/// One thing that happened to an order: what, by whom and when.
#[derive(Clone, Debug, SimpleObject)]
pub struct OrderEvent {
    /// The entry's global id.
    id: ID,
    /// What happened.
    kind: HistoryKind,
    /// The same in words.
    message: String,
    /// Who did it: a key, the checkout or the system.
    actor: String,
    /// When.
    created_at: DateTime,
}

impl Order {
    fn money(&self, minor: i64) -> MoneyV2 {
        MoneyV2(self.0.money(minor))
    }

    fn bag(&self, minor: i64) -> MoneyBag {
        MoneyBag(self.0.money(minor))
    }
}

#[guarded]
#[Object(use_type_description)]
impl Order {
    /// The order's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Order", self.0.id)
    }

    /// The number as people say it: `#1001`.
    async fn name(&self) -> String {
        self.0.name()
    }

    /// The number: counted per shop from 1001, without gaps.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// The number, under the name storefronts use.
    async fn order_number(&self) -> i32 {
        self.0.number
    }

    /// When it was placed.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was placed, under the name storefronts use.
    async fn processed_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// When it was cancelled, if it was.
    async fn cancelled_at(&self) -> Option<DateTime> {
        self.0.cancelled_at.map(DateTime)
    }

    /// When it was cancelled, in storefronts' spelling.
    async fn canceled_at(&self) -> Option<DateTime> {
        self.0.cancelled_at.map(DateTime)
    }

    /// Why it was cancelled.
    async fn cancel_reason(&self) -> Option<CancelReason> {
        self.0.cancel_reason
    }

    /// Whether nothing is left to be done: cancelled, or paid and sent.
    async fn closed(&self) -> bool {
        self.0.cancelled_at.is_some()
            || (self.0.financial_status == FinancialStatus::Paid
                && self.0.fulfillment_status == FulfillmentStatus::Fulfilled)
    }

    /// How far it is paid.
    async fn display_financial_status(&self) -> Option<FinancialStatus> {
        Some(self.0.financial_status)
    }

    /// How much of it has been sent.
    async fn display_fulfillment_status(&self) -> FulfillmentStatus {
        self.0.fulfillment_status
    }

    /// How far it is paid, under the name storefronts use.
    async fn financial_status(&self) -> Option<FinancialStatus> {
        Some(self.0.financial_status)
    }

    /// How much of it has been sent, under the name storefronts use.
    async fn fulfillment_status(&self) -> FulfillmentStatus {
        self.0.fulfillment_status
    }

    /// Whether it is paid in full.
    async fn fully_paid(&self) -> bool {
        self.0.financial_status == FinancialStatus::Paid
    }

    /// The payment gateways it went through.
    async fn payment_gateway_names(&self) -> Vec<String> {
        vec![self.0.gateway.clone()]
    }

    /// The currency of all its amounts.
    async fn currency_code(&self) -> Currency {
        self.0.currency
    }

    /// The customer who bought; null for a guest's order. For the merchant: null to everyone else.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        match self.0.customer_id {
            Some(id) => customer_of_merchant(ctx.scope(), id).await,
            None => Ok(None),
        }
    }

    /// The buyer's e-mail address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The buyer's telephone number.
    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    /// Where it goes; null when nothing has to be sent.
    async fn shipping_address(&self) -> Option<MailingAddress> {
        let address = Arc::new(self.0.shipping_address.clone()?);
        Some(MailingAddress { id: self.0.id, address })
    }

    /// The delivery option that was chosen.
    async fn shipping_line(&self) -> Option<ShippingLine> {
        let title = self.0.delivery_title.clone()?;
        Some(ShippingLine { title, original_price_set: self.bag(self.0.shipping_minor) })
    }

    /// What the buyer wrote.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// The cart's attributes.
    async fn custom_attributes(&self) -> &[Attribute] {
        &self.0.attributes
    }

    /// What was sold.
    async fn line_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<LineItemConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        let lines = ctx.scope().snapshot().loaders.load(LinesOfOrder(self.0.id)).await?;
        let currency = self.0.currency;
        let lines = lines.iter().flat_map(|lines| lines.iter().cloned());
        let lines = lines.map(|line| LineItem { line, currency }).collect();
        Ok(LineItemConnection(Page::from_list(&query, lines, |item| Cursor::by_id(item.line.id))))
    }

    /// What has been sent so far.
    async fn fulfillments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many.")] first: Option<i32>,
    ) -> Result<Vec<Fulfillment>> {
        let sent = ctx.scope().snapshot().loaders.load(FulfillmentsOfOrder(self.0.id)).await?;
        let limit = first.map_or(usize::MAX, |first| usize::try_from(first).unwrap_or_default());
        Ok(sent.iter().flat_map(|sent| sent.iter().cloned()).take(limit).map(Fulfillment).collect())
    }

    /// What is to be sent: one fulfillment order.
    #[requires(read_orders)]
    async fn fulfillment_orders(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<FulfillmentOrderConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        let all = vec![FulfillmentOrder(self.0.clone())];
        let page = Page::from_list(&query, all, |one: &FulfillmentOrder| Cursor::by_id(one.0.id));
        Ok(FulfillmentOrderConnection(page))
    }

    /// What happened to it, oldest first.
    #[requires(read_orders)]
    async fn status_history(&self, ctx: &Context<'_>) -> Result<Vec<OrderEvent>> {
        let scope = ctx.scope();
        let entries = scope.snapshot().loaders.load(HistoryOfOrder(self.0.id)).await?;
        Ok(entries
            .iter()
            .flat_map(|entries| entries.iter())
            .map(|entry| OrderEvent {
                id: scope.gid("OrderEvent", entry.id),
                kind: entry.kind,
                message: entry.message.clone(),
                actor: entry.actor.clone(),
                created_at: DateTime(entry.created_at),
            })
            .collect())
    }

    /// The lines' sum.
    async fn subtotal_price_set(&self) -> Option<MoneyBag> {
        Some(self.bag(self.0.subtotal_minor))
    }

    /// What the delivery costs.
    async fn total_shipping_price_set(&self) -> MoneyBag {
        self.bag(self.0.shipping_minor)
    }

    /// Taxes; null, since they are in the prices and not told apart.
    async fn total_tax_set(&self) -> Option<MoneyBag> {
        None
    }

    /// What the buyer pays in all.
    async fn total_price_set(&self) -> MoneyBag {
        self.bag(self.0.total_minor)
    }

    /// What the buyer pays in all, after changes of the order.
    async fn current_total_price_set(&self) -> MoneyBag {
        self.bag(self.0.total_minor)
    }

    /// The lines' sum, under the name storefronts use.
    async fn subtotal_price(&self) -> Option<MoneyV2> {
        Some(self.money(self.0.subtotal_minor))
    }

    /// What the delivery costs, under the name storefronts use.
    async fn total_shipping_price(&self) -> MoneyV2 {
        self.money(self.0.shipping_minor)
    }

    /// Taxes, under the name storefronts use; null, since they are in the prices and not told apart.
    async fn total_tax(&self) -> Option<MoneyV2> {
        None
    }

    /// What the buyer pays in all, under the name storefronts use.
    async fn total_price(&self) -> MoneyV2 {
        self.money(self.0.total_minor)
    }

    /// What the platform takes of it, whether it was cancelled since or not; null for an order from before there were fees.
    /// With `read_billing`: null to everyone else.
    async fn platform_fee(&self, ctx: &Context<'_>) -> Option<MoneyV2> {
        let fee = self.0.platform_fee_minor.filter(|_| ctx.scope().may(READ_BILLING))?;
        Some(self.money(fee))
    }

    /// A named value that the merchant has added.
    pub(crate) async fn metafield(
        &self,
        #[graphql(desc = "The group of keys.")] namespace: Option<String>,
        #[graphql(desc = "The name within the namespace.")] key: String,
    ) -> Option<Metafield> {
        let _ = (namespace, key);
        None
    }

    /// Several named values, in the order asked for.
    pub(crate) async fn metafields(
        &self,
        #[graphql(desc = "Which ones.", validator(max_items = 250))] identifiers: Vec<HasMetafieldsIdentifier>,
    ) -> Vec<Option<Metafield>> {
        none_of(&identifiers)
    }
}

/// The delivery option of an order.
#[derive(Clone, Debug, SimpleObject)]
pub struct ShippingLine {
    /// The option's name.
    title: String,
    /// What it cost.
    original_price_set: MoneyBag,
}
