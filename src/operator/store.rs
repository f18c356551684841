//! The tokens' rows, which are the platform's.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{LiveToken, TokenInfo};
use crate::api_key::key::KeyHash;
use crate::db::PlatformConn;
use crate::db::platform_tables::operator_tokens as tokens;

/// The token with this hash, unless it is revoked. It may have expired.
pub async fn live(conn: &mut PlatformConn<'_>, hash: &KeyHash) -> QueryResult<Option<LiveToken>> {
    let row: Option<(Uuid, DateTime<Utc>)> = tokens::table
        .filter(tokens::hash.eq(&hash.0[..]))
        .filter(tokens::revoked_at.is_null())
        .select((tokens::id, tokens::expires_at))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(id, expires_at)| LiveToken { id, expires_at }))
}

pub async fn insert(conn: &mut PlatformConn<'_>, new: &TokenInfo, hash: KeyHash) -> QueryResult<usize> {
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(new.id),
            tokens::name.eq(&new.name),
            tokens::hash.eq(&hash.0[..]),
            tokens::created_at.eq(new.created_at),
            tokens::expires_at.eq(new.expires_at),
        ))
        .execute(conn)
        .await
}

pub async fn hash(conn: &mut PlatformConn<'_>, id: Uuid) -> QueryResult<Option<KeyHash>> {
    let hash: Option<Vec<u8>> = tokens::table.find(id).select(tokens::hash).first(conn).await.optional()?;
    Ok(hash.and_then(|hash| hash.try_into().ok()).map(KeyHash))
}

/// Revokes a token; the first time counts.
pub async fn revoke(conn: &mut PlatformConn<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(tokens::table.find(id))
        .filter(tokens::revoked_at.is_null())
        .set(tokens::revoked_at.eq(now))
        .execute(conn)
        .await
}

/// Notes that a token was used, unless that is known of a later moment.
pub async fn note_use(conn: &mut PlatformConn<'_>, id: Uuid, at: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(tokens::table.find(id))
        .filter(tokens::last_used_at.is_null().or(tokens::last_used_at.lt(at)))
        .set(tokens::last_used_at.eq(at))
        .execute(conn)
        .await
}

/// As many as anybody reads at once.
const LISTED: i64 = 1000;

/// The latest tokens, the oldest of them first.
pub async fn list(conn: &mut PlatformConn<'_>) -> QueryResult<Vec<TokenInfo>> {
    type Row = (Uuid, String, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let rows: Vec<Row> = tokens::table
        .order(tokens::id.desc())
        .limit(LISTED)
        .select((
            tokens::id,
            tokens::name,
            tokens::created_at,
            tokens::expires_at,
            tokens::revoked_at,
            tokens::last_used_at,
        ))
        .load(conn)
        .await?;
    let read = |(id, name, created_at, expires_at, revoked_at, last_used_at)| TokenInfo {
        id,
        name,
        created_at,
        expires_at,
        revoked_at,
        last_used_at,
    };
    Ok(rows.into_iter().rev().map(read).collect())
}
