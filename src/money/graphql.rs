//! `MoneyV2` and the `Decimal` scalar.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::{
    Description, InputObject, InputValueError, InputValueResult, Name, Object, Positioned, Scalar, ScalarType, Value,
};

use super::{Currency, Money};
use crate::graphql::plain::{Plain, Reader};

/// A decimal number as text, like `"29.99"`: exact, never a float.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Decimal(pub Cow<'static, str>);

#[Scalar(name = "Decimal", use_type_description)]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text.into())),
            Value::Number(number) => Ok(Self(number.to_string().into())),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An amount of money.
#[derive(Clone, Debug, InputObject)]
pub struct MoneyInput {
    /// The amount.
    pub amount: Decimal,
    /// Its currency: the shop's.
    pub currency_code: Currency,
}

/// An amount of money with its currency.
#[derive(Clone, Copy, Debug, Description)]
pub struct MoneyV2(pub Money);

#[Object(name = "MoneyV2", use_type_description)]
impl MoneyV2 {
    /// The amount as a decimal with the currency's own number of places.
    async fn amount(&self) -> Decimal {
        Decimal(self.0.to_decimal().into())
    }

    /// The amount's currency.
    async fn currency_code(&self) -> Currency {
        self.0.currency
    }
}

/// An amount in the shop's currency and in the buyer's. They are the same as long as a shop sells in one currency.
#[derive(Clone, Copy, Debug, Description)]
pub struct MoneyBag(pub Money);

#[Object(use_type_description)]
impl MoneyBag {
    /// The amount in the currency the buyer saw.
    async fn presentment_money(&self) -> MoneyV2 {
        MoneyV2(self.0)
    }

    /// The amount in the shop's currency.
    async fn shop_money(&self) -> MoneyV2 {
        MoneyV2(self.0)
    }
}

impl Plain for MoneyV2 {
    fn plain(&self, _: &Reader<'_>, field: &Positioned<Field>) -> Option<Value> {
        Some(match field.node.name.node.as_str() {
            "amount" => Value::String(self.0.to_decimal()),
            "currencyCode" => Value::Enum(Name::new(self.0.currency.code())),
            _ => return None,
        })
    }
}
