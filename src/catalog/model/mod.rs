//! What the catalogue consists of.

mod draft;
mod handle;
mod product;

pub use draft::{
    ImageDraft, InventoryPolicy, OptionDraft, ProductDraft, ProductKey, ProductStatus, Publication, VariantDraft,
    Weight, WeightUnit, Written, WrittenProduct,
};
pub use handle::{BadHandle, handle_from_title, parse_handle};
pub use product::{Audience, Image, Images, Product, Variant, Variants};
