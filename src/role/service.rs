//! What is done with roles.

use uuid::Uuid;

use super::model::{Kept, MAX_NAME, MAX_ROLES, Roles, is_handle};
use super::rule::RoleRule as Rule;
use super::store;
use crate::access::{Grants, Permissions, SystemRole};
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{ServiceError, ServiceResult};
use crate::identity::service::somebody_has_role;
use crate::plan::model::Resource;
use crate::plan::service::hold_in_tx;
use crate::shop::service::shop_lock_in_tx;
use crate::tenant::resolve::Changed;

/// A role to make.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// By which staff members name it: as [`is_handle`] has it.
    pub handle: String,
    pub name: String,
    /// The handle of the role whose permissions it has as well.
    pub inherits: Option<String>,
    /// What it may beyond that.
    pub permissions: Permissions,
}

/// What is to change of a role; none: it stays.
#[derive(Clone, Debug, Default)]
pub struct RoleChange {
    pub name: Option<String>,
    /// Some of none: it inherits nothing from now on.
    pub inherits: Option<Option<String>>,
    pub permissions: Option<Permissions>,
}

/// All roles of the shop.
pub async fn roles(conn: &mut TenantConn<'_>) -> QueryResult<Roles> {
    Ok(Roles::new(store::all(conn).await?))
}

/// How many roles the shop has made itself.
pub async fn own_count(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    Ok(roles(conn).await?.own() as i64)
}

/// Makes a role that may no more than who makes it.
pub async fn role_create(app: &App, db: &TenantDb, grants: &Grants, new: NewRole) -> ServiceResult<Uuid, Rule> {
    if !is_handle(&new.handle) {
        return refused(Rule::BadHandle);
    }
    let id = app.entropy.uuid_v7(app.clock.now());
    let role = Kept {
        id,
        handle: new.handle,
        name: new.name,
        inherits: new.inherits,
        permissions: new.permissions,
        times: None,
    };
    let now = app.clock.now();
    let make = async |tx: &mut TenantTx<'_>| {
        // What is counted is locked before the shop is, here as everywhere.
        let mut room = hold_in_tx(tx, Resource::CustomRoles, now)?;
        shop_lock_in_tx(tx).await?;
        let roles = Roles::new(store::all(tx.conn()).await?);
        if roles.by_handle(&role.handle).is_some() {
            return refused(Rule::HandleTaken(role.handle.clone()));
        }
        if roles.own() >= MAX_ROLES {
            return refused(Rule::TooMany);
        }
        check(&roles.with(role.clone()), &role, grants)?;
        room.check::<Rule>(tx.conn()).await?;
        store::keep(tx, &role, now).await?;
        Ok(id)
    };
    app.resolver.change(Changed::Tenant(db.tenant()), async || db.write(make).await).await
}

/// Changes a role, one of the system's too; in force for everybody who has it within a second.
pub async fn role_update(
    app: &App,
    db: &TenantDb,
    grants: &Grants,
    id: Uuid,
    wanted: RoleChange,
) -> ServiceResult<Uuid, Rule> {
    let set = async |tx: &mut TenantTx<'_>, roles: Roles| {
        let old = changeable(&roles, id)?;
        // Who may less than the role may not take from it either.
        check_grants(&roles, old, grants, &["id"])?;
        let role = Kept {
            name: wanted.name.clone().unwrap_or_else(|| old.name.clone()),
            inherits: wanted.inherits.clone().unwrap_or_else(|| old.inherits.clone()),
            permissions: wanted.permissions.unwrap_or(old.permissions),
            ..old.clone()
        };
        let changed = roles.with(role.clone());
        check(&changed, &role, grants)?;
        // Whoever inherits from it may what it may.
        if !changed.breaks_none_of(&roles) {
            return refused(Rule::BadLine);
        }
        store::keep(tx, &role, app.clock.now()).await?;
        Ok(id)
    };
    change(app, db, set).await
}

/// Removes a role that nobody needs; one of the system's is as it was before the shop changed it.
pub async fn role_delete(app: &App, db: &TenantDb, grants: &Grants, id: Uuid) -> ServiceResult<Uuid, Rule> {
    let remove = async |tx: &mut TenantTx<'_>, roles: Roles| {
        let role = changeable(&roles, id)?;
        check_grants(&roles, role, grants, &["id"])?;
        match role.system() {
            // What it was may be more than it is.
            Some(_) if role.times.is_none() => return refused(Rule::Unchanged),
            Some(system) => {
                let restored = roles.with(Kept { id, ..Kept::of_system(system) });
                if !restored.breaks_none_of(&roles) {
                    return refused(Rule::BadLine);
                }
                check_grants(&restored, role, grants, &["id"])?;
            }
            None => {
                let heirs: Vec<&str> = roles.heirs(&role.handle).map(|heir| heir.handle.as_str()).collect();
                if !heirs.is_empty() {
                    return refused(Rule::Inherited { heirs: heirs.join(", ") });
                }
                if somebody_has_role(tx.conn(), &role.handle).await? {
                    return refused(Rule::InUse);
                }
            }
        }
        store::remove(tx, id).await?;
        Ok(id)
    };
    change(app, db, remove).await
}

/// Runs `work` on the shop's roles while nobody else changes them, and makes known what it has done: every process
/// asks anew what staff members may.
async fn change<T>(
    app: &App,
    db: &TenantDb,
    work: impl AsyncFnOnce(&mut TenantTx<'_>, Roles) -> ServiceResult<T, Rule>,
) -> ServiceResult<T, Rule> {
    let write = async |tx: &mut TenantTx<'_>| {
        shop_lock_in_tx(tx).await?;
        let roles = Roles::new(store::all(tx.conn()).await?);
        work(tx, roles).await
    };
    app.resolver.change(Changed::Tenant(db.tenant()), async || db.write(write).await).await
}

fn changeable(roles: &Roles, id: Uuid) -> ServiceResult<&Kept, Rule> {
    match roles.by_id(id) {
        None => refused(Rule::NotFound),
        Some(role) if role.system() == Some(SystemRole::Owner) => refused(Rule::Owner),
        Some(role) => Ok(role),
    }
}

/// What a role must be, among the roles as they would be.
fn check(roles: &Roles, role: &Kept, grants: &Grants) -> ServiceResult<(), Rule> {
    if !crate::text::is_name(&role.name, MAX_NAME) {
        return refused(Rule::BadName);
    }
    if let Some(parent) = &role.inherits
        && roles.by_handle(parent).is_none()
    {
        return refused(Rule::UnknownParent(parent.clone()));
    }
    if roles.line(&role.handle).is_none() {
        return refused(Rule::BadLine);
    }
    // What it would have of its own, or else of the one from which it inherits.
    let is_own = grants.lack(role.permissions).is_some() || role.inherits.is_none();
    check_grants(roles, role, grants, if is_own { &["input", "accessScopes"] } else { &["input", "inherits"] })
}

/// Nobody gives away what they do not have, nor takes it from those who do.
fn check_grants(roles: &Roles, role: &Kept, grants: &Grants, at: &'static [&'static str]) -> ServiceResult<(), Rule> {
    match grants.lack(roles.to_give(&role.handle)) {
        Some(missing) => refused(Rule::NotGranted { missing, at }),
        None => Ok(()),
    }
}

fn refused<T>(rule: Rule) -> ServiceResult<T, Rule> {
    Err(ServiceError::Rule(rule))
}
