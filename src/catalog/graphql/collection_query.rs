//! The root fields that read collections.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::collection::{Collection, CollectionConnection};
use super::query::audience;
use crate::catalog::model::{self, CollectionSort, parse_collection_query};
use crate::catalog::store;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;

#[derive(Default)]
pub struct CollectionQuery;

/// The collection with this id, if the caller may see it.
pub async fn collection_by_id(scope: &Scope, id: Uuid) -> Result<Option<Collection>> {
    let audience = audience(scope);
    let found = scope.read(async |conn| store::collection_by_id(conn, audience, id).await).await?;
    Ok(found.map(|collection| Collection(Arc::new(collection))))
}

async fn collection_by_handle(scope: &Scope, handle: &str) -> Result<Option<Collection>> {
    let audience = audience(scope);
    let found = scope.read(async |conn| store::collection_by_handle(conn, audience, handle).await).await?;
    Ok(found.map(|collection| Collection(Arc::new(collection))))
}

#[guarded]
#[Object]
impl CollectionQuery {
    /// A collection by id or handle; null when there is none that the caller may see.
    #[public]
    async fn collection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The collection's global id.")] id: Option<ID>,
        #[graphql(desc = "The collection's handle.")] handle: Option<String>,
    ) -> Result<Option<Collection>> {
        match (id.map(|id| Gid::of(&id, "Collection")), handle) {
            (Some(Some(id)), _) => collection_by_id(ctx.scope(), id).await,
            (None, Some(handle)) => collection_by_handle(ctx.scope(), &handle).await,
            (Some(None), _) | (None, None) => Ok(None),
        }
    }

    /// A collection by its handle.
    #[public]
    #[graphql(deprecation = "Use `collection(handle:)`.")]
    async fn collection_by_handle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The collection's handle.")] handle: String,
    ) -> Result<Option<Collection>> {
        collection_by_handle(ctx.scope(), &handle).await
    }

    /// The shop's collections.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn collections(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(Default::default())")] sort_key: Option<
            CollectionSortKeys,
        >,
        #[graphql(
            desc = "What they must be, in the search syntax: words are looked for in the title. Fields: `title`, `handle`, `id`, `updated_at`."
        )]
        query: Option<String>,
    ) -> Result<CollectionConnection> {
        let scope = ctx.scope();
        let sort = CollectionSort::from(sort_key.unwrap_or_default());
        let page = PageArgs { first, after, last, before, reverse }.check_by(sort.key())?;
        let wanted = parse_collection_query(&query.unwrap_or_default())?;
        let rows =
            scope.read(async |conn| store::collections_list(conn, audience(scope), &wanted, sort, &page).await).await?;
        let page = Page::from_rows(&page, rows, |collection| cursor(sort, collection));
        Ok(CollectionConnection(page.map(|collection| Collection(Arc::new(collection)))))
    }
}

fn cursor(sort: CollectionSort, collection: &model::Collection) -> Cursor {
    match sort {
        CollectionSort::Id => Cursor::by_id(collection.id),
        CollectionSort::Title => Cursor::new(sort.key(), &collection.title, collection.id),
        CollectionSort::UpdatedAt => {
            Cursor::new(sort.key(), collection.updated_at.timestamp_micros().to_string(), collection.id)
        }
    }
}

/// What a list of collections is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum CollectionSortKeys {
    /// By id, which is by age.
    #[default]
    Id,
    /// By how well they fit the query: for now by id.
    Relevance,
    /// By title.
    Title,
    /// By the time of the last change.
    UpdatedAt,
}

impl From<CollectionSortKeys> for CollectionSort {
    fn from(key: CollectionSortKeys) -> Self {
        match key {
            CollectionSortKeys::Id | CollectionSortKeys::Relevance => Self::Id,
            CollectionSortKeys::Title => Self::Title,
            CollectionSortKeys::UpdatedAt => Self::UpdatedAt,
        }
    }
}
