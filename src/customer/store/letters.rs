//! What was mailed to customers and waits to come back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::customer::model::Email;
use crate::customer::secret::SecretHash;
use crate::db::schema::customer_letters as letters;
use crate::db::{TenantConn, TenantTx};

/// For what a mailed token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterKind {
    /// A new password.
    Reset,
    /// Another address.
    Email,
}

impl LetterKind {
    fn as_db(self) -> &'static str {
        match self {
            Self::Reset => "RESET",
            Self::Email => "EMAIL",
        }
    }
}

/// A token that is mailed.
pub struct NewLetter<'a> {
    pub customer_id: Uuid,
    pub kind: LetterKind,
    /// Where it is sent.
    pub to: &'a Email,
    pub token: SecretHash,
    pub expires_at: DateTime<Utc>,
}

/// Notes a token that is mailed, in place of the one before of its kind.
pub async fn put_letter(tx: &mut TenantTx<'_>, new: &NewLetter<'_>, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(letters::table)
        .values((
            letters::tenant_id.eq(tx.tenant()),
            letters::customer_id.eq(new.customer_id),
            letters::kind.eq(new.kind.as_db()),
            letters::token_hash.eq(new.token.0.to_vec()),
            letters::email.eq(&new.to.address),
            letters::email_key.eq(&new.to.key),
            letters::expires_at.eq(new.expires_at),
            letters::created_at.eq(now),
        ))
        .on_conflict((letters::tenant_id, letters::customer_id, letters::kind))
        .do_update()
        .set((
            letters::token_hash.eq(excluded(letters::token_hash)),
            letters::email.eq(excluded(letters::email)),
            letters::email_key.eq(excluded(letters::email_key)),
            letters::expires_at.eq(excluded(letters::expires_at)),
            letters::created_at.eq(excluded(letters::created_at)),
        ))
        .execute(tx)
        .await
}

/// Whether a token of this kind is awaited of the customer.
pub async fn waiting_letter(
    conn: &mut TenantConn<'_>,
    customer: Uuid,
    kind: LetterKind,
    token: SecretHash,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let found: Option<Uuid> = letters::table
        .filter(letters::tenant_id.eq(conn.tenant()))
        .filter(letters::customer_id.eq(customer))
        .filter(letters::kind.eq(kind.as_db()))
        .filter(letters::token_hash.eq(token.0.to_vec()))
        .filter(letters::expires_at.gt(now))
        .select(letters::customer_id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.is_some())
}

/// Takes out the letter that waits for this token: where it was sent.
pub async fn take_letter(
    tx: &mut TenantTx<'_>,
    customer: Uuid,
    kind: LetterKind,
    token: SecretHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<Email>> {
    let row: Option<(String, String)> = diesel::delete(letters::table)
        .filter(letters::tenant_id.eq(tx.tenant()))
        .filter(letters::customer_id.eq(customer))
        .filter(letters::kind.eq(kind.as_db()))
        .filter(letters::token_hash.eq(token.0.to_vec()))
        .filter(letters::expires_at.gt(now))
        .returning((letters::email, letters::email_key))
        .get_result(tx)
        .await
        .optional()?;
    Ok(row.map(|(address, key)| Email { address, key }))
}

/// Awaits nothing of a customer any more.
pub async fn drop_letters(tx: &mut TenantTx<'_>, customer: Uuid) -> QueryResult<usize> {
    diesel::delete(letters::table)
        .filter(letters::tenant_id.eq(tx.tenant()))
        .filter(letters::customer_id.eq(customer))
        .execute(tx)
        .await
}

/// Deletes a few letters that nobody has answered in time; answers how many.
pub async fn forget_letters(tx: &mut TenantTx<'_>, now: DateTime<Utc>, few: i64) -> QueryResult<usize> {
    let expired: Vec<Uuid> = letters::table
        .filter(letters::tenant_id.eq(tx.tenant()))
        .filter(letters::expires_at.le(now))
        .order(letters::expires_at)
        .limit(few)
        .select(letters::customer_id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    diesel::delete(letters::table)
        .filter(letters::tenant_id.eq(tx.tenant()))
        .filter(letters::customer_id.eq_any(expired))
        .filter(letters::expires_at.le(now))
        .execute(tx)
        .await
}
