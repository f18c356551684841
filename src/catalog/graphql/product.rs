//! `Product` and its connection.

use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{Context, ID, Object, Result, Value};

use super::variant::{ProductVariant, ProductVariantConnection};
use crate::catalog::loaders::VariantsOfProduct;
use crate::catalog::model;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::plain::{Plain, Reader};
use crate::graphql::scalars::{DateTime, Html};
use crate::graphql::scope::ScopeExt;

/// Something a shop offers, in one or more variants.
#[derive(Clone, Debug)]
pub struct Product(pub Arc<model::Product>);

connection!(fast ProductConnection, ProductEdge, Product);

#[Object]
impl Product {
    /// The product's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Product", self.0.id)
    }

    /// The readable part of its URL, unique in the shop.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// The product's name.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The description as plain text.
    async fn description(
        &self,
        #[graphql(desc = "Cut after this many characters, with an ellipsis.")] truncate_at: Option<i32>,
    ) -> String {
        crate::catalog::text::truncate(&self.0.description, truncate_at)
    }

    /// The description with its markup.
    async fn description_html(&self) -> Html {
        Html(self.0.description_html.clone())
    }

    /// Who makes or supplies it.
    async fn vendor(&self) -> &str {
        &self.0.vendor
    }

    /// The kind of product, in the merchant's own words.
    async fn product_type(&self) -> &str {
        &self.0.product_type
    }

    /// The merchant's labels.
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// Its variants in the merchant's order.
    async fn variants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<ProductVariantConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        let variants = ctx.scope().snapshot().loaders.load(VariantsOfProduct(self.0.id)).await?;
        let variants = variants.iter().flat_map(|variants| variants.iter().cloned().map(ProductVariant)).collect();
        Ok(ProductVariantConnection(Page::from_list(&query, variants, |variant| Cursor::by_id(variant.0.id))))
    }
}

impl Plain for Product {
    fn plain(&self, reader: &Reader<'_>, field: &Field) -> Option<Value> {
        let product = &self.0;
        let text = |text: &str| Value::String(text.to_owned());
        Some(match field.name.node.as_str() {
            "id" => Value::String(reader.scope.request.namespace.encode("Product", product.id)),
            "handle" => text(&product.handle),
            "title" => text(&product.title),
            "description" if field.arguments.is_empty() => text(&product.description),
            "vendor" => text(&product.vendor),
            "productType" => text(&product.product_type),
            _ => return None,
        })
    }
}
