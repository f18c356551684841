//! The content's statements.

mod menu;
mod page;
mod place;

pub use menu::{insert_items, insert_menu, menu_by_handle, menu_by_id};
pub use page::{insert_page, page_by_handle, page_by_id, pages_page};
pub use place::places;
