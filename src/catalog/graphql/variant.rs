//! `ProductVariant` and its connection.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::catalog::model;
use crate::connection;
use crate::graphql::scope::ScopeExt;

/// One thing that can be bought: a product in one choice of its options.
#[derive(Clone, Debug)]
pub struct ProductVariant(pub Arc<model::Variant>);

connection!(ProductVariantConnection, ProductVariantEdge, ProductVariant);

#[Object]
impl ProductVariant {
    /// The variant's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("ProductVariant", self.0.id)
    }

    /// Its option values, joined: "Small / Blue".
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The merchant's stock keeping unit.
    async fn sku(&self) -> Option<&str> {
        self.0.sku.as_deref()
    }

    /// Whether one can be bought now.
    async fn available_for_sale(&self) -> bool {
        self.0.available_for_sale()
    }

    /// Units free to sell; for variants that are not tracked, 0.
    async fn quantity_available(&self) -> Option<i32> {
        Some(i32::try_from(self.0.available).unwrap_or(i32::MAX))
    }
}
