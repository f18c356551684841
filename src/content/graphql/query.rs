//! The content's root fields.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;

use super::blog::{Article, ArticleConnection, ArticleSortKeys, Blog, BlogConnection, BlogSortKeys};
use super::menu::{Menu, menu_by_handle};
use super::metaobject::{Metaobject, MetaobjectConnection, MetaobjectHandleInput};
use super::page::{Page, PageConnection, PageSortKeys, page_by_handle, page_by_id};
use super::sitemap::{Sitemap, SitemapType, UrlRedirectConnection};
use crate::catalog::graphql::audience;
use crate::content::model::{PageSort, parse_page_query};
use crate::content::store;
use crate::graphql::connection::{Cursor, Page as PageOf, PageArgs};
use crate::graphql::scope::ScopeExt;
use crate::ids::Gid;

#[derive(Default)]
pub struct ContentQuery;

#[guarded]
#[Object]
impl ContentQuery {
    /// A page by id or handle; null when there is none that the caller may see.
    #[public]
    async fn page(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The page's global id.")] id: Option<ID>,
        #[graphql(desc = "The page's handle.")] handle: Option<String>,
    ) -> Result<Option<Page>> {
        match (id.map(|id| Gid::of(&id, "Page")), handle) {
            (Some(Some(id)), _) => page_by_id(ctx.scope(), id).await,
            (None, Some(handle)) => page_by_handle(ctx.scope(), &handle).await,
            (Some(None), _) | (None, None) => Ok(None),
        }
    }

    /// A page by its handle.
    #[public]
    #[graphql(deprecation = "Use `page(handle:)`.")]
    async fn page_by_handle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The page's handle.")] handle: String,
    ) -> Result<Option<Page>> {
        page_by_handle(ctx.scope(), &handle).await
    }

    /// The shop's pages.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn pages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(PageSortKeys::Id)")] sort_key: Option<PageSortKeys>,
        #[graphql(
            desc = "What they must be, in the search syntax: words are looked for in the title. Fields: `title`, `handle`, `id`, `created_at`, `updated_at`."
        )]
        query: Option<String>,
    ) -> Result<PageConnection> {
        let scope = ctx.scope();
        let (audience, sort) = (audience(scope), PageSort::from(sort_key.unwrap_or_default()));
        let page = PageArgs { first, after, last, before, reverse }.check_by(sort.key())?;
        let wanted = parse_page_query(query.as_deref().unwrap_or_default())?;
        let rows = scope.read(async |conn| store::pages_page(conn, audience, sort, &wanted, &page).await).await?;
        let page = PageOf::from_rows(&page, rows, |row| match sort {
            PageSort::Id => Cursor::by_id(row.id),
            PageSort::Title => Cursor::new(sort.key(), &row.title, row.id),
            PageSort::UpdatedAt => Cursor::new(sort.key(), row.updated_at.timestamp_micros().to_string(), row.id),
        });
        Ok(PageConnection(page.map(|row| Page(Arc::new(row)))))
    }

    /// A menu by its handle; null when there is none.
    #[public]
    async fn menu(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The menu's handle, like `main-menu`.")] handle: String,
    ) -> Result<Option<Menu>> {
        menu_by_handle(ctx.scope(), &handle).await
    }

    /// A blog by id or handle. There are none yet.
    #[public]
    async fn blog(
        &self,
        #[graphql(desc = "The blog's global id.")] id: Option<ID>,
        #[graphql(desc = "The blog's handle.")] handle: Option<String>,
    ) -> Option<Blog> {
        let _ = (id, handle);
        None
    }

    /// A blog by its handle. There are none yet.
    #[public]
    #[graphql(deprecation = "Use `blog(handle:)`.")]
    async fn blog_by_handle(&self, #[graphql(desc = "The blog's handle.")] handle: String) -> Option<Blog> {
        let _ = handle;
        None
    }

    /// The shop's blogs. There are none yet.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn blogs(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(BlogSortKeys::Id)")] sort_key: Option<BlogSortKeys>,
        #[graphql(desc = "Words that must occur.")] query: Option<String>,
    ) -> Result<BlogConnection> {
        let _ = (sort_key, query);
        PageArgs { first, after, last, before, reverse }.check()?;
        Ok(BlogConnection(PageOf::empty()))
    }

    /// An article by id. There are none yet.
    #[public]
    async fn article(&self, #[graphql(desc = "The article's global id.")] id: ID) -> Option<Article> {
        let _ = id;
        None
    }

    /// The articles of all the shop's blogs. There are none yet.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn articles(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(ArticleSortKeys::Id)")] sort_key: Option<
            ArticleSortKeys,
        >,
        #[graphql(desc = "Words that must occur.")] query: Option<String>,
    ) -> Result<ArticleConnection> {
        let _ = (sort_key, query);
        PageArgs { first, after, last, before, reverse }.check()?;
        Ok(ArticleConnection(PageOf::empty()))
    }

    /// A metaobject by id or handle. There are none yet.
    #[public]
    async fn metaobject(
        &self,
        #[graphql(desc = "The metaobject's global id.")] id: Option<ID>,
        #[graphql(desc = "The metaobject's kind and handle.")] handle: Option<MetaobjectHandleInput>,
    ) -> Option<Metaobject> {
        let _ = (id, handle);
        None
    }

    /// The metaobjects of one kind. There are none yet.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn metaobjects(
        &self,
        #[graphql(desc = "The name of the kind.", name = "type")] type_name: String,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.")] sort_key: Option<String>,
    ) -> Result<MetaobjectConnection> {
        let _ = (type_name, sort_key);
        PageArgs { first, after, last, before, reverse }.check()?;
        Ok(MetaobjectConnection(PageOf::empty()))
    }

    /// What search engines should know of the shop.
    #[public]
    async fn sitemap(
        &self,
        #[graphql(desc = "The kind of things to list.", name = "type")] kind: SitemapType,
    ) -> Sitemap {
        Sitemap(kind)
    }

    /// Old addresses and where they lead now. There are none yet.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn url_redirects(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "Words that must occur.")] query: Option<String>,
    ) -> Result<UrlRedirectConnection> {
        let _ = query;
        PageArgs { first, after, last, before, reverse }.check()?;
        Ok(UrlRedirectConnection(PageOf::empty()))
    }
}
