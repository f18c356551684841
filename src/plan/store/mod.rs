//! The rows: the platform's plans, and the tenant's subscription with the locks that its limits are counted under.

mod plans;
mod subscription;

pub use plans::{by_handle, by_id, by_ids, insert, list, set_prices, update};
pub use subscription::{
    checkouts, count_checkout, count_sync, enter, enter_alone, find, in_force, insert_begun, lock, lock_where_limited,
    put, syncs,
};

use crate::db::QueryError;

fn unreadable(what: &str, error: impl std::fmt::Display) -> QueryError {
    QueryError::DeserializationError(format!("{what}: {error}").into())
}

fn stored<T: serde::de::DeserializeOwned>(what: &str, value: serde_json::Value) -> Result<T, QueryError> {
    serde_json::from_value(value).map_err(|error| unreadable(what, error))
}

fn to_store(value: &impl serde::Serialize) -> Result<serde_json::Value, QueryError> {
    serde_json::to_value(value).map_err(|error| QueryError::SerializationError(error.into()))
}
