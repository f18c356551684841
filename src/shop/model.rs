//! The shop and its locations.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::country::Country;

/// A tenant's own settings, as storefronts see them.
#[derive(Clone, Debug)]
pub struct Shop {
    pub name: String,
    pub description: String,
    pub email: Option<String>,
    pub country: Country,
    /// Where a cart's `checkoutUrl` leads: a template with `{cart_id}` and `{key}`; none: the built-in page.
    pub checkout_url_template: Option<String>,
    pub storefront_url: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Where stock lies unless someone says otherwise.
    pub default_location_id: Uuid,
}

pub type SharedShop = Arc<Shop>;

/// A place where stock lies.
#[derive(Clone, Debug)]
pub struct Location {
    pub id: Uuid,
    pub name: String,
    pub country: Country,
    pub is_default: bool,
}

/// What provisioning needs to know.
#[derive(Clone, Debug)]
pub struct NewShop {
    pub name: String,
    pub description: String,
    pub country: Country,
}
