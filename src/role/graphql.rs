//! `roles` and what changes them.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::model::{Kept, Roles};
use super::rule::{RoleRule as Rule, RoleUserErrorCode};
use super::service::{self, NewRole, RoleChange};
use crate::access::Permissions;
use crate::access::graphql::AccessScope;
use crate::access::permission::READ_STAFF;
use crate::connection;
use crate::error::{ServiceError, ServiceResult};
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::user_error::split;
use crate::ids::Gid;
use crate::user_error;

user_error!(RoleUserError, RoleUserErrorCode);

impl From<Rule> for RoleUserError {
    fn from(rule: Rule) -> Self {
        Self { field: rule.field(), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// A named set of permissions that members of the staff have.
#[derive(Clone, Debug, Description)]
pub struct Role {
    role: Kept,
    /// Those of the shop, among which it inherits.
    all: Arc<Roles>,
}

#[Object(use_type_description)]
impl Role {
    /// The role's global id. The system's roles have the same one in every shop.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Role", self.role.id)
    }

    /// By which members of the staff name it.
    async fn handle(&self) -> &str {
        &self.role.handle
    }

    /// Its name, for people.
    async fn name(&self) -> &str {
        &self.role.name
    }

    /// Whether every shop has it: viewer, editor, admin, owner.
    async fn is_system(&self) -> bool {
        self.role.system().is_some()
    }

    /// The role whose permissions it has as well.
    async fn inherits(&self) -> Option<Role> {
        let inherited = self.all.by_handle(self.role.inherits.as_deref()?)?;
        Some(Role { role: inherited.clone(), all: self.all.clone() })
    }

    /// What it may beyond what it inherits.
    async fn own_access_scopes(&self) -> Vec<AccessScope> {
        self.role.permissions.iter().map(AccessScope).collect()
    }

    /// All that it may.
    async fn access_scopes(&self) -> Vec<AccessScope> {
        self.all.in_force(&self.role.handle).permissions().iter().map(AccessScope).collect()
    }

    /// When the shop made it; null for one of the system's that it has as it is.
    async fn created_at(&self) -> Option<DateTime> {
        self.role.times.map(|times| DateTime(times.created_at))
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Option<DateTime> {
        self.role.times.map(|times| DateTime(times.updated_at))
    }
}

connection!(RoleConnection, RoleEdge, Role);

async fn all(scope: &Scope) -> Result<Arc<Roles>> {
    Ok(Arc::new(scope.read(async |conn| service::roles(conn).await).await?))
}

/// The shop's role with this id, for who may see the staff.
pub async fn role_by_id(scope: &Scope, id: Uuid) -> Result<Option<Role>> {
    if !scope.may(READ_STAFF) {
        return Ok(None);
    }
    let all = all(scope).await?;
    Ok(all.by_id(id).cloned().map(|role| Role { role, all }))
}

#[derive(Default)]
pub struct RoleQuery;

#[guarded]
#[Object]
impl RoleQuery {
    /// A role by its id; null when there is none.
    #[requires(read_staff)]
    async fn role(&self, ctx: &Context<'_>, #[graphql(desc = "The role's global id.")] id: ID) -> Result<Option<Role>> {
        match Gid::of(&id, "Role") {
            Some(id) => role_by_id(ctx.scope(), id).await,
            None => Ok(None),
        }
    }

    /// The roles that members of the staff can have: the system's four, then the shop's own.
    #[requires(read_staff)]
    async fn roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<RoleConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let all = all(ctx.scope()).await?;
        let roles = all.iter().map(|role| Role { role: role.clone(), all: all.clone() }).collect();
        Ok(RoleConnection(Page::from_list(&page, roles, |role: &Role| Cursor::by_id(role.role.id))))
    }
}

/// A role to make.
#[derive(Clone, Debug, InputObject)]
pub struct RoleCreateInput {
    /// By which members of the staff name it: 1 to 63 characters, a letter and then a-z, 0-9, hyphens and
    /// underscores. Stays as it is.
    handle: String,
    /// Its name, for people: 1 to 255 characters.
    name: String,
    /// The handle of a role whose permissions it has as well, like `viewer`.
    inherits: Option<String>,
    /// What it may beyond that, by name, like `read_orders`.
    access_scopes: Vec<String>,
}

/// What is to change of a role; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct RoleUpdateInput {
    /// Its name, for people: 1 to 255 characters.
    name: Option<String>,
    /// The handle of a role whose permissions it has as well; null: it inherits nothing.
    inherits: MaybeUndefined<String>,
    /// What it may beyond what it inherits, all of it, by name, like `read_orders`.
    access_scopes: Option<Vec<String>>,
}

fn permissions(names: &[String]) -> Result<Permissions, Rule> {
    Permissions::parse(names).map_err(|(at, name)| Rule::UnknownPermission { at, name })
}

impl RoleCreateInput {
    fn into_model(self) -> Result<NewRole, Rule> {
        let permissions = permissions(&self.access_scopes)?;
        Ok(NewRole { handle: self.handle, name: self.name, inherits: self.inherits, permissions })
    }
}

impl RoleUpdateInput {
    fn into_model(self) -> Result<RoleChange, Rule> {
        let inherits = match self.inherits {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(handle) => Some(Some(handle)),
        };
        let permissions = self.access_scopes.as_deref().map(permissions).transpose()?;
        Ok(RoleChange { name: self.name, inherits, permissions })
    }
}

/// The answer of `roleCreate`.
#[derive(SimpleObject)]
pub struct RoleCreatePayload {
    /// The new role.
    role: Option<Role>,
    /// Why none was made.
    user_errors: Vec<RoleUserError>,
}

/// The answer of `roleUpdate`.
#[derive(SimpleObject)]
pub struct RoleUpdatePayload {
    /// The role as it is now.
    role: Option<Role>,
    /// Why nothing was changed.
    user_errors: Vec<RoleUserError>,
}

/// The answer of `roleDelete`.
#[derive(SimpleObject)]
pub struct RoleDeletePayload {
    /// The id of the role that was removed, or is the system's again.
    deleted_role_id: Option<ID>,
    /// Why nothing was removed.
    user_errors: Vec<RoleUserError>,
}

/// What a role may, somebody may for as long as they have it.
fn lasting(scope: &Scope) -> Result<(), Rule> {
    if scope.is_ending_key { Err(Rule::EndingKey) } else { Ok(()) }
}

#[derive(Default)]
pub struct RoleMutation;

#[guarded]
#[Object]
impl RoleMutation {
    /// Makes a role. It may no more than who makes it; a shop makes at most 100.
    #[requires(write_staff)]
    #[feature(CustomRoles)]
    async fn role_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role to make.")] input: RoleCreateInput,
    ) -> Result<Option<RoleCreatePayload>> {
        let new = lasting(ctx.scope()).and_then(|()| input.into_model());
        let (role, user_errors) = match new {
            Ok(new) => {
                let scope = ctx.scope();
                let (app, db, grants) = (scope.app.clone(), scope.db().clone(), scope.grants());
                let done = scope.act(async move { service::role_create(&app, &db, &grants, new).await }).await?;
                changed(scope, done).await?
            }
            Err(rule) => (None, vec![rule.into()]),
        };
        Ok(Some(RoleCreatePayload { role, user_errors }))
    }

    /// Changes a role, one of the system's too, except the owner's; in force for everybody who has it within a second.
    /// Neither before nor after may it do more than who changes it.
    #[requires(write_staff)]
    #[feature(CustomRoles)]
    async fn role_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role's global id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: RoleUpdateInput,
    ) -> Result<Option<RoleUpdatePayload>> {
        let wanted = lasting(ctx.scope()).and_then(|()| {
            let id = Gid::of(&id, "Role").ok_or(Rule::NotFound)?;
            Ok((id, input.into_model()?))
        });
        let (role, user_errors) = match wanted {
            Ok((id, wanted)) => {
                let scope = ctx.scope();
                let (app, db, grants) = (scope.app.clone(), scope.db().clone(), scope.grants());
                let done = scope.act(async move { service::role_update(&app, &db, &grants, id, wanted).await }).await?;
                changed(scope, done).await?
            }
            Err(rule) => (None, vec![rule.into()]),
        };
        Ok(Some(RoleUpdatePayload { role, user_errors }))
    }

    /// Removes a role from which none inherits and which nobody has. One of the system's that the shop has changed is as it
    /// was before that; one that it has not is refused.
    #[requires(delete_staff)]
    async fn role_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role's global id.")] id: ID,
    ) -> Result<Option<RoleDeletePayload>> {
        let scope = ctx.scope();
        let id = lasting(scope).and_then(|()| Gid::of(&id, "Role").ok_or(Rule::NotFound));
        let done = match id {
            Ok(id) => {
                let (app, db, grants) = (scope.app.clone(), scope.db().clone(), scope.grants());
                scope.act(async move { service::role_delete(&app, &db, &grants, id).await }).await?
            }
            Err(rule) => Err(ServiceError::Rule(rule)),
        };
        let (id, user_errors) = split(done)?;
        Ok(Some(RoleDeletePayload { deleted_role_id: id.map(|id| scope.gid("Role", id)), user_errors }))
    }
}

/// The role as it is now, or why it is not.
async fn changed(scope: &Scope, done: ServiceResult<Uuid, Rule>) -> Result<(Option<Role>, Vec<RoleUserError>)> {
    let (id, user_errors) = split(done)?;
    let Some(id) = id else { return Ok((None, user_errors)) };
    let all = all(scope).await?;
    Ok((all.by_id(id).cloned().map(|role| Role { role, all }), user_errors))
}
