//! `Product` and its connection.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, Description, ID, Object, Positioned, Result, SimpleObject, Value};
use emporia_macros::guarded;
use uuid::Uuid;

use super::absent::{SellingPlanGroupConnection, TaxonomyCategory};
use super::collection::{Collection, CollectionConnection};
use super::filter::Filter;
use super::image::{self, Image, ImageConnection, ProductImageSortKeys};
use super::media::{Media, MediaConnection, MediaImage, ProductMediaSortKeys};
use super::option::{ProductOption, SelectedOptionInput, chosen};
use super::query::audience;
use super::variant::{self, ProductVariant, ProductVariantConnection, ProductVariantSortKeys};
use crate::catalog::loaders::{CollectionsOfProduct, ImagesOfProduct, OptionsOfProduct, VariantsOfProduct};
use crate::catalog::model::{self, Choices, Matching, ProductStatus, Variants, WholeOption};
use crate::connection;
use crate::content::graphql::{Count, CountPrecision};
use crate::content::model::ResourceKind;
use crate::graphql::connection::{Cursor, Page, PageArgs, PageQuery};
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::plain::{Plain, Reader};
use crate::graphql::scalars::{DateTime, Html, Url};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::seo::Seo;
use crate::money::graphql::MoneyV2;
use crate::shop::graphql::storefront;
use crate::text::truncate;

/// Something a shop offers, in one or more variants.
#[derive(Clone, Debug, Description)]
pub struct Product(pub Arc<model::Product>);

connection!(fast ProductConnection, ProductEdge, Product, {
    /// Ways to narrow the list down. None are offered yet.
    async fn filters(&self) -> Vec<Filter> {
        Vec::new()
    }
});

/// A product's options and variants, which every choice needs.
pub async fn choices(scope: &Scope, product_id: Uuid) -> Result<(Arc<[WholeOption]>, Variants)> {
    let snapshot = scope.snapshot();
    let loaders = &snapshot.loaders;
    let (options, variants) = futures_util::try_join!(
        loaders.load(OptionsOfProduct(product_id)),
        loaders.load(VariantsOfProduct(product_id))
    )?;
    Ok((options.unwrap_or_else(|| Arc::new([])), variants.unwrap_or_else(|| Arc::new([]))))
}

impl Product {
    async fn all_variants(&self, ctx: &Context<'_>) -> Result<Variants> {
        if let Some(variants) = &self.0.along.variants {
            return Ok(variants.clone());
        }
        let variants = ctx.scope().snapshot().loaders.load(VariantsOfProduct(self.0.id)).await?;
        Ok(variants.unwrap_or_else(|| Arc::new([])))
    }

    async fn all_images(&self, ctx: &Context<'_>) -> Result<Vec<Image>> {
        let images = ctx.scope().snapshot().loaders.load(ImagesOfProduct(self.0.id)).await?;
        Ok(images.iter().flat_map(|images| images.iter().cloned().map(Image)).collect())
    }
}

#[guarded]
#[Object(use_type_description)]
impl Product {
    /// The product's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Product", self.0.id)
    }

    /// The readable part of its URL, unique in the shop.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// The product's name.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The description as plain text.
    async fn description(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cut after this many characters, with an ellipsis.")] truncate_at: Option<i32>,
    ) -> String {
        ctx.scope().text(truncate(&self.0.description, truncate_at)).await
    }

    /// The description with its markup.
    async fn description_html(&self, ctx: &Context<'_>) -> Html {
        Html(ctx.scope().text(self.0.description_html.as_str()).await)
    }

    /// Who makes or supplies it.
    async fn vendor(&self) -> &str {
        &self.0.vendor
    }

    /// The kind of product, in the merchant's own words.
    async fn product_type(&self) -> &str {
        &self.0.product_type
    }

    /// Its category in a public taxonomy: it has none.
    async fn category(&self) -> Option<TaxonomyCategory> {
        None
    }

    /// The merchant's labels.
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// Whether it is offered.
    #[requires(read_products)]
    async fn status(&self) -> ProductStatus {
        match self.0.status.as_str() {
            "ACTIVE" => ProductStatus::Active,
            "ARCHIVED" => ProductStatus::Archived,
            _ => ProductStatus::Draft,
        }
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Since when shoppers may see it; for a product that they may not see, when it was created.
    async fn published_at(&self) -> DateTime {
        DateTime(self.0.published_at.unwrap_or(self.0.created_at))
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// Texts for search engines.
    async fn seo(&self) -> Seo {
        Seo { title: self.0.seo_title.clone(), description: self.0.seo_description.clone() }
    }

    /// Its address in the storefront.
    pub(crate) async fn online_store_url(&self, ctx: &Context<'_>) -> Result<Option<Url>> {
        Ok(Some(Url(ResourceKind::Product.url(&storefront(ctx.scope()).await?, &self.0.handle))))
    }

    /// What links should carry to be counted: nothing.
    pub(crate) async fn tracking_parameters(&self) -> Option<String> {
        None
    }

    /// Whether it is a gift card.
    async fn is_gift_card(&self) -> bool {
        false
    }

    /// Whether it can only be bought under a selling plan.
    async fn requires_selling_plan(&self) -> bool {
        false
    }

    /// Selling plans. There are none yet.
    async fn selling_plan_groups(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<SellingPlanGroupConnection> {
        PageArgs { first, after, last, before, reverse }.check()?;
        Ok(SellingPlanGroupConnection(Page::empty()))
    }

    /// Whether any of its variants can be bought now.
    async fn available_for_sale(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.all_variants(ctx).await?.iter().any(|variant| variant.available_for_sale()))
    }

    /// Units free to sell, of all its variants that are tracked.
    async fn total_inventory(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let variants = self.all_variants(ctx).await?;
        let total = variants.iter().filter(|variant| variant.tracked).map(|variant| variant.available).sum::<i64>();
        Ok(Some(i32::try_from(total).unwrap_or(i32::MAX)))
    }

    /// From its lowest to its highest price.
    async fn price_range(&self, ctx: &Context<'_>) -> Result<ProductPriceRange> {
        let variants = self.all_variants(ctx).await?;
        Ok(ProductPriceRange::of(ctx.scope(), variants.iter().map(|variant| variant.price_minor)))
    }

    /// From its lowest to its highest former price; 0 when there is none.
    async fn compare_at_price_range(&self, ctx: &Context<'_>) -> Result<ProductPriceRange> {
        let variants = self.all_variants(ctx).await?;
        Ok(ProductPriceRange::of(ctx.scope(), variants.iter().filter_map(|variant| variant.compare_at_minor)))
    }

    /// The things by which its variants differ.
    async fn options(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many.")] first: Option<i32>,
    ) -> Result<Vec<ProductOption>> {
        let options = ctx.scope().snapshot().loaders.load(OptionsOfProduct(self.0.id)).await?;
        let mut options = options.map(|options| ProductOption::all(self.0.id, &options)).unwrap_or_default();
        if let Some(first) = first {
            options.truncate(usize::try_from(first).unwrap_or_default());
        }
        Ok(options)
    }

    /// Its variants in the merchant's order.
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn variants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(Default::default())")] sort_key: Option<
            ProductVariantSortKeys,
        >,
    ) -> Result<ProductVariantConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        Ok(variant::page(&query, &self.all_variants(ctx).await?, sort_key.unwrap_or_default()))
    }

    /// How many variants it has.
    async fn variants_count(&self, ctx: &Context<'_>) -> Result<Option<Count>> {
        let count = i32::try_from(self.all_variants(ctx).await?.len()).unwrap_or(i32::MAX);
        Ok(Some(Count { count, precision: CountPrecision::Exact }))
    }

    /// The variant that a choice leads to, or else the first that can be bought, or else the first.
    async fn selected_or_first_available_variant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The choice.", validator(max_items = 250))] selected_options: Option<Vec<SelectedOptionInput>>,
        #[graphql(desc = "Whether options that the product does not have are left out.", default_with = "Some(true)")]
        ignore_unknown_options: Option<bool>,
        #[graphql(desc = "Whether upper and lower case are the same.", default_with = "Some(false)")]
        case_insensitive_match: Option<bool>,
    ) -> Result<Option<ProductVariant>> {
        let (options, variants) = choices(ctx.scope(), self.0.id).await?;
        let choices = Choices { options: &options, variants: &variants };
        let matching = matching(ignore_unknown_options.unwrap_or(true), case_insensitive_match);
        Ok(choices.selected_or_first_available(&chosen(selected_options), matching).cloned().map(ProductVariant))
    }

    /// The variant with exactly these values.
    async fn variant_by_selected_options(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A value for every option.", validator(max_items = 250))] selected_options: Vec<
            SelectedOptionInput,
        >,
        #[graphql(desc = "Whether options that the product does not have are left out.", default_with = "Some(false)")]
        ignore_unknown_options: Option<bool>,
        #[graphql(desc = "Whether upper and lower case are the same.", default_with = "Some(false)")]
        case_insensitive_match: Option<bool>,
    ) -> Result<Option<ProductVariant>> {
        let (options, variants) = choices(ctx.scope(), self.0.id).await?;
        let choices = Choices { options: &options, variants: &variants };
        let matching = matching(ignore_unknown_options.unwrap_or(false), case_insensitive_match);
        Ok(choices.by_options(&chosen(Some(selected_options)), matching).cloned().map(ProductVariant))
    }

    /// The variants that differ from a choice (or else from the first that can be bought) in one value.
    async fn adjacent_variants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The choice.", validator(max_items = 250))] selected_options: Option<Vec<SelectedOptionInput>>,
        #[graphql(desc = "Whether options that the product does not have are left out.", default_with = "Some(true)")]
        ignore_unknown_options: Option<bool>,
        #[graphql(desc = "Whether upper and lower case are the same.", default_with = "Some(false)")]
        case_insensitive_match: Option<bool>,
    ) -> Result<Vec<ProductVariant>> {
        let (options, variants) = choices(ctx.scope(), self.0.id).await?;
        let choices = Choices { options: &options, variants: &variants };
        let matching = matching(ignore_unknown_options.unwrap_or(true), case_insensitive_match);
        let adjacent = choices.adjacent(&chosen(selected_options), matching);
        Ok(adjacent.into_iter().cloned().map(ProductVariant).collect())
    }

    /// Which combinations of option values there are, encoded for `isOptionValueCombinationInEncodedVariant`.
    async fn encoded_variant_existence(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let (options, variants) = choices(ctx.scope(), self.0.id).await?;
        Ok(Some(Choices { options: &options, variants: &variants }.encoded(false)))
    }

    /// Which combinations of option values can be bought now, encoded in the same way.
    async fn encoded_variant_availability(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let (options, variants) = choices(ctx.scope(), self.0.id).await?;
        Ok(Some(Choices { options: &options, variants: &variants }.encoded(true)))
    }

    /// Its first picture.
    async fn featured_image(&self, ctx: &Context<'_>) -> Result<Option<Image>> {
        Ok(self.all_images(ctx).await?.into_iter().next())
    }

    /// Its pictures.
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn images(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(Default::default())")] sort_key: Option<
            ProductImageSortKeys,
        >,
    ) -> Result<ImageConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        let images = image::sorted(self.all_images(ctx).await?, sort_key.unwrap_or_default());
        Ok(ImageConnection(Page::from_list(&query, images, |image| Cursor::by_id(image.0.id.unwrap_or_default()))))
    }

    /// Its pictures, as media.
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn media(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(Default::default())")] sort_key: Option<
            ProductMediaSortKeys,
        >,
    ) -> Result<MediaConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        let by = match sort_key.unwrap_or_default() {
            ProductMediaSortKeys::Id => ProductImageSortKeys::Id,
            ProductMediaSortKeys::Position | ProductMediaSortKeys::Relevance => ProductImageSortKeys::Position,
        };
        let images = image::sorted(self.all_images(ctx).await?, by);
        let page = Page::from_list(&query, images, |image| Cursor::by_id(image.0.id.unwrap_or_default()));
        Ok(MediaConnection(page.map(|image| Media::Image(MediaImage(image)))))
    }

    /// The collections that hold it.
    async fn collections(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<CollectionConnection> {
        let (query, scope) = (PageArgs { first, after, last, before, reverse }.check()?, ctx.scope());
        if let Some(collections) = &self.0.along.collections {
            return Ok(collections_page(scope, &query, collections));
        }
        let collections = scope.snapshot().loaders.load(CollectionsOfProduct(self.0.id)).await?;
        Ok(collections_page(scope, &query, collections.as_deref().unwrap_or_default()))
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

fn collections_page(scope: &Scope, query: &PageQuery, all: &[Arc<model::Collection>]) -> CollectionConnection {
    let audience = audience(scope);
    let visible = all.iter().filter(|found| found.visible_to(audience)).cloned().map(Collection).collect();
    CollectionConnection(Page::from_list(query, visible, |found| Cursor::by_id(found.0.id)))
}

impl Plain for Product {
    fn plain(&self, reader: &Reader<'_>, field: &Positioned<Field>) -> Option<Value> {
        let product = &self.0;
        let text = |text: &str| Value::String(text.to_owned());
        Some(match field.node.name.node.as_str() {
            "id" => Value::String(reader.scope.request.namespace.encode("Product", product.id)),
            "handle" => text(&product.handle),
            "title" => text(&product.title),
            "description" if field.node.arguments.is_empty() => text(&product.description),
            "descriptionHtml" => text(&product.description_html),
            "vendor" => text(&product.vendor),
            "productType" => text(&product.product_type),
            "tags" => Value::List(product.tags.iter().map(|tag| text(tag)).collect()),
            "variants" => {
                let variants = product.along.variants.as_ref()?;
                let by = reader.argument(field, "sortKey")?.unwrap_or_default();
                return reader.object(&variant::page(&reader.page(field)?, variants, by), field);
            }
            "collections" => {
                let collections = product.along.collections.as_ref()?;
                return reader.object(&collections_page(reader.scope, &reader.page(field)?, collections), field);
            }
            _ => return None,
        })
    }
}

fn matching(ignore_unknown: bool, ignore_case: Option<bool>) -> Matching {
    Matching { ignore_unknown, ignore_case: ignore_case.unwrap_or_default() }
}

/// From a lowest to a highest price.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProductPriceRange {
    /// The highest.
    max_variant_price: MoneyV2,
    /// The lowest.
    min_variant_price: MoneyV2,
}

impl ProductPriceRange {
    fn of(scope: &Scope, prices: impl Iterator<Item = i64> + Clone) -> Self {
        let money = |minor: Option<i64>| scope.money(minor.unwrap_or_default());
        Self { max_variant_price: money(prices.clone().max()), min_variant_price: money(prices.min()) }
    }
}
