//! The rows of those whom an outside provider vouches for: which user they are, and the member that they are here.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::{staff_identities as identities, staff_members as members};
use crate::db::{TenantConn, TenantTx};
use crate::identity::model::StaffStatus;
use crate::identity::outside::{Known, Membership, Standing};

/// How the member stands with this id, who is a provider's.
pub async fn standing(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Standing> {
    let tenant = conn.tenant();
    let row: Option<(Option<DateTime<Utc>>, Option<String>)> = identities::table
        .left_join(members::table.on(members::tenant_id.eq(tenant).and(members::id.eq(identities::staff_id))))
        .filter(identities::tenant_id.eq(tenant))
        .filter(identities::staff_id.eq(id))
        .select((identities::ended_at, members::status.nullable()))
        .first(conn)
        .await
        .optional()?;
    Ok(match row {
        None => Standing::Unknown,
        Some((None, Some(status))) if status == StaffStatus::Active.as_db() => Standing::Active,
        Some(_) => Standing::KeptOut,
    })
}

/// What is known of a membership; nobody changes it before this transaction ends.
pub async fn known(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<Known>> {
    let row: Option<(String, DateTime<Utc>, Option<DateTime<Utc>>)> = identities::table
        .filter(identities::tenant_id.eq(tx.tenant()))
        .filter(identities::staff_id.eq(id))
        .select((identities::membership_id, identities::changed_at, identities::ended_at))
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(|(membership_id, changed_at, ended_at)| Known {
        membership_id,
        changed_at,
        has_ended: ended_at.is_some(),
    }))
}

/// Keeps what is known of a membership from now on.
pub async fn keep(
    tx: &mut TenantTx<'_>,
    issuer: &str,
    id: Uuid,
    membership: &Membership,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let ended_at = membership.has_ended.then_some(now);
    diesel::insert_into(identities::table)
        .values((
            identities::tenant_id.eq(tx.tenant()),
            identities::staff_id.eq(id),
            identities::issuer.eq(issuer),
            identities::subject.eq(&membership.subject),
            identities::membership_id.eq(&membership.id),
            identities::changed_at.eq(membership.changed_at),
            identities::ended_at.eq(ended_at),
        ))
        .on_conflict((identities::tenant_id, identities::staff_id))
        .do_update()
        .set((
            identities::membership_id.eq(&membership.id),
            identities::changed_at.eq(membership.changed_at),
            identities::ended_at.eq(ended_at),
        ))
        .execute(tx)
        .await
}

/// Ends a membership because the shop says so: what the provider says of it later changes nothing.
pub async fn end(tx: &mut TenantTx<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(identities::table)
        .filter(identities::tenant_id.eq(tx.tenant()))
        .filter(identities::staff_id.eq(id))
        .filter(identities::ended_at.is_null())
        .set(identities::ended_at.eq(now))
        .execute(tx)
        .await
}

/// Takes a provider's member in, or has name, address and role of one who is there be what the provider says. Whoever is
/// suspended stays so.
pub async fn put_member(
    tx: &mut TenantTx<'_>,
    issuer: &str,
    id: Uuid,
    membership: &Membership,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let Membership { email, name, role, .. } = membership;
    diesel::insert_into(members::table)
        .values((
            members::tenant_id.eq(tx.tenant()),
            members::id.eq(id),
            members::email.eq(email),
            members::name.eq(name),
            members::role.eq(role),
            members::status.eq(StaffStatus::Active.as_db()),
            members::provider.eq(issuer),
            members::created_at.eq(now),
            members::updated_at.eq(now),
        ))
        .on_conflict((members::tenant_id, members::id))
        .do_update()
        .set((members::email.eq(email), members::name.eq(name), members::role.eq(role), members::updated_at.eq(now)))
        .execute(tx)
        .await
}
