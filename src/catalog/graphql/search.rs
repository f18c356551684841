//! `search` and `predictiveSearch`: what shoppers type. Every word must occur in the title, the vendor, the type or a
//! tag of a product, or in the title of a page or collection.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, Object, Result, SimpleObject, Union};
use emporia_macros::guarded;

use super::collection::Collection;
use super::filter::{self, Filter, ProductFilter};
use super::product::Product;
use super::query::{audience, cursor};
use crate::catalog::model::{CollectionCondition, CollectionSort, Condition, Conditions, ProductSort, TextField};
use crate::catalog::store;
use crate::content::graphql::{Article, Page as ContentPage};
use crate::content::model::{PageCondition, PageSort};
use crate::graphql::connection::{Cursor, Page, PageArgs, PageInfo};
use crate::graphql::error::ApiError;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::page::{MAX_PAGE, PageQuery};
use crate::search::{Query, words};

#[derive(Default)]
pub struct SearchQuery;

/// Something that a search finds.
#[derive(Clone, Debug, Union)]
pub enum SearchResultItem {
    Article(Article),
    Page(ContentPage),
    Product(Product),
}

/// One result of a page, with its cursor.
#[derive(Clone, Debug, SimpleObject)]
pub struct SearchResultItemEdge {
    /// The item's place in the list: an opaque text for `after` and `before`.
    cursor: String,
    /// The item.
    node: SearchResultItem,
}

/// A page of results.
#[derive(Clone, Debug, Description)]
pub struct SearchResultItemConnection {
    page: Page<SearchResultItem>,
    searched: Searched,
}

/// Among what, for who asks how much there is of it.
#[derive(Clone, Debug)]
enum Searched {
    /// Products that are like this.
    Products(Conditions),
    /// Pages with these words.
    Pages(String),
    /// A kind of which there is nothing.
    Nothing,
}

#[Object(use_type_description)]
impl SearchResultItemConnection {
    /// The page's results with their cursors.
    async fn edges(&self) -> Vec<SearchResultItemEdge> {
        let edge = |(cursor, node): &(Cursor, SearchResultItem)| SearchResultItemEdge {
            cursor: cursor.encode(),
            node: node.clone(),
        };
        self.page.items.iter().map(edge).collect()
    }

    /// The page's results.
    async fn nodes(&self) -> Vec<SearchResultItem> {
        self.page.items.iter().map(|(_, node)| node.clone()).collect()
    }

    /// Where this page ends and whether there is more.
    async fn page_info(&self) -> PageInfo {
        self.page.page_info()
    }

    /// Ways to narrow the products down. None are offered yet.
    async fn product_filters(&self) -> Vec<Filter> {
        Vec::new()
    }

    /// How many results there are in all; of pages, at most 250 are counted.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let scope = ctx.scope();
        let audience = audience(scope);
        let count = match &self.searched {
            Searched::Products(conditions) => {
                scope.read(async |conn| store::products_count(conn, audience, conditions).await).await?
            }
            Searched::Pages(query) => pages(scope, query, &first(MAX_PAGE)?).await?.len().min(MAX_PAGE as usize) as i64,
            Searched::Nothing => 0,
        };
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

fn first(count: i32) -> Result<PageQuery> {
    Ok(PageArgs { first: Some(count), ..PageArgs::default() }.check()?)
}

async fn pages(scope: &Scope, query: &str, page: &PageQuery) -> Result<Vec<ContentPage>> {
    let words = words(query, PageCondition::Title);
    let found = scope
        .read(async |conn| crate::content::store::pages_page(conn, audience(scope), PageSort::Id, &words, page).await)
        .await?;
    Ok(found.into_iter().map(|page| ContentPage(Arc::new(page))).collect())
}

/// Without the space around it.
fn checked(query: &str) -> Result<&str, ApiError> {
    if query.chars().nth(255).is_some() {
        return Err(ApiError::bad_input("`query` has more than 255 characters"));
    }
    Ok(query.trim())
}

fn product_conditions(query: &str, unavailable: Option<SearchUnavailableProductsType>) -> Conditions {
    let mut conditions = words(query, |word| Condition::Text(TextField::Any, word));
    if unavailable == Some(SearchUnavailableProductsType::Hide) {
        conditions.push(Query::Is(Condition::Available(true)));
    }
    conditions
}

#[guarded]
#[Object]
impl SearchQuery {
    /// What has all the words. Products when they are among the wanted types (or none are named), else pages.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What someone typed.")] query: String,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(Default::default())")] sort_key: Option<
            SearchSortKeys,
        >,
        #[graphql(desc = "What to look for.")] types: Option<Vec<SearchType>>,
        #[graphql(desc = "What products must be.")] product_filters: Option<Vec<ProductFilter>>,
        #[graphql(desc = "What becomes of products that cannot be bought now.")] unavailable_products: Option<
            SearchUnavailableProductsType,
        >,
        #[graphql(desc = "Whether the last word may be a beginning: it always may.")] prefix: Option<
            SearchPrefixQueryType,
        >,
    ) -> Result<SearchResultItemConnection> {
        let _ = prefix;
        let scope = ctx.scope();
        let args = PageArgs { first, after, last, before, reverse };
        let query = checked(&query)?;
        let wants = |kind| types.as_ref().is_none_or(|types| types.contains(&kind));
        if wants(SearchType::Product) {
            let mut conditions = product_conditions(query, unavailable_products);
            conditions.extend(filter::conditions(product_filters, scope.currency)?);
            let sort = if sort_key == Some(SearchSortKeys::Price) { ProductSort::Price } else { ProductSort::Id };
            let page = args.check_by(sort.key())?;
            let rows = scope
                .read(async |conn| store::products_list(conn, audience(scope), &conditions, sort, &page).await)
                .await?;
            let page = Page::from_rows(&page, rows, |product| cursor(sort, product));
            let page = page.map(|product| SearchResultItem::Product(Product(Arc::new(product))));
            return Ok(SearchResultItemConnection { page, searched: Searched::Products(conditions) });
        }
        let page = args.check()?;
        if !wants(SearchType::Page) {
            return Ok(SearchResultItemConnection { page: Page::empty(), searched: Searched::Nothing });
        }
        let rows = pages(scope, query, &page).await?;
        let page = Page::from_rows(&page, rows, |page| Cursor::by_id(page.0.id)).map(SearchResultItem::Page);
        Ok(SearchResultItemConnection { page, searched: Searched::Pages(query.to_owned()) })
    }

    /// What fits while someone is still typing.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn predictive_search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What someone has typed so far.")] query: String,
        #[graphql(desc = "How many results: at most 10.", validator(minimum = 1, maximum = 10))] limit: Option<i32>,
        #[graphql(desc = "Whether the limit is for all kinds together or for each.")] limit_scope: Option<
            PredictiveSearchLimitScope,
        >,
        #[graphql(desc = "What to look for.")] types: Option<Vec<PredictiveSearchType>>,
        #[graphql(desc = "Where to look: for now always in titles, vendors, types and tags.")]
        searchable_fields: Option<Vec<SearchableField>>,
        #[graphql(desc = "What becomes of products that cannot be bought now.")] unavailable_products: Option<
            SearchUnavailableProductsType,
        >,
    ) -> Result<Option<PredictiveSearchResult>> {
        let _ = searchable_fields;
        let scope = ctx.scope();
        let (query, limit) = (checked(&query)?, limit.unwrap_or(10));
        let mut result = PredictiveSearchResult::default();
        if query.is_empty() {
            return Ok(Some(result));
        }
        let wants = |kind| types.as_ref().is_none_or(|types| types.contains(&kind));
        let page = first(limit)?;
        let most = usize::try_from(limit).unwrap_or_default();
        if wants(PredictiveSearchType::Product) {
            let conditions = product_conditions(query, unavailable_products);
            let found = scope
                .read(async |conn| {
                    store::products_list(conn, audience(scope), &conditions, ProductSort::Id, &page).await
                })
                .await?;
            result.products = found.into_iter().take(most).map(|product| Product(Arc::new(product))).collect();
        }
        if wants(PredictiveSearchType::Collection) {
            let words = words(query, CollectionCondition::Title);
            let found = scope
                .read(async |conn| {
                    store::collections_list(conn, audience(scope), &words, CollectionSort::Id, &page).await
                })
                .await?;
            result.collections = found.into_iter().take(most).map(|found| Collection(Arc::new(found))).collect();
        }
        if wants(PredictiveSearchType::Page) {
            result.pages = pages(scope, query, &page).await?.into_iter().take(most).collect();
        }
        if limit_scope != Some(PredictiveSearchLimitScope::Each) {
            result.collections.truncate(most.saturating_sub(result.products.len()));
            result.pages.truncate(most.saturating_sub(result.products.len() + result.collections.len()));
        }
        Ok(Some(result))
    }
}

/// What fits while someone is still typing.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct PredictiveSearchResult {
    /// Articles. There are none yet.
    articles: Vec<Article>,
    /// Collections.
    collections: Vec<Collection>,
    /// Pages.
    pages: Vec<ContentPage>,
    /// Products.
    products: Vec<Product>,
    /// Words to go on with. There are none yet.
    queries: Vec<SearchQuerySuggestion>,
}

crate::absent_object! {
    /// Words to go on with.
    SearchQuerySuggestion {
        /// With the new part marked.
        styled_text() -> String;
        /// As they are.
        text() -> String;
        /// What links should carry to be counted.
        tracking_parameters() -> Option<String>;
    }
}

/// What results are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum SearchSortKeys {
    /// By the lowest price.
    Price,
    /// By how well they fit: for now by id.
    #[default]
    Relevance,
}

/// What can be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SearchType {
    /// Articles.
    Article,
    /// Pages.
    Page,
    /// Products.
    Product,
}

/// What becomes of products that cannot be bought now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SearchUnavailableProductsType {
    /// They are left out.
    Hide,
    /// They come last: for now where they are.
    Last,
    /// They stay where they are.
    Show,
}

/// Whether the last word may be a beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SearchPrefixQueryType {
    /// It may.
    Last,
    /// It is a whole word.
    None,
}

/// Whether a limit is for all kinds of results together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PredictiveSearchLimitScope {
    /// For all together.
    All,
    /// For each kind.
    Each,
}

/// What can be found while someone is still typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PredictiveSearchType {
    /// Articles.
    Article,
    /// Collections.
    Collection,
    /// Pages.
    Page,
    /// Products.
    Product,
    /// Words to go on with.
    Query,
}

/// Where words can be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SearchableField {
    /// In the author's name.
    Author,
    /// In the text.
    Body,
    /// In the product's type.
    ProductType,
    /// In the tags.
    Tag,
    /// In the title.
    Title,
    /// In the variants' bar codes.
    VariantsBarcode,
    /// In the variants' stock keeping units.
    VariantsSku,
    /// In the variants' titles.
    VariantsTitle,
    /// In the vendor.
    Vendor,
}
