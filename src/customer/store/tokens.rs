//! Access tokens.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::customer::model::{AccessToken, MAX_TOKENS, TOKEN_LIFE, TOKEN_RENEWABLE};
use crate::customer::secret::SecretHash;
use crate::db::TenantTx;
use crate::db::schema::customer_access_tokens as tokens;

pub async fn insert_token(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    customer: Uuid,
    token: &AccessToken,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(tokens::table)
        .values((
            tokens::tenant_id.eq(tx.tenant()),
            tokens::id.eq(id),
            tokens::customer_id.eq(customer),
            tokens::token_hash.eq(token.secret.hash().0.to_vec()),
            tokens::expires_at.eq(token.expires_at),
            tokens::created_at.eq(now),
        ))
        .execute(tx)
        .await
}

/// Leaves a locked customer their newest tokens.
pub async fn keep_newest(tx: &mut TenantTx<'_>, customer: Uuid) -> QueryResult<usize> {
    let newest: Vec<Uuid> = tokens::table
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::customer_id.eq(customer))
        .order(tokens::id.desc())
        .limit(MAX_TOKENS)
        .select(tokens::id)
        .load(tx)
        .await?;
    match newest.last() {
        Some(oldest) if i64::try_from(newest.len()).is_ok_and(|kept| kept == MAX_TOKENS) => {
            diesel::delete(tokens::table)
                .filter(tokens::tenant_id.eq(tx.tenant()))
                .filter(tokens::customer_id.eq(customer))
                .filter(tokens::id.lt(oldest))
                .execute(tx)
                .await
        }
        _ => Ok(0),
    }
}

/// Makes a token good for longer, as far as it can be; answers until when. None: it is not good any more.
pub async fn renew_token(
    tx: &mut TenantTx<'_>,
    token: SecretHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<DateTime<Utc>>> {
    let found: Option<(Uuid, DateTime<Utc>)> = tokens::table
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::token_hash.eq(token.0.to_vec()))
        .filter(tokens::expires_at.gt(now))
        .select((tokens::id, tokens::created_at))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    let Some((id, created_at)) = found else { return Ok(None) };
    let until = (now + TOKEN_LIFE).min(created_at + TOKEN_RENEWABLE);
    diesel::update(tokens::table)
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::id.eq(id))
        .set(tokens::expires_at.eq(until))
        .execute(tx)
        .await?;
    Ok(Some(until))
}

/// Ends a token; answers its id. None: there is no such token.
pub async fn delete_token(tx: &mut TenantTx<'_>, token: SecretHash) -> QueryResult<Option<Uuid>> {
    diesel::delete(tokens::table)
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::token_hash.eq(token.0.to_vec()))
        .returning(tokens::id)
        .get_result(tx)
        .await
        .optional()
}

/// Ends everything that a customer is signed in with.
pub async fn delete_tokens_of(tx: &mut TenantTx<'_>, customer: Uuid) -> QueryResult<usize> {
    diesel::delete(tokens::table)
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::customer_id.eq(customer))
        .execute(tx)
        .await
}

/// Deletes a few tokens that are not good any more; answers how many.
pub async fn forget_tokens(tx: &mut TenantTx<'_>, now: DateTime<Utc>, few: i64) -> QueryResult<usize> {
    let expired: Vec<Uuid> = tokens::table
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::expires_at.le(now))
        .order(tokens::expires_at)
        .limit(few)
        .select(tokens::id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    diesel::delete(tokens::table)
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::id.eq_any(expired))
        .execute(tx)
        .await
}
