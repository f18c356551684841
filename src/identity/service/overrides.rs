//! What holds for one member beside their role: exceptions that allow or deny a permission, in general or for one thing.
//!
//! Nobody lets others do, or keeps them from, what they may not do themselves, nor changes what holds for themselves.
//! There are none for owners, who may everything.

use std::collections::HashSet;

use uuid::Uuid;

use super::manage::changeable;
use super::refused;
use super::session::told;
use crate::access::{Effect, Grants, Override, Permission, SystemRole};
use crate::app::App;
use crate::catalog::service::collections_among;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::ServiceResult;
use crate::identity::model::{MAX_OVERRIDES, StaffMember, StaffOverride};
use crate::identity::rule::{Refusal, StaffRule};
use crate::identity::store::{overrides as store, session};
use crate::ids::Gid;
use crate::inventory::service::locations_among;
use crate::tenant::model::Access;

/// An exception as somebody asks for it.
#[derive(Clone, Debug)]
pub struct NewOverride {
    /// The permission's name.
    pub permission: String,
    pub effect: Effect,
    /// The global id of the one thing that it is about; none: all.
    pub object: Option<String>,
}

/// What holds for a member, for decisions.
pub async fn overrides_in_force(conn: &mut TenantConn<'_>, staff_id: Uuid, role: &str) -> QueryResult<Vec<Override>> {
    // What nobody may set is not believed of a row either.
    if role == SystemRole::Owner.handle() {
        return Ok(Vec::new());
    }
    Ok(store::of(conn, &[staff_id]).await?.into_iter().map(|(_, one)| one.says).collect())
}

/// Makes these the exceptions that hold for a member, and no others; within a second, in sessions that are open too.
pub async fn overrides_set(
    app: &App,
    db: &TenantDb,
    (access, grants): (Access, &Grants),
    id: Uuid,
    wanted: &[NewOverride],
) -> ServiceResult<StaffMember, StaffRule> {
    let wanted = read(wanted)?;
    if matches!(access, Access::Staff { staff_id, .. } if staff_id == id) {
        return Err(refused(Refusal::OwnOverrides, &["id"]));
    }
    let now = app.clock.now();
    let change = async |tx: &mut TenantTx<'_>| {
        let (member, _) = changeable(tx, grants, id).await?;
        if member.role == SystemRole::Owner.handle() {
            return Err(refused(Refusal::OwnerOverrides, &["id"]));
        }
        let kept: Vec<Override> = store::of(tx.conn(), &[id]).await?.into_iter().map(|(_, one)| one.says).collect();
        let gone: Vec<Override> = kept.iter().filter(|one| !wanted.contains(one)).copied().collect();
        let new: Vec<(usize, Override)> =
            wanted.iter().copied().enumerate().filter(|(_, one)| !kept.contains(one)).collect();
        if let Some(one) = gone.iter().find(|one| !grants.may_give(one.permission, one.object)) {
            return Err(refused(not_granted(one), &["overrides"]));
        }
        if let Some((at, one)) = new.iter().find(|(_, one)| !grants.may_give(one.permission, one.object)) {
            return Err(refused(not_granted(one), &["overrides", &at.to_string(), "permission"]));
        }
        check_objects(tx.conn(), &new).await?;
        for one in &gone {
            store::remove(tx, id, one).await?;
        }
        let kept =
            |(_, says): &(usize, Override)| StaffOverride { says: *says, set_by: access.actor(), created_at: now };
        store::insert(tx, &app.entropy, id, &new.iter().map(kept).collect::<Vec<_>>()).await?;
        Ok((member, session::open_ids(tx.conn(), id, now).await?))
    };
    told(app, db, id, change).await
}

/// Whether the caller may do all that the member is let do beside the role: who may less does not touch them.
pub(super) async fn check_overrides(
    conn: &mut TenantConn<'_>,
    grants: &Grants,
    id: Uuid,
) -> ServiceResult<(), StaffRule> {
    let kept = store::of(conn, &[id]).await?;
    let is_more = |one: &Override| one.effect == Effect::Allow && !grants.decide(one.permission, one.object).is_allowed;
    match kept.iter().map(|(_, one)| one.says).find(is_more) {
        Some(one) => Err(refused(not_granted(&one), &["id"])),
        None => Ok(()),
    }
}

fn not_granted(one: &Override) -> Refusal {
    Refusal::NotGranted { missing: one.permission.to_string() }
}

/// What is asked for, as far as it can be told without the shop's rows.
fn read(wanted: &[NewOverride]) -> ServiceResult<Vec<Override>, StaffRule> {
    if wanted.len() > MAX_OVERRIDES {
        return Err(refused(Refusal::TooManyOverrides, &["overrides"]));
    }
    let (mut read, mut said) = (Vec::with_capacity(wanted.len()), HashSet::new());
    for (at, one) in wanted.iter().enumerate() {
        let at = at.to_string();
        let place = |field| ["overrides", at.as_str(), field];
        let permission = Permission::parse(&one.permission)
            .ok_or_else(|| refused(Refusal::UnknownPermission(one.permission.clone()), &place("permission")))?;
        let object = match (&one.object, permission.object()) {
            (None, _) => None,
            (Some(_), None) => return Err(refused(Refusal::NotOfOne(permission.to_string()), &place("objectId"))),
            (Some(id), Some(kind)) => {
                Some(Gid::of(id, kind).ok_or_else(|| refused(Refusal::NoObject(kind), &place("objectId")))?)
            }
        };
        if !said.insert((permission, object)) {
            return Err(refused(Refusal::SaidTwice, &place("permission")));
        }
        read.push(Override { permission, object, effect: one.effect });
    }
    Ok(read)
}

/// Refuses exceptions for things that are not there.
async fn check_objects(conn: &mut TenantConn<'_>, new: &[(usize, Override)]) -> ServiceResult<(), StaffRule> {
    let of_kind = |kind: &str| -> Vec<Uuid> {
        let these = new.iter().filter(|(_, one)| one.permission.object() == Some(kind));
        these.filter_map(|(_, one)| one.object).collect()
    };
    let (collections, locations) = (of_kind("Collection"), of_kind("Location"));
    let mut known = HashSet::new();
    if !collections.is_empty() {
        known.extend(collections_among(conn, &collections).await?);
    }
    if !locations.is_empty() {
        known.extend(locations_among(conn, &locations).await?);
    }
    let unknown = new.iter().find(|(_, one)| one.object.is_some_and(|object| !known.contains(&object)));
    match unknown {
        Some((at, one)) => {
            let kind = one.permission.object().unwrap_or_default();
            Err(refused(Refusal::NoObject(kind), &["overrides", &at.to_string(), "objectId"]))
        }
        None => Ok(()),
    }
}
