//! What resolvers of staff ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{Session, StaffMember, StaffOverride};
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// A member by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StaffById(pub Uuid);

impl BatchKey for StaffById {
    type Value = Arc<StaffMember>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::staff::by_ids(conn, &ids).await?;
        Ok(found.into_iter().map(|member| (Self(member.id), Arc::new(member))).collect())
    }
}

/// What holds for a member beside their role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OverridesOf(pub Uuid);

impl BatchKey for OverridesOf {
    type Value = Arc<Vec<StaffOverride>>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let mut found: HashMap<Self, Vec<StaffOverride>> = HashMap::new();
        for (staff_id, one) in store::overrides::of(conn, &ids).await? {
            found.entry(Self(staff_id)).or_default().push(one);
        }
        Ok(found.into_iter().map(|(key, all)| (key, Arc::new(all))).collect())
    }
}

/// A session by id, if it is open at this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenSession(pub Uuid, pub DateTime<Utc>);

impl BatchKey for OpenSession {
    type Value = Arc<Session>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        // The clock may have gone on between two keys of a batch: the first that asks decides.
        let Some(Self(_, now)) = keys.first() else { return Ok(HashMap::new()) };
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::session::open_by_ids(conn, &ids, *now).await?;
        let by_id: HashMap<Uuid, Arc<Session>> =
            found.into_iter().map(|session| (session.id, Arc::new(session))).collect();
        Ok(keys.iter().filter_map(|key| Some((*key, by_id.get(&key.0)?.clone()))).collect())
    }
}
