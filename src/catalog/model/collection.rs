//! Collections as they are read.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::product::{Audience, Image};

/// A list of products that the merchant keeps by hand.
#[derive(Clone, Debug)]
pub struct Collection {
    pub id: Uuid,
    pub handle: String,
    pub title: String,
    pub description: String,
    pub description_html: String,
    pub image: Option<Image>,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
    pub published_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

impl Collection {
    /// Whether it exists for them.
    pub fn visible_to(&self, audience: Audience) -> bool {
        match audience {
            Audience::Merchant => true,
            Audience::Shopper { now } => self.published_at.is_some_and(|at| at <= now),
        }
    }
}
