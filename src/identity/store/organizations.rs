//! What outside providers have told: platform tables, since it may be of tenants that there are not yet.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::PlatformConn;
use crate::db::platform_tables::{
    identity_events as events, identity_memberships as memberships, identity_organizations as organizations,
};
use crate::identity::outside::{Known, Membership, Organization};
use crate::ids::TenantId;

/// What is known of an organization.
#[derive(Clone, Debug)]
pub struct Kept {
    /// None: it was deleted before it was made.
    pub tenant: Option<TenantId>,
    pub name: String,
    pub changed_at: DateTime<Utc>,
    pub is_deleted: bool,
}

/// The tenant that an organization is, unless it has been deleted.
pub async fn tenant_of(conn: &mut PlatformConn<'_>, issuer: &str, id: &str) -> QueryResult<Option<TenantId>> {
    let tenant: Option<Option<Uuid>> = organizations::table
        .find((issuer, id))
        .filter(organizations::deleted_at.is_null())
        .select(organizations::tenant_id)
        .first(conn)
        .await
        .optional()?;
    Ok(tenant.flatten().map(TenantId))
}

pub async fn find(conn: &mut PlatformConn<'_>, issuer: &str, id: &str) -> QueryResult<Option<Kept>> {
    type Row = (Option<Uuid>, String, DateTime<Utc>, Option<DateTime<Utc>>);
    let row: Option<Row> = organizations::table
        .find((issuer, id))
        .select((organizations::tenant_id, organizations::name, organizations::changed_at, organizations::deleted_at))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(tenant, name, changed_at, deleted_at)| Kept {
        tenant: tenant.map(TenantId),
        name,
        changed_at,
        is_deleted: deleted_at.is_some(),
    }))
}

/// Notes that an organization is this tenant.
pub async fn insert(
    conn: &mut PlatformConn<'_>,
    issuer: &str,
    organization: &Organization,
    tenant: TenantId,
) -> QueryResult<usize> {
    diesel::insert_into(organizations::table)
        .values((
            organizations::issuer.eq(issuer),
            organizations::organization_id.eq(&organization.id),
            organizations::tenant_id.eq(tenant.0),
            organizations::name.eq(&organization.name),
            organizations::changed_at.eq(organization.changed_at),
        ))
        .execute(conn)
        .await
}

/// Notes what the provider has said of an organization that is there.
pub async fn update(conn: &mut PlatformConn<'_>, issuer: &str, organization: &Organization) -> QueryResult<usize> {
    diesel::update(organizations::table.find((issuer, &organization.id)))
        .set((organizations::name.eq(&organization.name), organizations::changed_at.eq(organization.changed_at)))
        .execute(conn)
        .await
}

/// Notes that an organization is deleted, known or not; the first time counts.
pub async fn delete(
    conn: &mut PlatformConn<'_>,
    issuer: &str,
    organization: &Organization,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let none: Option<Uuid> = None;
    diesel::insert_into(organizations::table)
        .values((
            organizations::issuer.eq(issuer),
            organizations::organization_id.eq(&organization.id),
            organizations::tenant_id.eq(none),
            organizations::name.eq(&organization.name),
            organizations::changed_at.eq(organization.changed_at),
            organizations::deleted_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    diesel::update(organizations::table.find((issuer, &organization.id)))
        .filter(organizations::deleted_at.is_null())
        .set((organizations::deleted_at.eq(now), organizations::changed_at.eq(organization.changed_at)))
        .execute(conn)
        .await
}

/// What is known of a membership of an organization that is not there yet.
pub async fn waiting(
    conn: &mut PlatformConn<'_>,
    issuer: &str,
    organization: &str,
    subject: &str,
) -> QueryResult<Option<Known>> {
    let row: Option<(String, DateTime<Utc>, bool)> = memberships::table
        .find((issuer, organization, subject))
        .select((memberships::membership_id, memberships::changed_at, memberships::has_ended))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(membership_id, changed_at, has_ended)| Known { membership_id, changed_at, has_ended }))
}

/// Has a membership wait for its organization.
pub async fn wait(
    conn: &mut PlatformConn<'_>,
    issuer: &str,
    membership: &Membership,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let Membership { organization, subject, id, email, name, role, changed_at, has_ended } = membership;
    let said = (
        memberships::membership_id.eq(id),
        memberships::email.eq(email),
        memberships::name.eq(name),
        memberships::role.eq(role),
        memberships::changed_at.eq(changed_at),
        memberships::has_ended.eq(has_ended),
        memberships::received_at.eq(now),
    );
    diesel::insert_into(memberships::table)
        .values((
            memberships::issuer.eq(issuer),
            memberships::organization_id.eq(organization),
            memberships::subject.eq(subject),
            said,
        ))
        .on_conflict((memberships::issuer, memberships::organization_id, memberships::subject))
        .do_update()
        .set(said)
        .execute(conn)
        .await
}

/// Some of the memberships that wait for an organization.
pub async fn all_waiting(
    conn: &mut PlatformConn<'_>,
    issuer: &str,
    organization: &str,
    limit: i64,
) -> QueryResult<Vec<Membership>> {
    type Row = (String, String, String, String, String, DateTime<Utc>, bool);
    let rows: Vec<Row> = memberships::table
        .filter(memberships::issuer.eq(issuer))
        .filter(memberships::organization_id.eq(organization))
        .order(memberships::subject)
        .limit(limit)
        .select((
            memberships::subject,
            memberships::membership_id,
            memberships::email,
            memberships::name,
            memberships::role,
            memberships::changed_at,
            memberships::has_ended,
        ))
        .load(conn)
        .await?;
    let membership = |(subject, id, email, name, role, changed_at, has_ended): Row| Membership {
        organization: organization.to_owned(),
        subject,
        id,
        email,
        name,
        role,
        changed_at,
        has_ended,
    };
    Ok(rows.into_iter().map(membership).collect())
}

/// Has these wait no more.
pub async fn stop_waiting(
    conn: &mut PlatformConn<'_>,
    issuer: &str,
    organization: &str,
    subjects: &[&str],
) -> QueryResult<usize> {
    diesel::delete(memberships::table)
        .filter(memberships::issuer.eq(issuer))
        .filter(memberships::organization_id.eq(organization))
        .filter(memberships::subject.eq_any(subjects))
        .execute(conn)
        .await
}

/// Whether an event has been dealt with.
pub async fn is_done(conn: &mut PlatformConn<'_>, issuer: &str, event: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(events::table.find((issuer, event)))).get_result(conn).await
}

/// Notes that an event has been dealt with, and forgets what was received before that time, a little of it.
pub async fn done(
    conn: &mut PlatformConn<'_>,
    issuer: &str,
    event: &str,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(events::table)
        .values((events::issuer.eq(issuer), events::event_id.eq(event), events::received_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let old: Vec<(String, String)> = events::table
        .filter(events::received_at.lt(before))
        .order(events::received_at)
        .limit(10)
        .select((events::issuer, events::event_id))
        .load(conn)
        .await?;
    for (issuer, event) in old {
        diesel::delete(events::table.find((issuer, event))).execute(conn).await?;
    }
    let old: Vec<(String, String, String)> = memberships::table
        .filter(memberships::received_at.lt(before))
        .order(memberships::received_at)
        .limit(10)
        .select((memberships::issuer, memberships::organization_id, memberships::subject))
        .load(conn)
        .await?;
    for (issuer, organization, subject) in old {
        diesel::delete(memberships::table.find((issuer, organization, subject))).execute(conn).await?;
    }
    Ok(1)
}
