//! The root fields that read products.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use emporia_macros::guarded;
use futures_util::try_join;
use uuid::Uuid;

use super::product::{Product, ProductConnection};
use crate::access::permission::READ_PRODUCTS;
use crate::catalog::loaders::{ProductById, VariantsOfProduct};
use crate::catalog::model::{self, Audience, Condition, Conditions, ProductSort, TextField, Variant, parse_query};
use crate::catalog::store;
use crate::connection;
use crate::db::TenantConn;
use crate::graphql::connection::{Cursor, Page, PageArgs, PageQuery, SortKey};
use crate::graphql::known::{Known, WHOLE, page_of};
use crate::graphql::plain::Fast;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::search::Query;

#[derive(Default)]
pub struct CatalogQuery;

/// What exists for this caller.
pub fn audience(scope: &Scope) -> Audience {
    if scope.may(READ_PRODUCTS) { Audience::Merchant } else { Audience::Shopper { now: scope.app.clock.now() } }
}

/// The product with this id, if the caller may see it.
pub async fn product_by_id(scope: &Scope, id: Uuid) -> Result<Option<Product>> {
    let found = scope.snapshot().loaders.load(ProductById(id)).await?;
    Ok(found.filter(|product| product.visible_to(audience(scope))).map(Product))
}

async fn product_by_handle(ctx: &Context<'_>, handle: &str) -> Result<Option<Product>> {
    let (scope, asked) = (ctx.scope(), ctx.look_ahead());
    let audience = audience(scope);
    let along = WITH_VARIANTS.into_iter().chain(["collections"]).any(|name| asked.field(name).exists());
    let read = async |conn: &mut TenantConn<'_>| match along {
        true => store::product_along_by_handle(conn, audience, handle).await,
        false => store::product_by_handle(conn, audience, handle).await,
    };
    if PRODUCT.is_all(ctx) {
        return Ok(scope.read_alone(read).await?.map(|product| Product(Arc::new(product))));
    }
    let Some(product) = scope.read(read).await?.map(Arc::new) else { return Ok(None) };
    // Its variants lead back to it, and choices among them begin with all of them.
    let snapshot = scope.snapshot();
    snapshot.loaders.prime(ProductById(product.id), product.clone()).await;
    if let Some(variants) = &product.along.variants {
        snapshot.loaders.prime(VariantsOfProduct(product.id), variants.clone()).await;
    }
    Ok(Some(Product(product)))
}

/// A page of products by id; when their variants are asked for, both are read together.
async fn products_by_id(ctx: &Context<'_>, page: &PageQuery) -> Result<Vec<model::Product>> {
    let (scope, asked) = (ctx.scope(), ctx.look_ahead());
    let audience = audience(scope);
    let [nodes, edges] = [asked.field("nodes"), asked.field("edges").field("node")];
    let along = WITH_VARIANTS.iter().any(|name| nodes.field(name).exists() || edges.field(name).exists());
    let read = async |conn: &mut TenantConn<'_>| {
        if !along {
            return Ok((store::products_page(conn, audience, page).await?, None));
        }
        let mut other = conn.clone();
        let variants = store::variants_of_page(&mut other, audience, page);
        let (products, variants) = try_join!(store::products_page(conn, audience, page), variants)?;
        Ok((products, Some(variants)))
    };
    let is_all = PRODUCTS.is_all(ctx);
    let (mut products, variants) = if is_all { scope.read_alone(read).await? } else { scope.read(read).await? };
    let Some(variants) = variants else { return Ok(products) };
    let mut by_product: HashMap<Uuid, &[Arc<Variant>]> =
        variants.chunk_by(|a, b| a.product_id == b.product_id).map(|chunk| (chunk[0].product_id, chunk)).collect();
    // One product more than the page has may have been read, to learn whether there is more: without variants.
    let size = usize::try_from(page.limit - 1).unwrap_or_default();
    for product in products.iter_mut().take(size) {
        product.along.variants = Some(by_product.remove(&product.id).unwrap_or_default().into());
    }
    Ok(products)
}

/// What a product's own row and its variants say, and what is read along beside them.
macro_rules! product {
    ($($along:expr),*) => {
        Known(&[
            ("availableForSale", WHOLE),
            ("compareAtPriceRange", WHOLE),
            ("createdAt", WHOLE),
            ("description", WHOLE),
            ("descriptionHtml", WHOLE),
            ("handle", WHOLE),
            ("id", WHOLE),
            ("priceRange", WHOLE),
            ("productType", WHOLE),
            ("publishedAt", WHOLE),
            ("seo", WHOLE),
            ("tags", WHOLE),
            ("title", WHOLE),
            ("totalInventory", WHOLE),
            ("updatedAt", WHOLE),
            ("variants", VARIANTS),
            ("variantsCount", WHOLE),
            ("vendor", WHOLE),
            $($along),*
        ])
    };
}

const PRODUCT: Known = product!(("collections", COLLECTIONS));

/// Products of a list come without their collections.
const PRODUCTS: Known = page_of!(product!());

const VARIANTS: Known = page_of!(VARIANT);

const VARIANT: Known = Known(&[
    ("availableForSale", WHOLE),
    ("compareAtPrice", WHOLE),
    ("currentlyNotInStock", WHOLE),
    ("id", WHOLE),
    ("price", WHOLE),
    ("quantityAvailable", WHOLE),
    ("sku", WHOLE),
    ("title", WHOLE),
]);

const COLLECTIONS: Known = page_of!(COLLECTION);

const COLLECTION: Known = Known(&[
    ("description", WHOLE),
    ("descriptionHtml", WHOLE),
    ("handle", WHOLE),
    ("id", WHOLE),
    ("image", WHOLE),
    ("seo", WHOLE),
    ("title", WHOLE),
    ("updatedAt", WHOLE),
]);

/// The fields of a product that need its variants.
const WITH_VARIANTS: [&str; 9] = [
    "adjacentVariants",
    "availableForSale",
    "compareAtPriceRange",
    "priceRange",
    "selectedOrFirstAvailableVariant",
    "totalInventory",
    "variantBySelectedOptions",
    "variants",
    "variantsCount",
];

/// A product's place in a list sorted like this.
pub fn cursor(sort: ProductSort, product: &model::Product) -> Cursor {
    let value = match sort {
        ProductSort::Id => return Cursor::by_id(product.id),
        ProductSort::CreatedAt => product.created_at.timestamp_micros().to_string(),
        ProductSort::Price => product.min_price_minor.to_string(),
        ProductSort::ProductType => product.product_type.clone(),
        ProductSort::Title => product.title.clone(),
        ProductSort::UpdatedAt => product.updated_at.timestamp_micros().to_string(),
        ProductSort::Vendor => product.vendor.clone(),
    };
    Cursor::new(sort.key(), value, product.id)
}

connection!(StringConnection, StringEdge, String);

#[guarded]
#[Object]
impl CatalogQuery {
    /// A product by id or handle; null when there is none that the caller may see.
    #[public]
    async fn product(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product's global id.")] id: Option<ID>,
        #[graphql(desc = "The product's handle.")] handle: Option<String>,
    ) -> Result<Option<Fast<Product>>> {
        match (id, handle) {
            (Some(id), _) => match Gid::of(&id, "Product") {
                Some(id) => product_by_id(ctx.scope(), id).await,
                None => Ok(None),
            },
            (None, Some(handle)) => product_by_handle(ctx, &handle).await,
            (None, None) => Ok(None),
        }
        .map(|found| found.map(Fast))
    }

    /// A product by its handle.
    #[public]
    #[graphql(deprecation = "Use `product(handle:)`.")]
    async fn product_by_handle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product's handle.")] handle: String,
    ) -> Result<Option<Fast<Product>>> {
        Ok(product_by_handle(ctx, &handle).await?.map(Fast))
    }

    /// The shop's products.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(Default::default())")] sort_key: Option<
            ProductSortKeys,
        >,
        #[graphql(
            desc = "What they must be, in the search syntax: words, quoted phrases, `tag:sale`, `price:>=10`, `vendor:acme*`, AND, OR, NOT, parentheses. Fields: `id`, `handle`, `title`, `vendor`, `product_type`, `tag`, `tag_not`, `sku`, `barcode`, `status`, `price` (the lowest), `available_for_sale`, `collection_id`, `created_at`, `updated_at`, `published_at`."
        )]
        query: Option<String>,
    ) -> Result<ProductConnection> {
        let scope = ctx.scope();
        let (audience, sort) = (audience(scope), ProductSort::from(sort_key.unwrap_or_default()));
        let page = PageArgs { first, after, last, before, reverse }.check_by(sort.key())?;
        let conditions = match query {
            Some(query) => parse_query(&query, scope.currency)?,
            None => Conditions::new(),
        };
        let rows = if conditions.is_empty() && sort == ProductSort::Id {
            products_by_id(ctx, &page).await?
        } else {
            scope.read(async |conn| store::products_list(conn, audience, &conditions, sort, &page).await).await?
        };
        let page = Page::from_rows(&page, rows, |product| cursor(sort, product));
        Ok(ProductConnection(page.map(|product| Product(Arc::new(product)))))
    }

    /// Products like this one, at most ten: of the same type first, then of the same vendor. Null: no such product.
    #[public]
    async fn product_recommendations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product's global id.")] product_id: Option<ID>,
        #[graphql(desc = "The product's handle.")] product_handle: Option<String>,
        #[graphql(desc = "In which way they should go together.", default_with = "Some(Default::default())")]
        intent: Option<ProductRecommendationIntent>,
    ) -> Result<Option<Vec<Product>>> {
        let _ = intent;
        let scope = ctx.scope();
        let found = match (product_id.map(|id| Gid::of(&id, "Product")), product_handle) {
            (Some(Some(id)), _) => product_by_id(scope, id).await?,
            (None, Some(handle)) => {
                let audience = audience(scope);
                let found = scope.read(async |conn| store::product_by_handle(conn, audience, &handle).await).await?;
                found.map(|product| Product(Arc::new(product)))
            }
            (Some(None), _) | (None, None) => None,
        };
        let Some(Product(product)) = found else { return Ok(None) };
        let mut like = Vec::new();
        if !product.product_type.is_empty() {
            like.push(Condition::text(TextField::ProductType, &product.product_type));
        }
        if !product.vendor.is_empty() {
            like.push(Condition::text(TextField::Vendor, &product.vendor));
        }
        let mut found: Vec<model::Product> = Vec::new();
        let page = PageArgs { first: Some(RECOMMENDED), ..PageArgs::default() }.check()?;
        for condition in like {
            let conditions = vec![Query::Is(condition), Query::Not(Box::new(Query::Is(Condition::Id(product.id))))];
            let more = scope
                .read(async |conn| {
                    store::products_list(conn, audience(scope), &conditions, ProductSort::Id, &page).await
                })
                .await?;
            found.extend(
                more.into_iter().filter(|new| found.iter().all(|known| known.id != new.id)).collect::<Vec<_>>(),
            );
            if found.len() >= RECOMMENDED as usize {
                break;
            }
        }
        found.truncate(RECOMMENDED as usize);
        Ok(Some(found.into_iter().map(|product| Product(Arc::new(product))).collect()))
    }

    /// The tags in use, by the alphabet.
    #[public]
    async fn product_tags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: at most 250.")] first: i32,
    ) -> Result<StringConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first: Some(first), ..PageArgs::default() }.check()?;
        let tags = scope.read(async |conn| store::tags(conn, audience(scope), page.limit).await).await?;
        Ok(StringConnection(Page::from_rows(&page, tags, |tag| Cursor::new(SortKey::text("tag"), tag, Uuid::nil()))))
    }

    /// The product types in use, by the alphabet.
    #[public]
    async fn product_types(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: at most 250.")] first: i32,
    ) -> Result<StringConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first: Some(first), ..PageArgs::default() }.check()?;
        let types = scope.read(async |conn| store::product_types(conn, audience(scope), page.limit).await).await?;
        Ok(StringConnection(Page::from_rows(&page, types, |kind| {
            Cursor::new(SortKey::text("type"), kind, Uuid::nil())
        })))
    }
}

/// At most this many recommendations.
const RECOMMENDED: i32 = 10;

/// What a list of products is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ProductSortKeys {
    /// What sells best first: for now by id.
    BestSelling,
    /// By when they were created.
    CreatedAt,
    /// By id, which is by age.
    #[default]
    Id,
    /// By the lowest price.
    Price,
    /// By type.
    ProductType,
    /// By how well they fit the query: for now by id.
    Relevance,
    /// By title.
    Title,
    /// By the time of the last change.
    UpdatedAt,
    /// By vendor.
    Vendor,
}

impl From<ProductSortKeys> for ProductSort {
    fn from(key: ProductSortKeys) -> Self {
        match key {
            ProductSortKeys::BestSelling | ProductSortKeys::Id | ProductSortKeys::Relevance => Self::Id,
            ProductSortKeys::CreatedAt => Self::CreatedAt,
            ProductSortKeys::Price => Self::Price,
            ProductSortKeys::ProductType => Self::ProductType,
            ProductSortKeys::Title => Self::Title,
            ProductSortKeys::UpdatedAt => Self::UpdatedAt,
            ProductSortKeys::Vendor => Self::Vendor,
        }
    }
}

/// In which way products should go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ProductRecommendationIntent {
    /// One completes the other.
    Complementary,
    /// One is like the other.
    #[default]
    Related,
}
