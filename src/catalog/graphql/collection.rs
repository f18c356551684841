//! `Collection` and its connection.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, Description, Enum, ID, Object, Positioned, Result, Value};

use super::filter::{self, ProductFilter};
use super::image::Image;
use super::product::{Product, ProductConnection};
use super::query::{audience, cursor};
use crate::catalog::model::{self, Condition, ProductSort};
use crate::catalog::store;
use crate::connection;
use crate::content::model::ResourceKind;
use crate::graphql::connection::{Cursor, Page, PageArgs, SortKey};
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::plain::{Plain, Reader};
use crate::graphql::scalars::{DateTime, Html, Url};
use crate::graphql::scope::ScopeExt;
use crate::graphql::seo::Seo;
use crate::search::Query;
use crate::shop::graphql::storefront;
use crate::text::truncate;

/// A list of products that the merchant keeps.
#[derive(Clone, Debug, Description)]
pub struct Collection(pub Arc<model::Collection>);

connection!(fast CollectionConnection, CollectionEdge, Collection);

#[Object(use_type_description)]
impl Collection {
    /// The collection's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Collection", self.0.id)
    }

    /// The readable part of its URL, unique among the shop's collections.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// The collection's name.
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

    /// Its picture.
    async fn image(&self) -> Option<Image> {
        self.0.image.clone().map(|image| Image(Arc::new(image)))
    }

    /// Texts for search engines.
    async fn seo(&self) -> Seo {
        Seo { title: self.0.seo_title.clone(), description: self.0.seo_description.clone() }
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// Its address in the storefront.
    pub(crate) async fn online_store_url(&self, ctx: &Context<'_>) -> Result<Option<Url>> {
        Ok(Some(Url(ResourceKind::Collection.url(&storefront(ctx.scope()).await?, &self.0.handle))))
    }

    /// What links should carry to be counted: nothing.
    pub(crate) async fn tracking_parameters(&self) -> Option<String> {
        None
    }

    /// Its products.
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
            ProductCollectionSortKeys,
        >,
        #[graphql(desc = "What they must be.")] filters: Option<Vec<ProductFilter>>,
    ) -> Result<ProductConnection> {
        let (scope, id) = (ctx.scope(), self.0.id);
        let (sort, audience) = (sort_key.unwrap_or_default().sort(), audience(scope));
        let page = PageArgs { first, after, last, before, reverse }.check_by(sort.map_or(MANUAL, ProductSort::key))?;
        let mut conditions = filter::conditions(filters, scope.currency)?;
        let Some(sort) = sort else {
            let rows =
                scope.read(async |conn| store::collection_list(conn, audience, id, &conditions, &page).await).await?;
            let place = |row: &(i32, model::Product)| Cursor::new(MANUAL, row.0.to_string(), row.1.id);
            return Ok(ProductConnection(Page::from_rows(&page, rows, place).map(|row| Product(Arc::new(row.1)))));
        };
        conditions.push(Query::Is(Condition::InCollection(id)));
        let rows =
            scope.read(async |conn| store::products_list(conn, audience, &conditions, sort, &page).await).await?;
        let page = Page::from_rows(&page, rows, |product| cursor(sort, product));
        Ok(ProductConnection(page.map(|product| Product(Arc::new(product)))))
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

impl Plain for Collection {
    fn plain(&self, reader: &Reader<'_>, field: &Positioned<Field>) -> Option<Value> {
        let collection = &self.0;
        let text = |text: &str| Value::String(text.to_owned());
        Some(match field.node.name.node.as_str() {
            "id" => Value::String(reader.scope.request.namespace.encode("Collection", collection.id)),
            "handle" => text(&collection.handle),
            "title" => text(&collection.title),
            "description" if field.node.arguments.is_empty() => text(&collection.description),
            "descriptionHtml" => text(&collection.description_html),
            _ => return None,
        })
    }
}

/// What a cursor says that is a place in the merchant's order.
const MANUAL: SortKey = SortKey::number("manual");

/// What a collection's products are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ProductCollectionSortKeys {
    /// What sells best first: for now the merchant's order.
    BestSelling,
    /// The merchant's order.
    #[default]
    CollectionDefault,
    /// By when they were created.
    Created,
    /// By id, which is by age.
    Id,
    /// The merchant's order.
    Manual,
    /// By the lowest price.
    Price,
    /// The merchant's order.
    Relevance,
    /// By title.
    Title,
}

impl ProductCollectionSortKeys {
    /// None: the merchant's order.
    fn sort(self) -> Option<ProductSort> {
        match self {
            Self::BestSelling | Self::CollectionDefault | Self::Manual | Self::Relevance => None,
            Self::Created => Some(ProductSort::CreatedAt),
            Self::Id => Some(ProductSort::Id),
            Self::Price => Some(ProductSort::Price),
            Self::Title => Some(ProductSort::Title),
        }
    }
}
