//! `Sitemap` and `UrlRedirect`: known to the schema, nothing behind them yet.

use async_graphql::{Enum, ID, Interface, Object};

use crate::graphql::scalars::DateTime;
use crate::{absent_object, connection};

/// The addresses of one kind that search engines should know. None are listed yet.
#[derive(Clone, Copy, Debug)]
pub struct Sitemap;

#[Object]
impl Sitemap {
    /// How many pages of resources there are.
    async fn pages_count(&self) -> Option<Count> {
        Some(Count { count: 0, precision: CountPrecision::Exact })
    }

    /// One page of resources.
    async fn resources(
        &self,
        #[graphql(desc = "The page's number, from 1.")] page: i32,
    ) -> Option<PaginatedSitemapResources> {
        let _ = page;
        None
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
#[derive(Clone, Copy, Debug, async_graphql::SimpleObject)]
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

absent_object! {
    /// A page of a sitemap.
    PaginatedSitemapResources {
        /// Whether another page follows.
        has_next_page() -> bool;
        /// The page's resources.
        items() -> Vec<SitemapResourceInterface>;
    }
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

absent_object! {
    /// A product, collection or page in a sitemap.
    SitemapResource {
        /// The readable part of its URL.
        handle() -> String;
        /// Its picture.
        image() -> Option<SitemapImage>;
        /// Its title.
        title() -> Option<String>;
        /// When it was last changed.
        updated_at() -> DateTime;
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
