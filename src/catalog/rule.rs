//! What writing the catalogue refuses. Stored with idempotency keys: variants may be added, never renamed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::db::idempotency::Refusal;

/// Why something was refused, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, async_graphql::Enum)]
#[graphql(name = "ProductSetUserErrorCode")]
pub enum CatalogCode {
    /// A value is missing or empty.
    Blank,
    /// Two options of the product have the same name, or two values of an option.
    DuplicateOption,
    /// Two variants have the same option values.
    DuplicateVariant,
    /// Another product or collection has this handle.
    HandleTaken,
    /// The value is not acceptable here.
    Invalid,
    /// There is nothing with this id or name.
    NotFound,
    /// You lack the permission for one of the things that it would change.
    NotGranted,
    /// The shop's plan has no room for one more.
    PlanLimitReached,
    /// The text is too long.
    TooLong,
    /// The list is too long.
    TooMany,
}

/// One refusal: which part of the draft (`["variants", "0", "price"]`), why, and a text for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub field: Vec<String>,
    pub code: CatalogCode,
    pub message: String,
}

impl Violation {
    pub fn new(field: Vec<String>, code: CatalogCode, message: impl Into<String>) -> Self {
        Self { field, code, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field.join("."), self.message)
    }
}

/// What a use case of the catalogue refuses: everything it found wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogRule(pub Vec<Violation>);

impl Refusal for CatalogRule {
    fn is_final(&self) -> bool {
        let passes = |code| matches!(code, CatalogCode::PlanLimitReached | CatalogCode::NotGranted);
        !self.0.iter().any(|violation| passes(violation.code))
    }
}

impl From<Violation> for CatalogRule {
    fn from(violation: Violation) -> Self {
        Self(vec![violation])
    }
}

/// The path of a field from its parts: `at!["variants", 3, "price"]`.
macro_rules! at {
    ($($part:expr),* $(,)?) => { vec![$($part.to_string()),*] };
}
pub(crate) use at;
