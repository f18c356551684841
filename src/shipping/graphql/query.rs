//! `deliveryProfiles` and `deliveryProfile`.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::profile::{DeliveryProfile, DeliveryProfileConnection};
use crate::access::permission::READ_SHIPPING;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::shipping::service;

#[derive(Default)]
pub struct ShippingQuery;

#[guarded]
#[Object]
impl ShippingQuery {
    /// A delivery profile by id; null when there is none.
    #[requires(read_shipping)]
    async fn delivery_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The profile's global id.")] id: ID,
    ) -> Result<Option<DeliveryProfile>> {
        let scope = ctx.scope();
        match Gid::of(&id, "DeliveryProfile") {
            Some(id) => profile_of_merchant(scope, id).await,
            None => Ok(None),
        }
    }

    /// Where the shop delivers and for how much.
    #[requires(read_shipping)]
    async fn delivery_profiles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<DeliveryProfileConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let rows = scope.read(async |conn| service::profiles_page(conn, &page).await).await?;
        let page = Page::from_rows(&page, rows, |profile| Cursor::by_id(profile.id));
        Ok(DeliveryProfileConnection(page.map(|profile| DeliveryProfile(Arc::new(profile)))))
    }
}

/// The merchant's profile with this id; shoppers see its rates in their carts alone.
pub async fn profile_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<DeliveryProfile>> {
    if !scope.may(READ_SHIPPING) {
        return Ok(None);
    }
    let found = scope.read(async |conn| service::profile(conn, id).await).await?;
    Ok(found.map(|profile| DeliveryProfile(Arc::new(profile))))
}
