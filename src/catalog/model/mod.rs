//! What the catalogue consists of.

mod check;
mod choice;
mod collection;
mod draft;
mod handle;
mod list;
mod plan;
mod product;
mod whole;

pub use check::{MAX_LIST, MAX_MINOR, MAX_OPTIONS, MAX_VARIANTS, check, check_collection, fold};
pub use choice::{Choices, Chosen, Matching};
pub use collection::Collection;
pub use draft::{
    CollectionDraft, ImageDraft, ImportExtra, InventoryPolicy, OptionDraft, ProductDraft, ProductKey, ProductStatus,
    Publication, VariantDraft, Weight, WeightUnit, Written, WrittenProduct,
};
pub use handle::{BadHandle, handle_from_title, parse_handle};
pub use list::{
    CollectionCondition, CollectionConditions, CollectionSort, Condition, Conditions, ProductSort, TextField,
    TimeField, parse_collection_query, parse_query,
};
pub use plan::{Planning, plan};
pub use product::{Along, Audience, Image, Images, Product, Variant, VariantDetails, Variants};
pub use whole::{OptionValue, ProductFields, WholeCollection, WholeImage, WholeOption, WholeProduct, WholeVariant};
