//! A product's options and their values.

use std::sync::Arc;

use async_graphql::{
    Context, Description, ID, InputObject, InputValueError, InputValueResult, Object, Result, Scalar, ScalarType,
    SimpleObject, Value,
};
use uuid::Uuid;

use super::media::Media;
use super::product::choices;
use super::variant::ProductVariant;
use crate::absent_object;
use crate::catalog::model::{Chosen, WholeOption};
use crate::graphql::scope::ScopeExt;

/// One of the things by which a product's variants differ: "Size".
#[derive(Clone, Debug, Description)]
pub struct ProductOption {
    pub product_id: Uuid,
    pub options: Arc<[WholeOption]>,
    /// Which of the product's options.
    pub at: usize,
}

impl ProductOption {
    /// All options of a product.
    pub fn all(product_id: Uuid, options: &Arc<[WholeOption]>) -> Vec<Self> {
        (0..options.len()).map(|at| Self { product_id, options: options.clone(), at }).collect()
    }

    pub fn uuid(&self) -> Uuid {
        self.option().id
    }

    fn option(&self) -> &WholeOption {
        &self.options[self.at]
    }

    pub fn values(&self) -> Vec<ProductOptionValue> {
        (0..self.option().values.len()).map(|value| ProductOptionValue { option: self.clone(), at: value }).collect()
    }
}

#[Object(use_type_description)]
impl ProductOption {
    /// The option's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("ProductOption", self.option().id)
    }

    /// The option's name.
    async fn name(&self) -> &str {
        &self.option().name
    }

    /// Its values in the merchant's order.
    #[graphql(name = "values", deprecation = "Use `optionValues`.")]
    async fn value_names(&self) -> Vec<&str> {
        self.option().values.iter().map(|value| value.name.as_str()).collect()
    }

    /// Its values in the merchant's order.
    async fn option_values(&self) -> Vec<ProductOptionValue> {
        self.values()
    }
}

/// A value that an option can have: "Small".
#[derive(Clone, Debug, Description)]
pub struct ProductOptionValue {
    option: ProductOption,
    at: usize,
}

impl ProductOptionValue {
    pub fn uuid(&self) -> Uuid {
        self.option.option().values[self.at].id
    }
}

#[Object(use_type_description)]
impl ProductOptionValue {
    /// The value's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("ProductOptionValue", self.uuid())
    }

    /// The value.
    async fn name(&self) -> &str {
        &self.option.option().values[self.at].name
    }

    /// The variant with this value that has the foremost values of the other options.
    async fn first_selectable_variant(&self, ctx: &Context<'_>) -> Result<Option<ProductVariant>> {
        let (options, variants) = choices(ctx.scope(), self.option.product_id).await?;
        let choices = crate::catalog::model::Choices { options: &options, variants: &variants };
        let value = &self.option.option().values[self.at].name;
        Ok(choices.first_with(self.option.at, value).cloned().map(ProductVariant))
    }

    /// How it looks: not known yet.
    async fn swatch(&self) -> Option<ProductOptionValueSwatch> {
        None
    }
}

/// A colour in CSS's hexadecimal notation: `#6b8e23`.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Color(pub String);

#[Scalar(name = "Color", use_type_description)]
impl ScalarType for Color {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

absent_object! {
    /// How an option's value looks.
    ProductOptionValueSwatch {
        /// As a colour.
        color() -> Option<Color>;
        /// As a picture.
        image() -> Option<Media>;
    }
}

/// An option with the value that a variant has for it.
#[derive(Clone, Debug, SimpleObject)]
pub struct SelectedOption {
    /// The option's name.
    pub name: String,
    /// The variant's value.
    pub value: String,
}

/// An option with the value that is wanted for it.
#[derive(Clone, Debug, InputObject)]
pub struct SelectedOptionInput {
    /// The option's name.
    pub name: String,
    /// The wanted value.
    pub value: String,
}

/// The choice as the model has it.
pub fn chosen(inputs: Option<Vec<SelectedOptionInput>>) -> Vec<Chosen> {
    let chosen = |input: SelectedOptionInput| Chosen { name: input.name, value: input.value };
    inputs.unwrap_or_default().into_iter().map(chosen).collect()
}
