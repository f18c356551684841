//! Content in the schema.

mod blog;
mod menu;
mod metaobject;
mod mutation;
mod page;
mod query;
mod sitemap;

pub use blog::Article;
pub use menu::{Menu, MenuItem, menu_by_id};
pub use mutation::{ContentMutation, MenuCreateUserError, PageCreateUserError};
pub use page::{Page, page_by_id};
pub use query::ContentQuery;
pub use sitemap::{Count, CountPrecision};
