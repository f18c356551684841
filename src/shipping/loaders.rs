//! Delivery options, once a country and snapshot.

use std::collections::HashMap;
use std::sync::Arc;

use super::model::DeliveryOption;
use super::service::options_for;
use crate::country::Country;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// In which ways something can be delivered to a country, the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OptionsFor(pub Country);

impl BatchKey for OptionsFor {
    type Value = Arc<[DeliveryOption]>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        // A request has one cart with one destination: one statement, nearly always.
        for key in keys {
            found.insert(*key, options_for(conn, key.0).await?.into());
        }
        Ok(found)
    }
}
