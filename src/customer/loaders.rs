//! What resolvers of customers ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::model::{CustomerAddress, SharedCustomer};
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// A customer by their id. Who may ask is the caller's question: a publishable key must not get here with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CustomerById(pub Uuid);

impl BatchKey for CustomerById {
    type Value = SharedCustomer;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let customers = store::by_ids(conn, &ids).await?;
        Ok(customers.into_iter().map(|customer| (Self(customer.id), Arc::new(customer))).collect())
    }
}

/// A customer's addresses, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressesOf(pub Uuid);

impl BatchKey for AddressesOf {
    type Value = Arc<[CustomerAddress]>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let addresses = store::addresses_of(conn, &ids).await?;
        let by_customer = addresses.chunk_by(|a, b| a.customer_id == b.customer_id);
        Ok(by_customer.map(|chunk| (Self(chunk[0].customer_id), Arc::from(chunk))).collect())
    }
}
