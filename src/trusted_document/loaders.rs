//! What resolvers of trusted documents ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::model::TrustedDocument;
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// A document by its global id, which is not the one that clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DocumentById(pub Uuid);

impl BatchKey for DocumentById {
    type Value = Arc<TrustedDocument>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::by_ids(conn, &ids).await?;
        Ok(found.into_iter().map(|document| (Self(document.id), Arc::new(document))).collect())
    }
}
