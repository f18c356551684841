//! `LineItem` and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, SimpleObject};

use crate::attribute::Attribute;
use crate::connection;
use crate::graphql::scope::ScopeExt;
use crate::money::graphql::{MoneyBag, MoneyV2};
use crate::money::{Currency, Money};
use crate::order::model;

/// One line of an order: a copy of what was sold.
#[derive(Clone, Debug, Description)]
pub struct LineItem {
    pub line: Arc<model::OrderLine>,
    pub currency: Currency,
}

connection!(LineItemConnection, LineItemEdge, LineItem);

/// A variant's value for one option, as it was sold.
#[derive(Clone, Debug, SimpleObject)]
pub struct SoldOption {
    /// The option's name.
    name: String,
    /// The value.
    value: String,
}

impl LineItem {
    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}

#[Object(use_type_description)]
impl LineItem {
    /// The line's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("LineItem", self.line.id)
    }

    /// The product's name when it was sold.
    async fn title(&self) -> &str {
        &self.line.title
    }

    /// Product and variant in one text.
    async fn name(&self) -> String {
        match self.line.variant_title.as_str() {
            "" | "Default Title" => self.line.title.clone(),
            variant => format!("{} - {variant}", self.line.title),
        }
    }

    /// The variant's name when it was sold.
    async fn variant_title(&self) -> Option<&str> {
        Some(&self.line.variant_title)
    }

    /// The variant's SKU when it was sold.
    async fn sku(&self) -> Option<&str> {
        self.line.sku.as_deref()
    }

    /// The variant's options when it was sold.
    async fn selected_options(&self) -> Vec<SoldOption> {
        let options = self.line.options.iter().cloned();
        options.map(|option| SoldOption { name: option.name, value: option.value }).collect()
    }

    /// The sold product's global id; the product itself may have changed or gone.
    async fn product_id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Product", self.line.product_id)
    }

    /// The sold variant's global id; the variant itself may have changed or gone.
    async fn variant_id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("ProductVariant", self.line.variant_id)
    }

    /// How many were sold.
    async fn quantity(&self) -> i32 {
        self.line.quantity
    }

    /// How many are left after changes of the order.
    async fn current_quantity(&self) -> i32 {
        self.line.quantity
    }

    /// How many are still to be sent.
    async fn unfulfilled_quantity(&self) -> i32 {
        self.line.unfulfilled()
    }

    /// Whether it has to be sent.
    async fn requires_shipping(&self) -> bool {
        self.line.requires_shipping
    }

    /// The line's attributes.
    async fn custom_attributes(&self) -> &[Attribute] {
        &self.line.attributes
    }

    /// The price of one.
    async fn original_unit_price_set(&self) -> MoneyBag {
        MoneyBag(self.money(self.line.unit_price_minor))
    }

    /// The price of all.
    async fn original_total_set(&self) -> MoneyBag {
        MoneyBag(self.money(self.line.line_total_minor))
    }

    /// The price of all after discounts.
    async fn discounted_total_set(&self) -> MoneyBag {
        MoneyBag(self.money(self.line.line_total_minor))
    }

    /// The price of all, under the name storefronts use.
    async fn original_total_price(&self) -> MoneyV2 {
        MoneyV2(self.money(self.line.line_total_minor))
    }

    /// The price of all after discounts, under the name storefronts use.
    async fn discounted_total_price(&self) -> MoneyV2 {
        MoneyV2(self.money(self.line.line_total_minor))
    }
}
