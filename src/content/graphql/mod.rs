//! Content in the schema.

mod blog;
mod menu;
mod metaobject;
mod mutation;
mod page;
mod query;
mod sitemap;

pub use blog::{Article, Blog, Comment};
pub use menu::{Menu, MenuItem, menu_by_id, menu_item_by_id};
pub use metaobject::Metaobject;
pub use mutation::{ContentMutation, MenuCreateUserError, PageCreateUserError};
pub use page::{Page, page_by_id};
pub use query::ContentQuery;
pub use sitemap::{Count, CountPrecision, UrlRedirect};
