//! The catalogue's statements.

mod along;
mod collections;
mod conditions;
mod handles;
mod images;
mod list;
mod membership;
mod owner;
mod products;
mod variants;
mod whole;
mod write;

pub use along::product_along_by_handle;
pub use collections::{
    collection_by_handle, collection_by_id, collections_list, collections_of_products, insert_collection,
    touch_collections,
};
pub use handles::{collection_handles, product_handles};
pub use images::{images_of_products, move_image_urls};
pub use list::{collection_list, product_types, products_count, products_list, tags};
pub use membership::{
    Place, collections_among, collections_of, delete_places, hold_products, insert_places, last_positions,
    lock_collections,
};
pub use owner::{product_of_image, product_of_option, product_of_option_value};
pub use products::{
    delete_product, lock_products, product_by_handle, products_by_id, products_count_all, products_page,
};
pub use variants::{variant_details, variant_ids, variants_by_id, variants_of_page, variants_of_products};
pub use whole::{lock_whole_products, options};
pub use write::{Changes, apply};
