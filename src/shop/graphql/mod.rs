//! The shop in the schema: what it says of itself, for whom its answers are meant, where its stock lies.

mod localization;
mod location;
mod payment;
mod query;
mod shop;

pub use localization::Market;
pub use location::{GeoCoordinateInput, Location, location_by_id};
pub use query::ShopQuery;
pub use shop::{Shop, ShopPolicy, SocialLoginProvider};

use async_graphql::Result;

use super::loaders::TheShop;
use super::model::SharedShop;
use crate::error::Fault;
use crate::graphql::scope::Scope;

/// The tenant's shop. Provisioning makes it, so its absence is a fault.
pub async fn the_shop(scope: &Scope) -> Result<SharedShop> {
    let found = scope.snapshot().loaders.load(TheShop).await?;
    Ok(found.ok_or_else(|| Fault::internal("the tenant has no shop"))?)
}

/// Where the shop's storefront is, without a trailing slash: its own address, or else the API's.
pub async fn storefront(scope: &Scope) -> Result<String> {
    let shop = the_shop(scope).await?;
    let own = shop.storefront_url.as_deref().unwrap_or(&scope.app.config.http.public_url);
    Ok(own.trim_end_matches('/').to_owned())
}
