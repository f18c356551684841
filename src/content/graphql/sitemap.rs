//! `Sitemap`, and `UrlRedirect`, which has nothing behind it yet.

use async_graphql::{Context, Description, Enum, ID, Interface, Object, Result, SimpleObject};

use crate::content::model::ResourceKind;
use crate::content::store;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::{absent_object, connection};

/// The addresses of one kind that search engines should know: whatever shoppers see.
#[derive(Clone, Copy, Debug, Description)]
pub struct Sitemap(pub SitemapType);

/// How many resources a page has.
const PAGE: i64 = 250;
/// The last page: what lies behind is not listed. Bounds how far a statement counts.
const MAX_PAGE: i32 = 1000;

#[Object(use_type_description)]
impl Sitemap {
    /// How many pages of resources there are.
    async fn pages_count(&self, ctx: &Context<'_>) -> Result<Option<Count>> {
        let Some(kind) = self.0.stored() else {
            return Ok(Some(Count { count: 0, precision: CountPrecision::Exact }));
        };
        let scope = ctx.scope();
        let now = scope.app.clock.now();
        let count = scope.read(async |conn| store::listed_count(conn, kind, now).await).await?;
        let pages = i32::try_from((count + PAGE - 1) / PAGE).unwrap_or(MAX_PAGE).min(MAX_PAGE);
        Ok(Some(Count { count: pages, precision: CountPrecision::Exact }))
    }

    /// One page of resources; null beyond the last.
    async fn resources(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The page's number, from 1.")] page: i32,
    ) -> Result<Option<PaginatedSitemapResources>> {
        let (Some(kind), 1..=MAX_PAGE) = (self.0.stored(), page) else { return Ok(None) };
        let scope = ctx.scope();
        let now = scope.app.clock.now();
        let skip = i64::from(page - 1) * PAGE;
        let mut rows = scope.read(async |conn| store::listed(conn, kind, now, skip, PAGE + 1).await).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let has_next_page = rows.len() as i64 > PAGE;
        rows.truncate(PAGE as usize);
        let resource = |row: store::SitemapRow| SitemapResourceInterface::Resource(SitemapResource(row));
        Ok(Some(PaginatedSitemapResources { has_next_page, items: rows.into_iter().map(resource).collect() }))
    }
}

impl SitemapType {
    /// What of this kind is stored at all.
    fn stored(self) -> Option<ResourceKind> {
        match self {
            Self::Collection => Some(ResourceKind::Collection),
            Self::Page => Some(ResourceKind::Page),
            Self::Product => Some(ResourceKind::Product),
            Self::Article | Self::Blog | Self::Metaobject => None,
        }
    }
}

/// The kinds of things a sitemap lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SitemapType {
    /// Articles.
    Article,
    /// Blogs.
    Blog,
    /// Collections.
    Collection,
    /// Metaobjects.
    Metaobject,
    /// Pages.
    Page,
    /// Products.
    Product,
}

/// How many there are.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Count {
    /// The number.
    pub count: i32,
    /// Whether the number is exact.
    pub precision: CountPrecision,
}

/// How exact a count is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CountPrecision {
    /// There may be more.
    AtLeast,
    /// There are exactly that many.
    Exact,
}

/// A page of a sitemap.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaginatedSitemapResources {
    /// Whether another page follows.
    has_next_page: bool,
    /// The page's resources.
    items: Vec<SitemapResourceInterface>,
}

/// Something with an address that search engines should know.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "handle", ty = "String", desc = "The readable part of its URL."),
    field(name = "updated_at", ty = "DateTime", desc = "When it was last changed.")
)]
pub enum SitemapResourceInterface {
    Resource(SitemapResource),
    Metaobject(SitemapResourceMetaobject),
}

/// A product, collection or page in a sitemap.
#[derive(Clone, Debug, Description)]
pub struct SitemapResource(store::SitemapRow);

#[Object(use_type_description)]
impl SitemapResource {
    /// The readable part of its URL.
    pub(crate) async fn handle(&self) -> String {
        self.0.handle.clone()
    }

    /// Its picture. None is listed yet.
    async fn image(&self) -> Option<SitemapImage> {
        None
    }

    /// Its title.
    async fn title(&self) -> Option<&str> {
        Some(&self.0.title)
    }

    /// When it was last changed.
    pub(crate) async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

absent_object! {
    /// A metaobject in a sitemap.
    SitemapResourceMetaobject {
        /// The readable part of its URL.
        handle() -> String;
        /// The readable part of its URL in the storefront.
        online_store_url_handle() -> Option<String>;
        /// The name of its kind.
        #[graphql(name = "type")]
        type_name() -> String;
        /// When it was last changed.
        updated_at() -> DateTime;
    }
}

absent_object! {
    /// A picture in a sitemap.
    SitemapImage {
        /// What it shows, in words.
        alt() -> Option<String>;
        /// Where it lies.
        filepath() -> Option<String>;
        /// When it was last changed.
        updated_at() -> DateTime;
    }
}

connection!(UrlRedirectConnection, UrlRedirectEdge, UrlRedirect);

absent_object! {
    /// An old address and where it leads now.
    UrlRedirect {
        /// The redirect's global id.
        id() -> ID;
        /// The old path.
        path() -> String;
        /// Where it leads now.
        target() -> String;
    }
}
