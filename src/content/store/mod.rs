//! The content's statements.

mod menu;
mod page;
mod place;
mod sitemap;

pub use menu::{insert_items, insert_menu, menu_by_handle, menu_by_id, menu_of_item};
pub use page::{insert_page, page_by_handle, page_by_id, pages_page};
pub use place::places;
pub use sitemap::{SitemapRow, listed, listed_count};
