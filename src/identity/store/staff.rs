//! The members' rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::staff_members as members;
use crate::db::{TenantConn, TenantTx, keyset};
use crate::identity::model::{NewStaff, StaffMember, StaffStatus};
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = members, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    status: String,
    provider: Option<String>,
    email_verified_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> QueryResult<StaffMember> {
        let Self { id, email, name, role, status, provider, email_verified_at, created_at } = self;
        let status = StaffStatus::from_db(&status)
            .ok_or_else(|| diesel::result::Error::DeserializationError(format!("status {status}").into()))?;
        Ok(StaffMember { id, email, name, role, status, provider, email_verified_at, created_at })
    }
}

/// A member with the password's hash.
pub struct WithPassword {
    pub member: StaffMember,
    pub password_hash: Option<String>,
}

pub async fn by_ids(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<StaffMember>> {
    let rows: Vec<Row> = members::table
        .filter(members::tenant_id.eq(conn.tenant()))
        .filter(members::id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The member who signs in here with this address, as [`crate::identity::model::normal_email`] has it.
pub async fn by_email(conn: &mut TenantConn<'_>, email: &str) -> QueryResult<Option<WithPassword>> {
    let row: Option<(Row, Option<String>)> = members::table
        .filter(members::tenant_id.eq(conn.tenant()))
        .filter(members::email.eq(email))
        .filter(members::provider.is_null())
        .select((Row::as_select(), members::password_hash))
        .first(conn)
        .await
        .optional()?;
    row.map(|(row, password_hash)| Ok(WithPassword { member: row.read()?, password_hash })).transpose()
}

pub async fn with_password(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<WithPassword>> {
    let row: Option<(Row, Option<String>)> = members::table
        .filter(members::tenant_id.eq(conn.tenant()))
        .filter(members::id.eq(id))
        .select((Row::as_select(), members::password_hash))
        .first(conn)
        .await
        .optional()?;
    row.map(|(row, password_hash)| Ok(WithPassword { member: row.read()?, password_hash })).transpose()
}

/// The same, and nobody changes the member before this transaction ends.
pub async fn locked(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<WithPassword>> {
    let row: Option<(Row, Option<String>)> = members::table
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(members::id.eq(id))
        .select((Row::as_select(), members::password_hash))
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?;
    row.map(|(row, password_hash)| Ok(WithPassword { member: row.read()?, password_hash })).transpose()
}

/// Whether any member has the role.
pub async fn has_role(conn: &mut TenantConn<'_>, role: &str) -> QueryResult<bool> {
    let anybody = members::table
        .filter(members::tenant_id.eq(conn.tenant()))
        .filter(members::role.eq(role))
        .select(members::id)
        .first::<Uuid>(conn)
        .await
        .optional()?;
    Ok(anybody.is_some())
}

pub async fn insert(tx: &mut TenantTx<'_>, id: Uuid, new: &NewStaff, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(members::table)
        .values((
            members::tenant_id.eq(tx.tenant()),
            members::id.eq(id),
            members::email.eq(&new.email),
            members::name.eq(&new.name),
            members::role.eq(&new.role),
            members::status.eq(StaffStatus::Invited.as_db()),
            members::created_at.eq(now),
            members::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

/// Gives a member a password, with which who was invited becomes active.
pub async fn set_password(tx: &mut TenantTx<'_>, id: Uuid, hash: &str, now: DateTime<Utc>) -> QueryResult<usize> {
    set_hash(tx, id, hash, now).await?;
    diesel::update(members::table)
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(members::id.eq(id))
        .filter(members::status.eq(StaffStatus::Invited.as_db()))
        .set(members::status.eq(StaffStatus::Active.as_db()))
        .execute(tx)
        .await
}

/// Keeps the password in another form.
pub async fn set_hash(tx: &mut TenantTx<'_>, id: Uuid, hash: &str, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(members::table)
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(members::id.eq(id))
        .set((members::password_hash.eq(hash), members::updated_at.eq(now)))
        .execute(tx)
        .await
}

/// Notes that the member reads mail at this address, if it is still the member's; the first time counts.
pub async fn set_verified(tx: &mut TenantTx<'_>, id: Uuid, email: &str, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(members::table)
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(members::id.eq(id))
        .filter(members::email.eq(email))
        .filter(members::email_verified_at.is_null())
        .set((members::email_verified_at.eq(now), members::updated_at.eq(now)))
        .execute(tx)
        .await
}

/// A page of the members, in the order of their ids, which is that of their taking in.
pub async fn page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<StaffMember>> {
    let query = members::table.filter(members::tenant_id.eq(conn.tenant())).into_boxed();
    let query = keyset::by!(query, page, members::id);
    let rows: Vec<Row> = query.limit(page.limit).select(Row::as_select()).load(conn).await?;
    rows.into_iter().map(Row::read).collect()
}

/// The first few members who have the role and are active.
pub async fn active_with_role(conn: &mut TenantConn<'_>, role: &str, few: i64) -> QueryResult<Vec<StaffMember>> {
    let rows: Vec<Row> = members::table
        .filter(members::tenant_id.eq(conn.tenant()))
        .filter(members::role.eq(role))
        .filter(members::status.eq(StaffStatus::Active.as_db()))
        .order(members::id)
        .limit(few)
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// How many members there are.
pub async fn count(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    members::table.filter(members::tenant_id.eq(conn.tenant())).count().get_result(conn).await
}

/// Whether anybody but this one has the role and can sign in here: who signs in elsewhere is let go there, and nobody
/// asks us.
pub async fn has_other_active(conn: &mut TenantConn<'_>, role: &str, id: Uuid) -> QueryResult<bool> {
    let other = members::table
        .filter(members::tenant_id.eq(conn.tenant()))
        .filter(members::role.eq(role))
        .filter(members::status.eq(StaffStatus::Active.as_db()))
        .filter(members::id.ne(id))
        .filter(members::provider.is_null())
        .select(members::id)
        .first::<Uuid>(conn)
        .await
        .optional()?;
    Ok(other.is_some())
}

/// Keeps name, role and status.
pub async fn update(tx: &mut TenantTx<'_>, member: &StaffMember, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(members::table)
        .filter(members::tenant_id.eq(tx.tenant()))
        .filter(members::id.eq(member.id))
        .set((
            members::name.eq(&member.name),
            members::role.eq(&member.role),
            members::status.eq(member.status.as_db()),
            members::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

/// Removes a member who has neither sessions nor tokens any more.
pub async fn remove(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<usize> {
    diesel::delete(members::table.filter(members::tenant_id.eq(tx.tenant())).filter(members::id.eq(id)))
        .execute(tx)
        .await
}
