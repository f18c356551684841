//! The roles' rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Kept, MAX_ROLES, Times};
use crate::access::{Permissions, SystemRole};
use crate::db::schema::roles;
use crate::db::{TenantConn, TenantTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = roles, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    handle: String,
    name: String,
    inherits: Option<String>,
    permissions: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Kept {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            handle: row.handle,
            name: row.name,
            inherits: row.inherits,
            permissions: Permissions::known(&row.permissions),
            times: Some(Times { created_at: row.created_at, updated_at: row.updated_at }),
        }
    }
}

/// All that the shop keeps, in the order of their making.
pub async fn all(conn: &mut TenantConn<'_>) -> QueryResult<Vec<Kept>> {
    let rows: Vec<Row> = roles::table
        .filter(roles::tenant_id.eq(conn.tenant()))
        .order(roles::id)
        .limit((MAX_ROLES + SystemRole::ALL.len()) as i64)
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Kept::from).collect())
}

/// Keeps the role, new or changed.
pub async fn keep(tx: &mut TenantTx<'_>, role: &Kept, now: DateTime<Utc>) -> QueryResult<usize> {
    let changing = (
        roles::name.eq(&role.name),
        roles::inherits.eq(&role.inherits),
        roles::permissions.eq(role.permissions.names()),
        roles::updated_at.eq(now),
    );
    diesel::insert_into(roles::table)
        .values((
            roles::tenant_id.eq(tx.tenant()),
            roles::id.eq(role.id),
            roles::handle.eq(&role.handle),
            roles::created_at.eq(now),
            changing.clone(),
        ))
        .on_conflict((roles::tenant_id, roles::id))
        .do_update()
        .set(changing)
        .execute(tx)
        .await
}

/// Keeps the role no longer.
pub async fn remove(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<usize> {
    diesel::delete(roles::table.filter(roles::tenant_id.eq(tx.tenant())).filter(roles::id.eq(id))).execute(tx).await
}
