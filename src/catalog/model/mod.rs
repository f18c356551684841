//! What the catalogue consists of.

mod check;
mod draft;
mod handle;
mod plan;
mod product;
mod whole;

pub use check::{check, check_collection};
pub use draft::{
    CollectionDraft, ImageDraft, InventoryPolicy, OptionDraft, ProductDraft, ProductKey, ProductStatus, Publication,
    VariantDraft, Weight, WeightUnit, Written, WrittenProduct,
};
pub use handle::{BadHandle, handle_from_title, parse_handle};
pub use plan::{Planning, plan};
pub use product::{Audience, Image, Images, Product, Variant, Variants};
pub use whole::{OptionValue, ProductFields, WholeCollection, WholeImage, WholeOption, WholeProduct, WholeVariant};
