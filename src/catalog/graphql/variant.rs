//! `ProductVariant` and its connection.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, ID, Object, Value};

use crate::catalog::model;
use crate::connection;
use crate::graphql::plain::{Plain, Reader};
use crate::graphql::scope::ScopeExt;
use crate::money::graphql::MoneyV2;

/// One thing that can be bought: a product in one choice of its options.
#[derive(Clone, Debug)]
pub struct ProductVariant(pub Arc<model::Variant>);

connection!(fast ProductVariantConnection, ProductVariantEdge, ProductVariant);

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

    /// What one costs.
    async fn price(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.price_minor)
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

impl Plain for ProductVariant {
    fn plain(&self, reader: &Reader<'_>, field: &Field) -> Option<Value> {
        let variant = &self.0;
        Some(match field.name.node.as_str() {
            "id" => Value::String(reader.scope.request.namespace.encode("ProductVariant", variant.id)),
            "title" => Value::String(variant.title.clone()),
            "sku" => variant.sku.clone().map_or(Value::Null, Value::String),
            "availableForSale" => Value::Boolean(variant.available_for_sale()),
            "quantityAvailable" => Value::from(i32::try_from(variant.available).unwrap_or(i32::MAX)),
            "price" => return reader.object(&reader.scope.money(variant.price_minor), field),
            _ => return None,
        })
    }
}
