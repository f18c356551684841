//! The catalogue's use cases.

mod collection;
mod handle;
mod image;
mod membership;
mod product;
mod upsert;

pub use collection::{collection_add_products, collection_create, collection_create_in_tx, collections_among};
pub use image::image_urls_move;
pub use product::{
    HANDLE_ATTEMPTS, handle_raced, product_delete, product_set, product_tags_change, products_count,
    products_lock_in_tx,
};
pub use upsert::{MAX_DRAFTS, Outcome, products_upsert_in_tx};
