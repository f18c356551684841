//! `Page` and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, Result};
use uuid::Uuid;

use crate::catalog::graphql::audience;
use crate::connection;
use crate::content::model::{self, PageSort, ResourceKind};
use crate::content::store;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::scalars::{DateTime, Html, Url};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::seo::Seo;
use crate::shop::graphql::storefront;
use crate::text::{plain_of, truncate};

/// A text of its own, like "About us".
#[derive(Clone, Debug, Description)]
pub struct Page(pub Arc<model::Page>);

connection!(PageConnection, PageEdge, Page);

/// The page with this id, if the caller may see it.
pub async fn page_by_id(scope: &Scope, id: Uuid) -> Result<Option<Page>> {
    let audience = audience(scope);
    let found = scope.read(async |conn| store::page_by_id(conn, audience, id).await).await?;
    Ok(found.map(|page| Page(Arc::new(page))))
}

/// The page with this handle, if the caller may see it.
pub async fn page_by_handle(scope: &Scope, handle: &str) -> Result<Option<Page>> {
    let audience = audience(scope);
    let found = scope.read(async |conn| store::page_by_handle(conn, audience, handle).await).await?;
    Ok(found.map(|page| Page(Arc::new(page))))
}

/// How many characters a summary has at most.
const SUMMARY: i32 = 150;

#[Object(use_type_description)]
impl Page {
    /// The page's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Page", self.0.id)
    }

    /// The readable part of its URL, unique among the shop's pages.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// The page's title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The text with its markup.
    async fn body(&self, ctx: &Context<'_>) -> Html {
        Html(ctx.scope().text(self.0.body_html.as_str()).await)
    }

    /// The beginning of the text, without markup.
    async fn body_summary(&self) -> String {
        truncate(&plain_of(&self.0.body_html), Some(SUMMARY))
    }

    /// Texts for search engines.
    async fn seo(&self) -> Option<Seo> {
        Some(Seo { title: self.0.seo_title.clone(), description: self.0.seo_description.clone() })
    }

    /// Whether shoppers see it now.
    async fn is_published(&self, ctx: &Context<'_>) -> bool {
        self.0.published_at.is_some_and(|at| at <= ctx.scope().app.clock.now())
    }

    /// Since when, or from when on, shoppers see it.
    async fn published_at(&self) -> Option<DateTime> {
        self.0.published_at.map(DateTime)
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// Its address in the storefront.
    pub(crate) async fn online_store_url(&self, ctx: &Context<'_>) -> Result<Option<Url>> {
        Ok(Some(Url(ResourceKind::Page.url(&storefront(ctx.scope()).await?, &self.0.handle))))
    }

    /// What links should carry to be counted: nothing.
    pub(crate) async fn tracking_parameters(&self) -> Option<String> {
        None
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

/// What a list of pages is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum PageSortKeys {
    /// By id, which is by age.
    #[default]
    Id,
    /// By how well they fit the query; without one, by id.
    Relevance,
    /// By title.
    Title,
    /// By the time of the last change.
    UpdatedAt,
}

impl From<PageSortKeys> for PageSort {
    fn from(key: PageSortKeys) -> Self {
        match key {
            PageSortKeys::Id | PageSortKeys::Relevance => Self::Id,
            PageSortKeys::Title => Self::Title,
            PageSortKeys::UpdatedAt => Self::UpdatedAt,
        }
    }
}
