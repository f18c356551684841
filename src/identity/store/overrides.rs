//! The rows of what holds for one member beside their role.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::access::{Effect, Override, Permission};
use crate::clock::Entropy;
use crate::db::schema::staff_permission_overrides as overrides;
use crate::db::{TenantConn, TenantTx, insert_rows};
use crate::identity::model::StaffOverride;

const ALLOW: &str = "ALLOW";
const DENY: &str = "DENY";

fn as_db(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => ALLOW,
        Effect::Deny => DENY,
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = overrides, check_for_backend(diesel::pg::Pg))]
struct Row {
    staff_id: Uuid,
    permission: String,
    object_id: Option<Uuid>,
    effect: String,
    set_by: String,
    created_at: DateTime<Utc>,
}

impl Row {
    /// None: of a permission that this version does not know, and so has nothing for.
    fn read(self) -> Option<(Uuid, StaffOverride)> {
        let permission = Permission::parse(&self.permission)?;
        // What is not plainly allowed is denied.
        let effect = if self.effect == ALLOW { Effect::Allow } else { Effect::Deny };
        let says = Override { permission, object: self.object_id, effect };
        Some((self.staff_id, StaffOverride { says, set_by: self.set_by, created_at: self.created_at }))
    }
}

/// What holds for these members, in the order in which it was set.
pub async fn of(conn: &mut TenantConn<'_>, staff_ids: &[Uuid]) -> QueryResult<Vec<(Uuid, StaffOverride)>> {
    let rows: Vec<Row> = overrides::table
        .filter(overrides::tenant_id.eq(conn.tenant()))
        .filter(overrides::staff_id.eq_any(staff_ids))
        .order(overrides::id)
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().filter_map(Row::read).collect())
}

pub async fn insert(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    staff_id: Uuid,
    new: &[StaffOverride],
) -> QueryResult<usize> {
    insert_rows!(tx.tenant(), overrides, new, |one| {
        id: entropy.uuid_v7(one.created_at),
        staff_id: staff_id,
        permission: one.says.permission.to_string(),
        object_id: one.says.object,
        effect: as_db(one.says.effect),
        set_by: one.set_by.as_str(),
        created_at: one.created_at,
    })
    .execute(tx)
    .await
}

/// Removes what is said of this permission and this thing.
pub async fn remove(tx: &mut TenantTx<'_>, staff_id: Uuid, says: &Override) -> QueryResult<usize> {
    diesel::delete(overrides::table)
        .filter(overrides::tenant_id.eq(tx.tenant()))
        .filter(overrides::staff_id.eq(staff_id))
        .filter(overrides::permission.eq(says.permission.to_string()))
        .filter(overrides::object_id.is_not_distinct_from(says.object))
        .execute(tx)
        .await
}

/// Removes all that holds for a member.
pub async fn remove_of(tx: &mut TenantTx<'_>, staff_id: Uuid) -> QueryResult<usize> {
    diesel::delete(overrides::table)
        .filter(overrides::tenant_id.eq(tx.tenant()))
        .filter(overrides::staff_id.eq(staff_id))
        .execute(tx)
        .await
}
