//! What resolvers of postings ask for in batches.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::Written;
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// A posting by its id. Who may ask is the caller's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PostingById(pub Uuid);

impl BatchKey for PostingById {
    type Value = Written;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::by_id(conn, &ids).await?;
        Ok(found.into_iter().map(|posting| (Self(posting.id), posting)).collect())
    }
}
