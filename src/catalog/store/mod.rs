//! The catalogue's statements.

mod images;
mod products;
mod variants;

pub use images::images_of_products;
pub use products::{product_by_handle, product_by_id, products_by_id, products_page};
pub use variants::{variants_by_id, variants_of_products};
