//! Pages, menus and their items.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::page::SortKey;
use crate::search::{self, BadQuery, Query, Text};

/// A text of its own, like "About us".
#[derive(Clone, Debug)]
pub struct Page {
    pub id: Uuid,
    pub handle: String,
    pub title: String,
    pub body_html: String,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// Visible to shoppers from then on; none: never.
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a list of pages can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSort {
    Id,
    Title,
    UpdatedAt,
}

impl PageSort {
    /// What a cursor of this list says it is sorted by.
    pub fn key(self) -> SortKey {
        match self {
            Self::Id => SortKey::ID,
            Self::Title => SortKey::text("title"),
            Self::UpdatedAt => SortKey::moment("updated_at"),
        }
    }
}

/// Something that can be true of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageCondition {
    /// The title contains it.
    Title(Text),
    Handle(Text),
    Id(Uuid),
    CreatedSince(DateTime<Utc>),
    CreatedBefore(DateTime<Utc>),
    UpdatedSince(DateTime<Utc>),
    UpdatedBefore(DateTime<Utc>),
}

/// Reads a `query` for pages: all of it must be true.
pub fn parse_page_query(query: &str) -> Result<Vec<Query<PageCondition>>, BadQuery> {
    use PageCondition::{CreatedBefore, CreatedSince, Handle, Id, Title, UpdatedBefore, UpdatedSince};
    search::parse(query, |term| {
        Ok(Query::Is(match term.field.as_deref() {
            None | Some("title") => Title(term.text()?),
            Some("handle") => Handle(term.text()?),
            Some("id") => Id(term.id("Page")?),
            Some("created_at") => return Ok(search::within(term.moments()?, CreatedSince, CreatedBefore)),
            Some("updated_at") => return Ok(search::within(term.moments()?, UpdatedSince, UpdatedBefore)),
            Some(_) => return Err(term.unknown_field(&["title", "handle", "id", "created_at", "updated_at"])),
        }))
    })
}

/// Links under a handle, like "main-menu".
#[derive(Clone, Debug)]
pub struct Menu {
    pub id: Uuid,
    pub handle: String,
    pub title: String,
    pub items: Vec<Arc<MenuItem>>,
}

impl Menu {
    /// The link with this id, at whatever depth.
    pub fn item(&self, id: Uuid) -> Option<Arc<MenuItem>> {
        fn find(items: &[Arc<MenuItem>], id: Uuid) -> Option<Arc<MenuItem>> {
            items.iter().find_map(|item| if item.id == id { Some(item.clone()) } else { find(&item.items, id) })
        }
        find(&self.items, id)
    }
}

/// One link of a menu, with those below it.
#[derive(Clone, Debug)]
pub struct MenuItem {
    pub id: Uuid,
    pub title: String,
    pub target: Target,
    pub tags: Vec<String>,
    pub items: Vec<Arc<MenuItem>>,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    FrontPage,
    Catalog,
    Collections,
    Search,
    /// A URL, or a path of the storefront.
    Http(String),
    /// Something that has a page of its own in the storefront; it may have been deleted since.
    Resource(Resource),
}

/// The things a link can lead to, by a plain reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    pub kind: ResourceKind,
    pub id: Uuid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    Collection,
    Product,
    Page,
}

impl ResourceKind {
    pub const EVERY: [Self; 3] = [Self::Collection, Self::Product, Self::Page];

    /// The type's name in global ids.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Collection => "Collection",
            Self::Product => "Product",
            Self::Page => "Page",
        }
    }

    /// Where storefronts show such a thing.
    fn folder(self) -> &'static str {
        match self {
            Self::Collection => "collections",
            Self::Product => "products",
            Self::Page => "pages",
        }
    }

    /// The address of such a thing in the storefront at `base`.
    pub fn url(self, base: &str, handle: &str) -> String {
        format!("{base}/{}/{handle}", self.folder())
    }
}

/// What a link needs to know of the thing it leads to.
#[derive(Clone, Debug)]
pub struct Place {
    pub handle: String,
    /// Since when shoppers see it; none: they do not.
    pub visible_from: Option<DateTime<Utc>>,
}

impl Target {
    /// The address in the storefront at `base` (no trailing slash). `place` is the resource's, when there is one.
    pub fn url(&self, base: &str, place: Option<&Place>) -> Option<String> {
        match self {
            Self::FrontPage => Some(format!("{base}/")),
            Self::Catalog => Some(format!("{base}/collections/all")),
            Self::Collections => Some(format!("{base}/collections")),
            Self::Search => Some(format!("{base}/search")),
            Self::Http(url) if url.starts_with(['/', '#', '?']) => Some(format!("{base}{url}")),
            Self::Http(url) => Some(url.clone()),
            Self::Resource(resource) => place.map(|place| resource.kind.url(base, &place.handle)),
        }
    }
}

/// A page that is to be made.
#[derive(Clone, Debug)]
pub struct NewPage {
    pub title: String,
    /// None: made from the title.
    pub handle: Option<String>,
    pub body_html: String,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
}

/// A menu that is to be made.
#[derive(Clone, Debug)]
pub struct NewMenu {
    pub title: String,
    pub handle: String,
    pub items: Vec<NewMenuItem>,
}

/// A link that is to be made.
#[derive(Clone, Debug)]
pub struct NewMenuItem {
    pub title: String,
    pub target: Target,
    pub tags: Vec<String>,
    pub items: Vec<NewMenuItem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_links_address_follows_from_what_it_leads_to() {
        let base = "https://shop.example";
        let page = Target::Resource(Resource { kind: ResourceKind::Page, id: Uuid::nil() });
        let place = Place { handle: "about".to_owned(), visible_from: None };
        assert_eq!(page.url(base, Some(&place)).as_deref(), Some("https://shop.example/pages/about"));
        assert_eq!(page.url(base, None), None);
        assert_eq!(Target::Http("/blog".to_owned()).url(base, None).as_deref(), Some("https://shop.example/blog"));
        let elsewhere = Target::Http("https://other.example/".to_owned());
        assert_eq!(elsewhere.url(base, None).as_deref(), Some("https://other.example/"));
    }
}
