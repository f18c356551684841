//! A product with all that belongs to it, as it is stored: what a draft is planned against and becomes.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// A product's rows. Two that are equal need no statement between them.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeProduct {
    pub fields: ProductFields,
    /// In order, at least one: a product without options has the option "Title" with the value "Default Title".
    pub options: Vec<WholeOption>,
    /// In order.
    pub images: Vec<WholeImage>,
    /// In order, at least one.
    pub variants: Vec<WholeVariant>,
}

/// The product's own row.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductFields {
    pub id: Uuid,
    pub handle: String,
    pub title: String,
    pub description_html: String,
    pub description: String,
    pub vendor: String,
    pub product_type: String,
    pub tags: Vec<String>,
    pub status: String,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub min_price_minor: i64,
    pub import_extra: Map<String, Value>,
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeOption {
    pub id: Uuid,
    pub name: String,
    /// In order.
    pub values: Vec<OptionValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionValue {
    pub id: Uuid,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeImage {
    pub id: Uuid,
    pub url: String,
    pub alt_text: Option<String>,
    pub width: Option<i32>,
    pub height: Option<i32>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WholeVariant {
    pub id: Uuid,
    /// One value for each option, in the options' order.
    pub values: Vec<String>,
    pub sku: Option<String>,
    pub barcode: Option<String>,
    pub price_minor: i64,
    pub compare_at_minor: Option<i64>,
    pub cost_minor: Option<i64>,
    pub weight_grams: i32,
    pub weight_unit: String,
    pub inventory_policy: String,
    pub tracked: bool,
    pub requires_shipping: bool,
    pub taxable: bool,
    pub image_id: Option<Uuid>,
    pub import_extra: Map<String, Value>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl WholeVariant {
    /// "Small / Blue".
    pub fn title(&self) -> String {
        self.values.join(" / ")
    }
}

/// The name of the one option of a product without options, and its value.
pub const DEFAULT_OPTION: (&str, &str) = ("Title", "Default Title");

/// A new collection's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeCollection {
    pub id: Uuid,
    pub handle: String,
    pub title: String,
    pub description_html: String,
    pub description: String,
    pub image_url: Option<String>,
    pub image_alt: Option<String>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    /// When it is made.
    pub at: DateTime<Utc>,
}
