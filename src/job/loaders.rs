//! What resolvers of jobs ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::model::JobInfo;
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// A job by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobById(pub Uuid);

impl BatchKey for JobById {
    type Value = Arc<JobInfo>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::by_id(conn, &ids).await?;
        Ok(found.into_iter().map(|job| (Self(job.id), Arc::new(job))).collect())
    }
}
