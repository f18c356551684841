//! The catalogue in the schema: thin wrappers of the model's types.

mod product;
mod query;
mod variant;

pub use product::{Product, ProductConnection};
pub use query::{CatalogQuery, audience};
pub use variant::{ProductVariant, ProductVariantConnection};
