//! The signing keys: a platform table.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::PlatformConn;
use crate::db::platform_tables::signing_keys;
use crate::identity::keys::StoredKey;

type Row = (String, String, Vec<u8>, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>);

/// Those that count at the time, or will.
pub async fn counting(conn: &mut PlatformConn<'_>, now: DateTime<Utc>) -> QueryResult<Vec<StoredKey>> {
    let rows: Vec<Row> = signing_keys::table
        .filter(signing_keys::verifies_until.is_null().or(signing_keys::verifies_until.gt(now)))
        .order(signing_keys::signs_from)
        .limit(100)
        .select((
            signing_keys::kid,
            signing_keys::algorithm,
            signing_keys::private_key,
            signing_keys::created_at,
            signing_keys::signs_from,
            signing_keys::verifies_until,
        ))
        .load(conn)
        .await?;
    let stored = |(kid, algorithm, private_key, created_at, signs_from, verifies_until): Row| StoredKey {
        kid,
        algorithm,
        private_key,
        created_at,
        signs_from,
        verifies_until,
    };
    Ok(rows.into_iter().map(stored).collect())
}

pub async fn insert(conn: &mut PlatformConn<'_>, key: &StoredKey) -> QueryResult<usize> {
    diesel::insert_into(signing_keys::table)
        .values((
            signing_keys::kid.eq(&key.kid),
            signing_keys::algorithm.eq(&key.algorithm),
            signing_keys::private_key.eq(&key.private_key),
            signing_keys::created_at.eq(key.created_at),
            signing_keys::signs_from.eq(key.signs_from),
            signing_keys::verifies_until.eq(key.verifies_until),
        ))
        .execute(conn)
        .await
}

/// Has all that count end by then, unless they end sooner.
pub async fn end(conn: &mut PlatformConn<'_>, until: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(signing_keys::table)
        .filter(signing_keys::verifies_until.is_null().or(signing_keys::verifies_until.gt(until)))
        .set(signing_keys::verifies_until.eq(until))
        .execute(conn)
        .await
}

/// Forgets those that count no longer, their private halves with them.
pub async fn forget(conn: &mut PlatformConn<'_>, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(signing_keys::table).filter(signing_keys::verifies_until.le(now)).execute(conn).await
}
