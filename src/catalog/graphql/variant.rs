//! `ProductVariant` and its connection.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, Description, Enum, ID, Object, Positioned, Result, SimpleObject, Value};
use emporia_macros::guarded;

use super::absent::{
    ProductVariantComponentConnection, QuantityPriceBreakConnection, QuantityRule, SellingPlanAllocationConnection,
    StoreAvailabilityConnection, UnitPriceMeasurement,
};
use super::image::Image;
use super::option::SelectedOption;
use super::product::Product;
use crate::catalog::loaders::{DetailsOfVariant, ImagesOfProduct, OptionsOfProduct, ProductById};
use crate::catalog::model::{self, InventoryPolicy, WeightUnit};
use crate::connection;
use crate::error::Fault;
use crate::graphql::connection::{Cursor, Page, PageArgs, PageQuery};
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::plain::{Plain, Reader};
use crate::graphql::scope::ScopeExt;
use crate::money::graphql::MoneyV2;
use crate::shop::graphql::GeoCoordinateInput;

/// One thing that can be bought: a product in one choice of its options.
#[derive(Clone, Debug, Description)]
pub struct ProductVariant(pub Arc<model::Variant>);

connection!(fast ProductVariantConnection, ProductVariantEdge, ProductVariant);

#[guarded]
#[Object(use_type_description)]
impl ProductVariant {
    /// The variant's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("ProductVariant", self.0.id)
    }

    /// Its option values, joined: "Small / Blue".
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The merchant's stock keeping unit.
    async fn sku(&self) -> Option<&str> {
        self.0.sku.as_deref()
    }

    /// The number below its bar code.
    async fn barcode(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(details(ctx, &self.0).await?.barcode.clone())
    }

    /// What one costs.
    async fn price(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.price_minor)
    }

    /// What one costs.
    #[graphql(name = "priceV2", deprecation = "Use `price`.")]
    async fn price_v2(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.price_minor)
    }

    /// What one cost before.
    async fn compare_at_price(&self, ctx: &Context<'_>) -> Option<MoneyV2> {
        self.0.compare_at_minor.map(|minor| ctx.scope().money(minor))
    }

    /// What one cost before.
    #[graphql(name = "compareAtPriceV2", deprecation = "Use `compareAtPrice`.")]
    async fn compare_at_price_v2(&self, ctx: &Context<'_>) -> Option<MoneyV2> {
        self.0.compare_at_minor.map(|minor| ctx.scope().money(minor))
    }

    /// What a unit of measure of it costs: not known yet.
    async fn unit_price(&self) -> Option<MoneyV2> {
        None
    }

    /// How the unit price relates to what is in the package.
    async fn unit_price_measurement(&self) -> Option<UnitPriceMeasurement> {
        None
    }

    /// Whether one can be bought now.
    async fn available_for_sale(&self) -> bool {
        self.0.available_for_sale()
    }

    /// Whether it is sold although none is in stock.
    async fn currently_not_in_stock(&self) -> bool {
        self.0.tracked && self.0.available <= 0 && self.0.may_oversell
    }

    /// Units free to sell; for variants that are not tracked, 0.
    async fn quantity_available(&self) -> Option<i32> {
        Some(i32::try_from(self.0.available).unwrap_or(i32::MAX))
    }

    /// How many may be bought at once.
    async fn quantity_rule(&self) -> QuantityRule {
        QuantityRule { increment: 1, maximum: None, minimum: 1 }
    }

    /// Lower prices for more of it. There are none yet.
    async fn quantity_price_breaks(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<QuantityPriceBreakConnection> {
        PageArgs { first, after, last, before, reverse: None }.check()?;
        Ok(QuantityPriceBreakConnection(Page::empty()))
    }

    /// Whether it has to be shipped.
    async fn requires_shipping(&self) -> bool {
        self.0.requires_shipping
    }

    /// Whether it is taxed.
    async fn taxable(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(details(ctx, &self.0).await?.taxable)
    }

    /// What it weighs, in its unit.
    async fn weight(&self, ctx: &Context<'_>) -> Result<Option<f64>> {
        let details = details(ctx, &self.0).await?;
        Ok(WeightUnit::parse(&details.weight_unit).map(|unit| weight_in(unit, &details)))
    }

    /// The unit of its weight.
    async fn weight_unit(&self, ctx: &Context<'_>) -> Result<WeightUnit> {
        let details = details(ctx, &self.0).await?;
        Ok(WeightUnit::parse(&details.weight_unit).unwrap_or(WeightUnit::Kilograms))
    }

    /// Its options with the values that it has.
    async fn selected_options(&self, ctx: &Context<'_>) -> Result<Vec<SelectedOption>> {
        let options = ctx.scope().snapshot().loaders.load(OptionsOfProduct(self.0.product_id)).await?;
        let names = options.iter().flat_map(|options| options.iter()).map(|option| option.name.clone());
        Ok(names.zip(self.0.values()).map(|(name, value)| SelectedOption { name, value: value.to_owned() }).collect())
    }

    /// Its picture, or else the product's first.
    async fn image(&self, ctx: &Context<'_>) -> Result<Option<Image>> {
        let images = ctx.scope().snapshot().loaders.load(ImagesOfProduct(self.0.product_id)).await?;
        let Some(images) = images else { return Ok(None) };
        let own = self.0.image_id.and_then(|id| images.iter().find(|image| image.id == Some(id)));
        Ok(own.or(images.first()).cloned().map(Image))
    }

    /// The product that it is a variant of.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        // Whoever gave this variant out has asked whether its product may be seen.
        let product = ctx.scope().snapshot().loaders.load(ProductById(self.0.product_id)).await?;
        Ok(Product(product.ok_or_else(|| Fault::internal("a variant without its product"))?))
    }

    /// Whether it is only sold as a part of something.
    async fn requires_components(&self) -> bool {
        false
    }

    /// What it consists of. There are no bundles yet.
    async fn components(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ProductVariantComponentConnection> {
        PageArgs { first, after, last, before, reverse: None }.check()?;
        Ok(ProductVariantComponentConnection(Page::empty()))
    }

    /// The bundles that it is a part of. There are none yet.
    async fn grouped_by(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<ProductVariantConnection> {
        PageArgs { first, after, last, before, reverse: None }.check()?;
        Ok(ProductVariantConnection(Page::empty()))
    }

    /// What it costs under selling plans. There are none yet.
    async fn selling_plan_allocations(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<SellingPlanAllocationConnection> {
        PageArgs { first, after, last, before, reverse }.check()?;
        Ok(SellingPlanAllocationConnection(Page::empty()))
    }

    /// Where it can be picked up: nowhere yet.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the vocabulary's")]
    async fn store_availability(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "Near this place first.")] near: Option<GeoCoordinateInput>,
    ) -> Result<StoreAvailabilityConnection> {
        let _ = near;
        PageArgs { first, after, last, before, reverse }.check()?;
        Ok(StoreAvailabilityConnection(Page::empty()))
    }

    /// What the merchant keeps about its stock.
    #[requires(read_inventory)]
    async fn inventory_item(&self) -> InventoryItem {
        InventoryItem(self.0.clone())
    }

    /// Units free to sell, over all locations.
    #[requires(read_inventory)]
    async fn inventory_quantity(&self) -> Option<i32> {
        Some(i32::try_from(self.0.available).unwrap_or(i32::MAX))
    }

    /// Whether it is sold when none is left.
    #[requires(read_products)]
    async fn inventory_policy(&self) -> InventoryPolicy {
        if self.0.may_oversell { InventoryPolicy::Continue } else { InventoryPolicy::Deny }
    }

    /// Its place among the product's variants, from 1.
    async fn position(&self) -> i32 {
        self.0.position.into()
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

async fn details(ctx: &Context<'_>, variant: &model::Variant) -> Result<Arc<model::VariantDetails>> {
    let details = ctx.scope().snapshot().loaders.load(DetailsOfVariant(variant.id)).await?;
    Ok(details.ok_or_else(|| Fault::internal("a variant without its details"))?)
}

/// Grams are whole; four places give back what was entered in any unit.
fn weight_in(unit: WeightUnit, details: &model::VariantDetails) -> f64 {
    (f64::from(details.weight_grams) / unit.in_grams() * 10_000.0).round() / 10_000.0
}

impl Plain for ProductVariant {
    fn plain(&self, reader: &Reader<'_>, field: &Positioned<Field>) -> Option<Value> {
        let variant = &self.0;
        Some(match field.node.name.node.as_str() {
            "id" => Value::String(reader.scope.request.namespace.encode("ProductVariant", variant.id)),
            "title" => Value::String(variant.title.clone()),
            "sku" => variant.sku.clone().map_or(Value::Null, Value::String),
            "availableForSale" => Value::Boolean(variant.available_for_sale()),
            "quantityAvailable" => Value::from(i32::try_from(variant.available).unwrap_or(i32::MAX)),
            "price" => return reader.object(&reader.scope.money(variant.price_minor), field),
            _ => return None,
        })
    }
}

/// What the merchant keeps about a variant's stock.
#[derive(Clone, Debug, Description)]
pub struct InventoryItem(pub Arc<model::Variant>);

#[Object(use_type_description)]
impl InventoryItem {
    /// The item's global id: it has the variant's uuid.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("InventoryItem", self.0.id)
    }

    /// The merchant's stock keeping unit.
    async fn sku(&self) -> Option<&str> {
        self.0.sku.as_deref()
    }

    /// Whether its stock is counted.
    async fn tracked(&self) -> bool {
        self.0.tracked
    }

    /// Whether it has to be shipped.
    async fn requires_shipping(&self) -> bool {
        self.0.requires_shipping
    }

    /// What the merchant pays for one.
    async fn unit_cost(&self, ctx: &Context<'_>) -> Result<Option<MoneyV2>> {
        Ok(details(ctx, &self.0).await?.cost_minor.map(|minor| ctx.scope().money(minor)))
    }

    /// How big it is.
    async fn measurement(&self, ctx: &Context<'_>) -> Result<InventoryItemMeasurement> {
        let details = details(ctx, &self.0).await?;
        let unit = WeightUnit::parse(&details.weight_unit).unwrap_or(WeightUnit::Grams);
        Ok(InventoryItemMeasurement { weight: Some(Weight { value: weight_in(unit, &details), unit }) })
    }

    /// The variant that it is the stock of.
    async fn variant(&self) -> ProductVariant {
        ProductVariant(self.0.clone())
    }
}

/// How big something is.
#[derive(Clone, Debug, SimpleObject)]
pub struct InventoryItemMeasurement {
    /// What it weighs.
    weight: Option<Weight>,
}

/// A weight in its unit.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Weight {
    /// How many of the unit.
    value: f64,
    /// The unit.
    unit: WeightUnit,
}

/// What a product's variants are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ProductVariantSortKeys {
    /// By id, which is by age.
    Id,
    /// In the merchant's order.
    #[default]
    Position,
    /// In the merchant's order.
    Relevance,
    /// By the stock keeping unit.
    Sku,
    /// By title.
    Title,
}

/// A page of a product's variants.
pub fn page(
    query: &PageQuery,
    variants: &[Arc<model::Variant>],
    by: ProductVariantSortKeys,
) -> ProductVariantConnection {
    let variants = sorted(variants.iter().cloned().map(ProductVariant).collect(), by);
    ProductVariantConnection(Page::from_list(query, variants, |variant| Cursor::by_id(variant.0.id)))
}

/// A product's variants in the order asked for.
fn sorted(mut variants: Vec<ProductVariant>, key: ProductVariantSortKeys) -> Vec<ProductVariant> {
    match key {
        ProductVariantSortKeys::Position | ProductVariantSortKeys::Relevance => {}
        ProductVariantSortKeys::Id => variants.sort_by_key(|variant| variant.0.id),
        ProductVariantSortKeys::Sku => variants.sort_by(|a, b| a.0.sku.cmp(&b.0.sku)),
        ProductVariantSortKeys::Title => variants.sort_by(|a, b| a.0.title.cmp(&b.0.title)),
    }
    variants
}
