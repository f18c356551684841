//! The catalogue's root fields.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::product::{Product, ProductConnection};
use crate::catalog::model::Audience;
use crate::catalog::store;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;

#[derive(Default)]
pub struct CatalogQuery;

/// What exists for this caller.
pub fn audience(scope: &Scope) -> Audience {
    if scope.is_merchant() { Audience::Merchant } else { Audience::Shopper { now: scope.app.clock.now() } }
}

#[Object]
impl CatalogQuery {
    /// A product by id or handle; null when there is none that the caller may see.
    async fn product(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product's global id.")] id: Option<ID>,
        #[graphql(desc = "The product's handle.")] handle: Option<String>,
    ) -> Result<Option<Product>> {
        let scope = ctx.scope();
        let audience = audience(scope);
        let found = match (id, handle) {
            (Some(id), _) => match Gid::of(&id, "Product") {
                Some(id) => scope.read(async |conn| store::product_by_id(conn, audience, id).await).await?,
                None => None,
            },
            (None, Some(handle)) => {
                scope.read(async |conn| store::product_by_handle(conn, audience, &handle).await).await?
            }
            (None, None) => None,
        };
        Ok(found.map(|product| Product(Arc::new(product))))
    }

    /// The shop's products.
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<ProductConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let rows = scope.read(async |conn| store::products_page(conn, audience(scope), &page).await).await?;
        let page = Page::from_rows(&page, rows, |product| Cursor::by_id(product.id));
        Ok(ProductConnection(page.map(|product| Product(Arc::new(product)))))
    }
}
