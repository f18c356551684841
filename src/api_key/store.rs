//! The keys' rows, which are the platform's.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::key::{ApiKey, KeyHash};
use super::model::{KeyInfo, KeyKind, NewKey};
use crate::access::Permissions;
use crate::db::platform_tables::api_keys;
use crate::db::{PlatformConn, keyset};
use crate::ids::TenantId;
use crate::page::PageQuery;

/// What the guard needs to know of a key.
pub struct LiveKey {
    pub tenant: TenantId,
    pub id: Uuid,
    pub kind: KeyKind,
    pub permissions: Option<Permissions>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The key with this hash, unless it is revoked. It may have expired.
pub async fn live_key(conn: &mut PlatformConn<'_>, hash: &KeyHash) -> QueryResult<Option<LiveKey>> {
    type Row = (Uuid, Uuid, String, Option<Vec<String>>, Option<DateTime<Utc>>);
    let row: Option<Row> = api_keys::table
        .filter(api_keys::hash.eq(&hash.0[..]))
        .filter(api_keys::revoked_at.is_null())
        .select((api_keys::tenant_id, api_keys::id, api_keys::kind, api_keys::permissions, api_keys::expires_at))
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(tenant, id, kind, permissions, expires_at)| {
        let kind = KeyKind::from_db(&kind)?;
        Some(LiveKey {
            tenant: TenantId(tenant),
            id,
            kind,
            permissions: permissions.as_deref().map(Permissions::known),
            expires_at,
        })
    }))
}

pub async fn insert(
    conn: &mut PlatformConn<'_>,
    id: Uuid,
    tenant: TenantId,
    key: &ApiKey,
    new: &NewKey,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(id),
            api_keys::tenant_id.eq(tenant.0),
            api_keys::kind.eq(key.kind().as_db()),
            api_keys::name.eq(&new.name),
            api_keys::hash.eq(&key.hash().0[..]),
            api_keys::last_four.eq(key.last_four()),
            api_keys::permissions.eq(new.permissions.map(Permissions::names)),
            api_keys::expires_at.eq(new.expires_at),
            api_keys::created_at.eq(now),
        ))
        .execute(conn)
        .await
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    kind: String,
    name: String,
    last_four: String,
    permissions: Option<Vec<String>>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    rotated_at: Option<DateTime<Utc>>,
}

impl Row {
    /// None of a kind that a later version has made.
    fn read(self) -> Option<KeyInfo> {
        Some(KeyInfo {
            id: self.id,
            kind: KeyKind::from_db(&self.kind)?,
            name: self.name,
            last_four: self.last_four,
            permissions: self.permissions.as_deref().map(Permissions::known),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
            rotated_at: self.rotated_at,
        })
    }
}

/// A tenant's keys, revoked ones too, oldest first; at most a thousand.
pub async fn all(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<Vec<KeyInfo>> {
    let rows: Vec<Row> = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant.0))
        .order((api_keys::created_at, api_keys::id))
        .limit(1000)
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().filter_map(Row::read).collect())
}

/// A page of a tenant's keys, revoked ones too, in the order of their ids, which is that of their making.
pub async fn page(conn: &mut PlatformConn<'_>, tenant: TenantId, page: &PageQuery) -> QueryResult<Vec<KeyInfo>> {
    let query = api_keys::table.filter(api_keys::tenant_id.eq(tenant.0)).into_boxed();
    let query = keyset::by!(query, page, api_keys::id);
    let rows: Vec<Row> = query.limit(page.limit).select(Row::as_select()).load(conn).await?;
    Ok(rows.into_iter().filter_map(Row::read).collect())
}

/// A tenant's key, with the hash by which it is known.
pub async fn one(conn: &mut PlatformConn<'_>, tenant: TenantId, id: Uuid) -> QueryResult<Option<(KeyInfo, KeyHash)>> {
    let row: Option<(Row, Vec<u8>)> = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant.0))
        .filter(api_keys::id.eq(id))
        .select((Row::as_select(), api_keys::hash))
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(row, hash)| Some((row.read()?, KeyHash(hash.try_into().ok()?)))))
}

/// Whose a key is, and its hash; revoked or not.
pub async fn hash(conn: &mut PlatformConn<'_>, id: Uuid) -> QueryResult<Option<(TenantId, KeyHash)>> {
    let columns = (api_keys::tenant_id, api_keys::hash);
    let found: Option<(Uuid, Vec<u8>)> = api_keys::table.find(id).select(columns).first(conn).await.optional()?;
    Ok(found.and_then(|(tenant, hash)| Some((TenantId(tenant), KeyHash(hash.try_into().ok()?)))))
}

/// How many of a tenant's keys are in force.
pub async fn count_live(conn: &mut PlatformConn<'_>, tenant: TenantId, now: DateTime<Utc>) -> QueryResult<i64> {
    api_keys::table
        .filter(api_keys::tenant_id.eq(tenant.0))
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .count()
        .get_result(conn)
        .await
}

/// Revokes a key; one that is revoked stays as it is.
pub async fn revoke(conn: &mut PlatformConn<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(api_keys::table.find(id).filter(api_keys::revoked_at.is_null()))
        .set(api_keys::revoked_at.eq(now))
        .execute(conn)
        .await
}

/// Notes that another key has taken a key's place, which ends then.
pub async fn replaced(
    conn: &mut PlatformConn<'_>,
    id: Uuid,
    end: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(api_keys::table.find(id))
        .set((api_keys::expires_at.eq(end), api_keys::rotated_at.eq(now)))
        .execute(conn)
        .await
}

/// Notes when a key was last used, unless a later use is noted.
pub async fn note_use(conn: &mut PlatformConn<'_>, id: Uuid, at: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(api_keys::table.find(id).filter(api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at))))
        .set(api_keys::last_used_at.eq(at))
        .execute(conn)
        .await
}
