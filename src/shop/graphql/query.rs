//! The shop's root fields.

use async_graphql::{Context, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::localization::Localization;
use super::location::{GeoCoordinateInput, LocationConnection, LocationSortKeys, locations};
use super::payment::PaymentSettings;
use super::shop::Shop;
use super::the_shop;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::ScopeExt;

#[derive(Default)]
pub struct ShopQuery;

#[guarded]
#[Object]
impl ShopQuery {
    /// What the shop says of itself.
    #[public]
    async fn shop(&self, ctx: &Context<'_>) -> Result<Shop> {
        Ok(Shop(the_shop(ctx.scope()).await?))
    }

    /// How the shop takes money.
    #[public]
    async fn payment_settings(&self, ctx: &Context<'_>) -> Result<PaymentSettings> {
        Ok(PaymentSettings(the_shop(ctx.scope()).await?))
    }

    /// For which country and language the answers are meant.
    #[public]
    async fn localization(&self) -> Localization {
        Localization
    }

    /// Where stock lies: all locations for the merchant. Shoppers see those for pickup, of which there are none.
    #[public]
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn locations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(LocationSortKeys::Id)")] sort_key: Option<
            LocationSortKeys,
        >,
        #[graphql(desc = "Accepted; locations have no coordinates yet.")] near: Option<GeoCoordinateInput>,
    ) -> Result<LocationConnection> {
        let _ = near;
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let mut rows = locations(scope).await?;
        if sort_key == Some(LocationSortKeys::Name) {
            rows.sort_by(|a, b| (&a.0.name, a.0.id).cmp(&(&b.0.name, b.0.id)));
        }
        Ok(LocationConnection(Page::from_list(&page, rows, |row| Cursor::by_id(row.0.id))))
    }

    /// The versions under which this API answers: it has one, which only grows.
    #[public]
    async fn public_api_versions(&self) -> Vec<ApiVersion> {
        vec![ApiVersion { display_name: "Current", handle: "current", supported: true }]
    }
}

/// A version of this API.
#[derive(Clone, Debug, SimpleObject)]
pub struct ApiVersion {
    /// The version's name, for people.
    display_name: &'static str,
    /// The version's name in addresses.
    handle: &'static str,
    /// Whether it may be used.
    supported: bool,
}
