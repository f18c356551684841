//! A whole product as someone wants it: what `productSet` and imports hand to
//! [`products_upsert_in_tx`](crate::catalog::service::products_upsert_in_tx).
//!
//! `None` leaves a field as it is (and takes its default for a new product); an empty text clears it. A list that is
//! given replaces the one that is there. Amounts are minor units of the shop's currency.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Which product a draft is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProductKey {
    /// A new one.
    #[default]
    New,
    /// The one with this id, which has to exist.
    Id(Uuid),
    /// The one with this handle, or a new one under it.
    Handle(String),
}

/// Whether a product is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum ProductStatus {
    /// It is, once it is published.
    Active,
    /// It is not any more.
    Archived,
    /// It is not yet.
    Draft,
}

impl ProductStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
            Self::Draft => "DRAFT",
        }
    }
}

/// From when on shoppers may see it, while it is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Publication {
    /// As it is; a new product from now on.
    #[default]
    Keep,
    /// Published: since when it was, otherwise from now on.
    Shown,
    Hidden,
    From(DateTime<Utc>),
}

/// Whether a variant is sold when none is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "ProductVariantInventoryPolicy")]
pub enum InventoryPolicy {
    /// It is sold on below zero.
    Continue,
    /// It is not.
    Deny,
}

impl InventoryPolicy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::Deny => "DENY",
        }
    }
}

/// The unit in which the merchant thinks of a weight; stored are grams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum WeightUnit {
    /// 1000 grams.
    Kilograms,
    /// The metric unit.
    Grams,
    /// 453.59237 grams.
    Pounds,
    /// 28.349523125 grams.
    Ounces,
}

impl WeightUnit {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kilograms => "KILOGRAMS",
            Self::Grams => "GRAMS",
            Self::Pounds => "POUNDS",
            Self::Ounces => "OUNCES",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Kilograms, Self::Grams, Self::Pounds, Self::Ounces].into_iter().find(|unit| unit.as_str() == text)
    }

    pub fn in_grams(self) -> f64 {
        match self {
            Self::Kilograms => 1000.0,
            Self::Grams => 1.0,
            Self::Pounds => 453.592_37,
            Self::Ounces => 28.349_523_125,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    pub grams: i32,
    pub unit: WeightUnit,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductDraft {
    pub key: ProductKey,
    /// The wanted handle; for a new product without one (and without a key that names it) it is made from the title.
    pub handle: Option<String>,
    /// A new product needs one.
    pub title: Option<String>,
    pub description_html: Option<String>,
    pub vendor: Option<String>,
    pub product_type: Option<String>,
    pub tags: Option<Vec<String>>,
    /// A new product is active unless it says otherwise.
    pub status: Option<ProductStatus>,
    pub publication: Publication,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// At most three; given together with the variants. An empty list: no options, one variant.
    pub options: Option<Vec<OptionDraft>>,
    pub variants: Option<Vec<VariantDraft>>,
    /// In order; an address that the product already has keeps its image.
    pub images: Option<Vec<ImageDraft>>,
    /// Not everything that the product has may be named here: variants, images and extra columns that are there and
    /// are not named stay as they are, behind those that are.
    pub is_partial: bool,
    /// The collections (by hand) that hold it, and no others.
    pub collections: Option<Vec<Uuid>>,
    pub import_extra: Option<ImportExtra>,
}

/// What an imported file says that has no field here, by column name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportExtra {
    /// The file's columns: what is kept of them and is not said again goes, what is kept of others stays.
    pub columns: Arc<HashSet<String>>,
    pub values: Map<String, Value>,
    /// A variant's units, for when it turns out that they are not tracked.
    pub units: Option<(String, Value)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionDraft {
    /// An option that is there, to rename it; otherwise options are known by their names.
    pub id: Option<Uuid>,
    pub name: String,
    /// In order; values that only variants name follow.
    pub values: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct VariantDraft {
    /// A variant that is there; otherwise variants are known by their option values.
    pub id: Option<Uuid>,
    /// Option name and value, in any order, one for each option. Empty for a product without options.
    pub options: Vec<(String, String)>,
    pub sku: Option<String>,
    pub barcode: Option<String>,
    pub price_minor: Option<i64>,
    /// `Some(None)` clears it.
    pub compare_at_minor: Option<Option<i64>>,
    /// `Some(None)` clears it.
    pub cost_minor: Option<Option<i64>>,
    pub weight: Option<Weight>,
    pub inventory_policy: Option<InventoryPolicy>,
    pub tracked: Option<bool>,
    pub requires_shipping: Option<bool>,
    pub taxable: Option<bool>,
    /// The address of its image, which is added to the product's images when it is not among them. Empty: none.
    pub image: Option<String>,
    /// Units by location, for a new variant. The stock of a variant that is there is never touched.
    pub quantities: Vec<(Uuid, i32)>,
    pub import_extra: Option<ImportExtra>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageDraft {
    pub url: String,
    pub alt_text: Option<String>,
    pub width: Option<i32>,
    pub height: Option<i32>,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenProduct {
    pub id: Uuid,
    pub handle: String,
    pub written: Written,
    /// The product's variants in the draft's order (in its own, when the draft has none): ids, and whether each is new.
    pub variants: Vec<(Uuid, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Created,
    Updated,
    /// It was like that already; nothing was written.
    Unchanged,
}

/// A collection as someone wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionDraft {
    pub title: String,
    /// Made from the title when absent.
    pub handle: Option<String>,
    pub description_html: String,
    pub image_url: Option<String>,
    pub image_alt: Option<String>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// In order.
    pub products: Vec<Uuid>,
}
