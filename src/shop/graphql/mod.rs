//! The shop in the schema: what it says of itself, for whom its answers are meant, where its stock lies.

mod localization;
mod location;
mod payment;
mod query;
mod settings;
mod shop;

pub use localization::Market;
pub use location::{GeoCoordinateInput, Location, location_by_id};
pub use query::ShopQuery;
pub use settings::{SettingsMutation, SettingsQuery, TenantSettingsUserError};
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

/// Where the shop's storefront is, without a trailing slash: where the merchant says, or else at the first domain of its
/// own, or else the API's own address.
pub async fn storefront(scope: &Scope) -> Result<String> {
    let shop = the_shop(scope).await?;
    if let Some(own) = shop.storefront_url.as_deref() {
        return Ok(own.trim_end_matches('/').to_owned());
    }
    Ok(match &scope.standing.primary_domain {
        Some(host) => format!("https://{host}"),
        None => scope.app.config.http.public_url.trim_end_matches('/').to_owned(),
    })
}
