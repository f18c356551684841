//! Customers as rows.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::customer::model::{Customer, Email};
use crate::customer::secret::SecretHash;
use crate::db::schema::{customer_access_tokens as tokens, customers};
use crate::db::{TenantConn, TenantTx};

/// The constraint that an address is one customer's.
pub const EMAIL_TAKEN: &str = "customers_email_taken";

#[derive(Queryable, Selectable)]
#[diesel(table_name = customers, check_for_backend(Pg))]
pub(super) struct CustomerRow {
    id: Uuid,
    email: String,
    email_key: String,
    #[diesel(select_expression = customers::password_hash.is_not_null())]
    is_enabled: bool,
    verified_at: Option<DateTime<Utc>>,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    accepts_marketing: bool,
    tags: Vec<String>,
    note: Option<String>,
    default_address_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<CustomerRow> for Customer {
    fn from(row: CustomerRow) -> Self {
        Self {
            id: row.id,
            email: Email { address: row.email, key: row.email_key },
            is_enabled: row.is_enabled,
            verified_at: row.verified_at,
            first_name: row.first_name,
            last_name: row.last_name,
            phone: row.phone,
            accepts_marketing: row.accepts_marketing,
            tags: row.tags,
            note: row.note,
            default_address_id: row.default_address_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The customers with these ids.
pub async fn by_ids(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Customer>> {
    let rows: Vec<CustomerRow> = customers::table
        .filter(customers::tenant_id.eq(conn.tenant()))
        .filter(customers::id.eq_any(ids))
        .select(CustomerRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Customer::from).collect())
}

/// The customer with this address, as addresses are compared.
pub async fn by_email(conn: &mut TenantConn<'_>, key: &str) -> QueryResult<Option<Customer>> {
    let row: Option<CustomerRow> = customers::table
        .filter(customers::tenant_id.eq(conn.tenant()))
        .filter(customers::email_key.eq(key))
        .select(CustomerRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Customer::from))
}

/// Who can sign in with this address: their id and the hash of their password.
pub async fn password_hash_of(conn: &mut TenantConn<'_>, email_key: &str) -> QueryResult<Option<(Uuid, String)>> {
    let row: Option<(Uuid, Option<String>)> = customers::table
        .filter(customers::tenant_id.eq(conn.tenant()))
        .filter(customers::email_key.eq(email_key))
        .select((customers::id, customers::password_hash))
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(id, hash)| Some((id, hash?))))
}

/// The key of a customer's address and the hash of their password; none when they have none.
pub async fn password_hash_by_id(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<(String, String)>> {
    let row: Option<(String, Option<String>)> = customers::table
        .filter(customers::tenant_id.eq(conn.tenant()))
        .filter(customers::id.eq(id))
        .select((customers::email_key, customers::password_hash))
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(key, hash)| Some((key, hash?))))
}

/// Whoever an access token is good for, at this time.
macro_rules! holder {
    ($tenant:expr, $hash:expr, $now:expr) => {
        customers::table.filter(customers::tenant_id.eq($tenant)).filter(
            customers::id.eq_any(
                tokens::table
                    .filter(tokens::tenant_id.eq($tenant))
                    .filter(tokens::token_hash.eq($hash.0.to_vec()))
                    .filter(tokens::expires_at.gt($now))
                    .select(tokens::customer_id),
            ),
        )
    };
}

/// The customer of an access token.
pub async fn by_token(
    conn: &mut TenantConn<'_>,
    token: SecretHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<Customer>> {
    let holder = holder!(conn.tenant(), token, now).select(CustomerRow::as_select());
    let row: Option<CustomerRow> = holder.first(conn).await.optional()?;
    Ok(row.map(Customer::from))
}

/// The customer of an access token, locked until the transaction ends.
pub async fn lock_by_token(
    tx: &mut TenantTx<'_>,
    token: SecretHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<Customer>> {
    let holder = holder!(tx.tenant(), token, now).select(CustomerRow::as_select()).for_update();
    let row: Option<CustomerRow> = holder.first(tx).await.optional()?;
    Ok(row.map(Customer::from))
}

/// The customer with this id and the hash of their password, locked until the transaction ends.
pub async fn lock(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<(Customer, Option<String>)>> {
    let row: Option<(CustomerRow, Option<String>)> = customers::table
        .filter(customers::tenant_id.eq(tx.tenant()))
        .filter(customers::id.eq(id))
        .select((CustomerRow::as_select(), customers::password_hash))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(|(row, hash)| (Customer::from(row), hash)))
}

/// Puts a customer in; false when the address is another's.
pub async fn insert_customer(
    tx: &mut TenantTx<'_>,
    customer: &Customer,
    password_hash: Option<&str>,
) -> QueryResult<bool> {
    let inserted = diesel::insert_into(customers::table)
        .values((
            customers::tenant_id.eq(tx.tenant()),
            customers::id.eq(customer.id),
            customers::email.eq(&customer.email.address),
            customers::email_key.eq(&customer.email.key),
            customers::password_hash.eq(password_hash),
            customers::verified_at.eq(customer.verified_at),
            customers::first_name.eq(&customer.first_name),
            customers::last_name.eq(&customer.last_name),
            customers::sort_name.eq(customer.sort_name()),
            customers::phone.eq(&customer.phone),
            customers::accepts_marketing.eq(customer.accepts_marketing),
            customers::tags.eq(&customer.tags),
            customers::note.eq(&customer.note),
            customers::default_address_id.eq(customer.default_address_id),
            customers::created_at.eq(customer.created_at),
            customers::updated_at.eq(customer.updated_at),
        ))
        .on_conflict((customers::tenant_id, customers::email_key))
        .do_nothing()
        .execute(tx)
        .await?;
    Ok(inserted == 1)
}

/// Writes all that a locked customer's row says, but the password.
pub async fn update_customer(tx: &mut TenantTx<'_>, customer: &Customer) -> QueryResult<usize> {
    diesel::update(customers::table)
        .filter(customers::tenant_id.eq(tx.tenant()))
        .filter(customers::id.eq(customer.id))
        .set((
            customers::email.eq(&customer.email.address),
            customers::email_key.eq(&customer.email.key),
            customers::verified_at.eq(customer.verified_at),
            customers::first_name.eq(&customer.first_name),
            customers::last_name.eq(&customer.last_name),
            customers::sort_name.eq(customer.sort_name()),
            customers::phone.eq(&customer.phone),
            customers::accepts_marketing.eq(customer.accepts_marketing),
            customers::tags.eq(&customer.tags),
            customers::note.eq(&customer.note),
            customers::default_address_id.eq(customer.default_address_id),
            customers::updated_at.eq(customer.updated_at),
        ))
        .execute(tx)
        .await
}

/// Gives a locked customer a password.
pub async fn set_password(tx: &mut TenantTx<'_>, id: Uuid, hash: &str) -> QueryResult<usize> {
    diesel::update(customers::table)
        .filter(customers::tenant_id.eq(tx.tenant()))
        .filter(customers::id.eq(id))
        .set(customers::password_hash.eq(hash))
        .execute(tx)
        .await
}

/// Keeps the password that a customer has under a hash of today's parameters, unless they have got another meanwhile.
pub async fn rehash(tx: &mut TenantTx<'_>, id: Uuid, before: &str, hash: &str) -> QueryResult<usize> {
    diesel::update(customers::table)
        .filter(customers::tenant_id.eq(tx.tenant()))
        .filter(customers::id.eq(id))
        .filter(customers::password_hash.eq(before))
        .set(customers::password_hash.eq(hash))
        .execute(tx)
        .await
}

/// Deletes a customer to whom nothing belongs any more.
pub async fn delete_customer(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<usize> {
    diesel::delete(customers::table)
        .filter(customers::tenant_id.eq(tx.tenant()))
        .filter(customers::id.eq(id))
        .execute(tx)
        .await
}
