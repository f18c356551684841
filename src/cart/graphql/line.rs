//! Cart lines.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Interface, Object, Result, SimpleObject, Union};

use super::absent::{CartDiscountAllocation, ComponentizableCartLine};
use crate::attribute::Attribute;
use crate::cart::model;
use crate::catalog::graphql::{ProductVariant, SellingPlanAllocation};
use crate::catalog::loaders::VariantById;
use crate::connection;
use crate::error::Fault;
use crate::graphql::scope::ScopeExt;
use crate::graphql::shown::Shown;
use crate::money::graphql::MoneyV2;

/// A line of a cart.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "id", ty = "ID", desc = "The line's global id."),
    field(name = "quantity", ty = "i32", desc = "How many of it."),
    field(
        name = "attribute",
        ty = "Option<Attribute>",
        desc = "What the buyer remarks under a key.",
        arg(name = "key", ty = "String", desc = "The key.")
    ),
    field(name = "attributes", ty = "Vec<Attribute>", desc = "What the buyer remarks."),
    field(name = "cost", ty = "CartLineCost", desc = "What it costs."),
    field(
        name = "estimated_cost",
        ty = "CartLineEstimatedCost",
        desc = "What it is expected to cost.",
        deprecation = "Use `cost`."
    ),
    field(name = "discount_allocations", ty = "Vec<CartDiscountAllocation>", desc = "What discounts take off it."),
    field(name = "merchandise", ty = "Merchandise", desc = "What is bought."),
    field(
        name = "selling_plan_allocation",
        ty = "Option<SellingPlanAllocation>",
        desc = "The selling plan it is bought by."
    )
)]
pub enum BaseCartLine {
    CartLine(CartLine),
    ComponentizableCartLine(ComponentizableCartLine),
}

/// Storefronts ask for `nodes` twice, once for each kind of line.
pub type AnyCartLine = Shown<BaseCartLine>;

connection!(BaseCartLineConnection, BaseCartLineEdge, AnyCartLine);

/// So many of one variant, with the buyer's own remarks.
#[derive(Clone, Debug, Description)]
pub struct CartLine(pub Arc<model::Line>);

/// What can be bought.
#[derive(Clone, Debug, Union)]
pub enum Merchandise {
    ProductVariant(ProductVariant),
}

#[Object(use_type_description)]
impl CartLine {
    /// The line's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("CartLine", self.0.id)
    }

    /// How many of it.
    async fn quantity(&self) -> i32 {
        self.0.quantity
    }

    /// What the buyer remarks under a key.
    async fn attribute(&self, #[graphql(desc = "The key.")] key: String) -> Option<Attribute> {
        self.0.attributes.get(&key).cloned()
    }

    /// What the buyer remarks.
    async fn attributes(&self) -> Vec<Attribute> {
        self.0.attributes.0.clone()
    }

    /// What it costs.
    async fn cost(&self) -> CartLineCost {
        CartLineCost(self.0.clone())
    }

    /// What it costs.
    #[graphql(deprecation = "Use `cost`.")]
    async fn estimated_cost(&self) -> CartLineEstimatedCost {
        CartLineEstimatedCost(self.0.clone())
    }

    /// What discounts take off it; there are none yet.
    async fn discount_allocations(&self) -> Vec<CartDiscountAllocation> {
        vec![]
    }

    /// What is bought.
    async fn merchandise(&self, ctx: &Context<'_>) -> Result<Merchandise> {
        let id = self.0.merchandise.variant_id;
        let variant = ctx.scope().snapshot().loaders.load(VariantById(id)).await?;
        // The line's foreign key keeps the variant; it can go only between the reading of the two.
        let variant = variant.ok_or_else(|| Fault::internal(format!("the variant {id} of a cart line is gone")))?;
        Ok(Merchandise::ProductVariant(ProductVariant(variant)))
    }

    /// What the buyer may do with it.
    async fn instructions(&self) -> CartLineInstructions {
        CartLineInstructions { can_remove: true, can_update_quantity: true }
    }

    /// The line it belongs to; lines are on their own.
    async fn parent_relationship(&self) -> Option<CartLineParentRelationship> {
        None
    }

    /// The selling plan it is bought by; there are none yet.
    async fn selling_plan_allocation(&self) -> Option<SellingPlanAllocation> {
        None
    }
}

/// What may be done with a line.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct CartLineInstructions {
    /// Whether it can be removed.
    can_remove: bool,
    /// Whether its quantity can be changed.
    can_update_quantity: bool,
}

/// To which line another belongs.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartLineParentRelationship {
    /// The line it belongs to.
    parent: CartLine,
}

/// What a line costs, at its variant's price of now.
#[derive(Clone, Debug, Description)]
pub struct CartLineCost(Arc<model::Line>);

#[Object(use_type_description)]
impl CartLineCost {
    /// What one costs.
    async fn amount_per_quantity(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.merchandise.price_minor)
    }

    /// What one cost before.
    async fn compare_at_amount_per_quantity(&self, ctx: &Context<'_>) -> Option<MoneyV2> {
        self.0.merchandise.compare_at_minor.map(|minor| ctx.scope().money(minor))
    }

    /// What all of it costs, without discounts.
    async fn subtotal_amount(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.total())
    }

    /// What all of it costs.
    async fn total_amount(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.total())
    }
}

/// What a line costs, under the names of before.
#[derive(Clone, Debug, Description)]
pub struct CartLineEstimatedCost(Arc<model::Line>);

#[Object(use_type_description)]
impl CartLineEstimatedCost {
    /// What one costs.
    async fn amount(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.merchandise.price_minor)
    }

    /// What one cost before.
    async fn compare_at_amount(&self, ctx: &Context<'_>) -> Option<MoneyV2> {
        self.0.merchandise.compare_at_minor.map(|minor| ctx.scope().money(minor))
    }

    /// What all of it costs, without discounts.
    async fn subtotal_amount(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.total())
    }

    /// What all of it costs.
    async fn total_amount(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.total())
    }
}
