//! Products and variants as they are read.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::collection::Collection;

/// Who looks: decides what exists for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Sees what is published at this moment.
    Shopper { now: DateTime<Utc> },
    /// Sees everything.
    Merchant,
}

/// A product without its variants.
#[derive(Clone, Debug)]
pub struct Product {
    pub id: Uuid,
    pub handle: String,
    pub title: String,
    pub description: String,
    pub description_html: String,
    pub vendor: String,
    pub product_type: String,
    pub tags: Vec<String>,
    pub status: String,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    /// Minor units: its cheapest variant's price.
    pub min_price_minor: i64,
    pub published_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub along: Along,
}

/// What has been read together with a product; `None`: not yet.
#[derive(Clone, Debug, Default)]
pub struct Along {
    pub variants: Option<Variants>,
    /// Whoever may see them.
    pub collections: Option<Arc<[Arc<Collection>]>>,
}

impl Product {
    /// Whether it exists for them.
    pub fn visible_to(&self, audience: Audience) -> bool {
        match audience {
            Audience::Merchant => true,
            Audience::Shopper { now } => self.status == "ACTIVE" && self.published_at.is_some_and(|at| at <= now),
        }
    }
}

/// One thing that can be bought, with what is free to sell of it; the rest is in [`VariantDetails`].
#[derive(Clone, Debug)]
pub struct Variant {
    pub id: Uuid,
    pub product_id: Uuid,
    pub position: i16,
    pub title: String,
    pub option1: String,
    pub option2: Option<String>,
    pub option3: Option<String>,
    pub sku: Option<String>,
    /// Minor units of the shop's currency.
    pub price_minor: i64,
    /// Minor units; the former price.
    pub compare_at_minor: Option<i64>,
    /// Whether it is sold on below zero (`CONTINUE`).
    pub may_oversell: bool,
    pub tracked: bool,
    pub requires_shipping: bool,
    pub image_id: Option<Uuid>,
    /// Units free to sell, over all locations.
    pub available: i64,
}

/// What lists of variants seldom ask for: read when it is.
#[derive(Clone, Debug)]
pub struct VariantDetails {
    pub barcode: Option<String>,
    pub weight_grams: i32,
    pub weight_unit: String,
    pub taxable: bool,
    /// Minor units: what the merchant pays for one, for the merchant's eyes alone.
    pub cost_minor: Option<i64>,
}

impl Variant {
    /// Whether one can be bought now: not tracked, sold on below zero, or in stock.
    pub fn available_for_sale(&self) -> bool {
        !self.tracked || self.may_oversell || self.available > 0
    }
}

/// A product's variants in their order; shared by everyone who asked.
pub type Variants = Arc<[Arc<Variant>]>;

/// A picture by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Products' images have one, a collection's has none.
    pub id: Option<Uuid>,
    pub url: String,
    pub alt_text: Option<String>,
    pub width: Option<i32>,
    pub height: Option<i32>,
}

/// A product's images in their order; shared by everyone who asked.
pub type Images = Arc<[Arc<Image>]>;
