//! Metafields: named values that merchants hang on things. Nothing stores any yet, so every read answers null.

use async_graphql::{ID, InputObject};

use super::scalars::DateTime;
use crate::absent_object;

absent_object! {
    /// A named value that a merchant has added to something.
    Metafield {
        /// The metafield's global id.
        id() -> ID;
        /// The group of keys it belongs to.
        namespace() -> String;
        /// Its name within the namespace.
        key() -> String;
        /// How to read the value.
        #[graphql(name = "type")]
        type_name() -> String;
        /// The value as text.
        value() -> String;
        /// What the merchant says it is for.
        description() -> Option<String>;
        /// When it was created.
        created_at() -> DateTime;
        /// When it was last changed.
        updated_at() -> DateTime;
    }
}

/// Names one metafield.
#[derive(Clone, Debug, InputObject)]
pub struct HasMetafieldsIdentifier {
    /// The group of keys; the app's own when left out.
    pub namespace: Option<String>,
    /// The name within the namespace.
    pub key: String,
}

/// The answers to a list of identifiers: none is stored, so each is null.
pub fn none_of(identifiers: &[HasMetafieldsIdentifier]) -> Vec<Option<Metafield>> {
    identifiers.iter().map(|_| None).collect()
}
