//! `cart`.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;

use super::cart::Cart;
use crate::cart::key::CartKey;
use crate::cart::service;
use crate::graphql::scope::{Scope, ScopeExt};

#[derive(Default)]
pub struct CartQuery;

#[guarded]
#[Object]
impl CartQuery {
    /// The cart with this id; null when there is none, when the id's key is wrong and when the cart was completed.
    #[public]
    async fn cart(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id, with its key.")] id: ID,
    ) -> Result<Option<Cart>> {
        cart_by_gid(ctx.scope(), &id).await
    }
}

/// The cart with this global id, if it carries the cart's key.
pub async fn cart_by_gid(scope: &Scope, gid: &str) -> Result<Option<Cart>> {
    let Some(key) = CartKey::parse(gid) else { return Ok(None) };
    let now = scope.app.clock.now();
    let found = scope.read(async |conn| service::cart(conn, &key, now).await).await?;
    Ok(found.map(|cart| Cart { cart: Arc::new(cart), key }))
}
