//! The catalogue in the schema: thin wrappers of the model's types.

mod absent;
mod collection;
mod collection_query;
mod filter;
mod find;
mod image;
mod input;
mod media;
mod mutation;
mod option;
mod product;
mod query;
mod search;
mod selling_plan;
mod variant;

pub use absent::{SellingPlan, SellingPlanAllocation, TaxonomyCategory};
pub use collection::{Collection, CollectionConnection};
pub use collection_query::{CollectionQuery, collection_by_id};
pub use find::{media_image_by_id, option_by_id, option_value_by_id, variant_by_id};
pub use image::{Image, ImageConnection};
pub use media::{ExternalVideo, GenericFile, Media, MediaImage, MediaPresentation, Model3d, Video};
pub use mutation::{CatalogMutation, CollectionUserError, ProductDeleteUserError, ProductSetUserError};
pub use option::{ProductOption, ProductOptionValue, SelectedOption, SelectedOptionInput};
pub use product::{Product, ProductConnection};
pub use query::{CatalogQuery, audience, product_by_id};
pub use search::{SearchQuery, SearchQuerySuggestion};
pub use variant::{InventoryItem, ProductVariant, ProductVariantConnection};
