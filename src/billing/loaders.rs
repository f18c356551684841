//! What resolvers of invoices ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::model::Invoice;
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// An invoice by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvoiceById(pub Uuid);

impl BatchKey for InvoiceById {
    type Value = Arc<Invoice>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::by_id(conn, &ids).await?;
        Ok(found.into_iter().map(|invoice| (Self(invoice.id), Arc::new(invoice))).collect())
    }
}
