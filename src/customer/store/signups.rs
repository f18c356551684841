//! Those who want an account and have not yet shown that the address is theirs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::customer::model::{Email, Person};
use crate::customer::secret::SecretHash;
use crate::db::schema::customer_signups as signups;
use crate::db::{TenantConn, TenantTx};

/// A sign-up to be kept.
pub struct NewSignup<'a> {
    /// The id that the customer will have.
    pub id: Uuid,
    pub email: &'a Email,
    pub person: &'a Person,
    pub token: SecretHash,
    pub expires_at: DateTime<Utc>,
}

/// Keeps a sign-up, in place of an earlier one with the same address.
pub async fn put_signup(tx: &mut TenantTx<'_>, new: &NewSignup<'_>, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(signups::table)
        .values((
            signups::tenant_id.eq(tx.tenant()),
            signups::email_key.eq(&new.email.key),
            signups::id.eq(new.id),
            signups::email.eq(&new.email.address),
            signups::token_hash.eq(new.token.0.to_vec()),
            signups::first_name.eq(&new.person.first_name),
            signups::last_name.eq(&new.person.last_name),
            signups::phone.eq(&new.person.phone),
            signups::accepts_marketing.eq(new.person.accepts_marketing),
            signups::expires_at.eq(new.expires_at),
            signups::created_at.eq(now),
        ))
        .on_conflict((signups::tenant_id, signups::email_key))
        .do_update()
        .set((
            signups::id.eq(excluded(signups::id)),
            signups::email.eq(excluded(signups::email)),
            signups::token_hash.eq(excluded(signups::token_hash)),
            signups::first_name.eq(excluded(signups::first_name)),
            signups::last_name.eq(excluded(signups::last_name)),
            signups::phone.eq(excluded(signups::phone)),
            signups::accepts_marketing.eq(excluded(signups::accepts_marketing)),
            signups::expires_at.eq(excluded(signups::expires_at)),
            signups::created_at.eq(excluded(signups::created_at)),
        ))
        .execute(tx)
        .await
}

/// Whether a sign-up waits for this token.
pub async fn waiting_signup(
    conn: &mut TenantConn<'_>,
    id: Uuid,
    token: SecretHash,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let found: Option<Uuid> = signups::table
        .filter(signups::tenant_id.eq(conn.tenant()))
        .filter(signups::id.eq(id))
        .filter(signups::token_hash.eq(token.0.to_vec()))
        .filter(signups::expires_at.gt(now))
        .select(signups::id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.is_some())
}

type Row = (String, String, Option<String>, Option<String>, Option<String>, bool);

/// Takes the sign-up that waits for this token out: who signs up, and what they say of themselves.
pub async fn take_signup(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    token: SecretHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<(Email, Person)>> {
    let row: Option<Row> = diesel::delete(signups::table)
        .filter(signups::tenant_id.eq(tx.tenant()))
        .filter(signups::id.eq(id))
        .filter(signups::token_hash.eq(token.0.to_vec()))
        .filter(signups::expires_at.gt(now))
        .returning((
            signups::email,
            signups::email_key,
            signups::first_name,
            signups::last_name,
            signups::phone,
            signups::accepts_marketing,
        ))
        .get_result(tx)
        .await
        .optional()?;
    Ok(row.map(|(address, key, first_name, last_name, phone, accepts_marketing)| {
        (Email { address, key }, Person { first_name, last_name, phone, accepts_marketing })
    }))
}

/// Deletes a few sign-ups that nobody has confirmed in time; answers how many.
pub async fn forget_signups(tx: &mut TenantTx<'_>, now: DateTime<Utc>, few: i64) -> QueryResult<usize> {
    let expired: Vec<Uuid> = signups::table
        .filter(signups::tenant_id.eq(tx.tenant()))
        .filter(signups::expires_at.le(now))
        .order(signups::expires_at)
        .limit(few)
        .select(signups::id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    diesel::delete(signups::table)
        .filter(signups::tenant_id.eq(tx.tenant()))
        .filter(signups::id.eq_any(expired))
        .execute(tx)
        .await
}
