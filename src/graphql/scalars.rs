//! Scalars that GraphQL does not bring along.

use async_graphql::{Description, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime as ChronoDateTime, SecondsFormat, Utc};

/// A moment in UTC, as RFC 3339 has it: `2026-11-21T08:30:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Description)]
pub struct DateTime(pub ChronoDateTime<Utc>);

#[Scalar(
    name = "DateTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html",
    use_type_description
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let moment =
            ChronoDateTime::parse_from_rfc3339(text).map_err(|_| "expected RFC 3339, like 2026-11-21T08:30:00Z")?;
        Ok(Self(moment.to_utc()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// An absolute URL.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Url(pub String);

#[Scalar(name = "URL", specified_by_url = "https://url.spec.whatwg.org/", use_type_description)]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        url::Url::parse(text).map_err(|error| format!("expected an absolute URL: {error}"))?;
        Ok(Self(text.clone()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A text with HTML markup.
#[derive(Clone, Debug, PartialEq, Eq, Description)]
pub struct Html(pub String);

#[Scalar(name = "HTML", specified_by_url = "https://html.spec.whatwg.org/", use_type_description)]
impl ScalarType for Html {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else { return Err(InputValueError::expected_type(value)) };
        Ok(Self(text))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Any JSON value.
#[derive(Clone, Debug, PartialEq, Description)]
pub struct Json(pub serde_json::Value);

#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259", use_type_description)]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json().map_err(|error| error.to_string())?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

/// A whole number from 0 to 2^64 - 1, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct UnsignedInt64(pub u64);

#[Scalar(name = "UnsignedInt64", use_type_description)]
impl ScalarType for UnsignedInt64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Ok(Self(text.parse().map_err(|_| "expected a whole number as text")?)),
            Value::Number(number) => Ok(Self(number.as_u64().ok_or("expected a whole number of 0 or more")?)),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
