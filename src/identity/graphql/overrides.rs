//! `staffPermissionOverridesSet`, and what a member's exceptions look like.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::payload::{StaffPermissionOverridesSetPayload, outcome};
use crate::access::graphql::AccessScope;
use crate::access::{self, Effect};
use crate::error::ServiceError;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::identity::model::StaffOverride;
use crate::identity::rule::Refusal;
use crate::identity::service::{self, NewOverride};
use crate::ids::Gid;

/// What an exception does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "access::Effect")]
pub enum StaffPermissionOverrideEffect {
    /// The member may do it, whatever the role says.
    Allow,
    /// The member may not do it, whatever else is said.
    Deny,
}

/// What holds for one member of the staff beside their role. Of two that are about the same thing, the one that denies
/// wins.
#[derive(Clone, Debug, Description)]
pub struct StaffPermissionOverride(pub StaffOverride);

#[Object(use_type_description)]
impl StaffPermissionOverride {
    /// The permission that is allowed or denied.
    async fn permission(&self) -> AccessScope {
        AccessScope(self.0.says.permission)
    }

    /// Whether it is allowed or denied.
    async fn effect(&self) -> StaffPermissionOverrideEffect {
        self.0.says.effect.into()
    }

    /// The global id of the one collection or location that it is about; null: it holds in general.
    async fn object_id(&self, ctx: &Context<'_>) -> Option<ID> {
        Some(ctx.scope().gid(self.0.says.permission.object()?, self.0.says.object?))
    }

    /// The global id of the member of the staff, or of the API key, who has set it.
    async fn set_by_id(&self, ctx: &Context<'_>) -> Option<ID> {
        let (kind, id) = self.0.set_by.split_once(':')?;
        let kind = match kind {
            "staff" => "StaffMember",
            "key" => "ApiKey",
            _ => return None,
        };
        Some(ctx.scope().gid(kind, Uuid::try_parse(id).ok()?))
    }

    /// When it was set.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// An exception for a member of the staff.
#[derive(Clone, Debug, InputObject)]
pub struct StaffPermissionOverrideInput {
    /// The permission's name, like `write_collections`.
    permission: String,
    /// Whether it is allowed or denied.
    effect: StaffPermissionOverrideEffect,
    /// The global id of the one thing that is meant: a collection for `write_collections` and `delete_collections`, a
    /// location for `write_inventory` and the permissions of locations. Left out: it holds in general.
    object_id: Option<ID>,
}

#[derive(Default)]
pub struct StaffOverrideMutation;

#[guarded]
#[Object]
impl StaffOverrideMutation {
    /// Makes these the exceptions that hold for a member beside their role, and no others: an empty list removes all. Counts
    /// within a second, in open sessions too. Nobody allows or denies what they may not do themselves, nor changes what holds
    /// for themselves; for an owner there are no exceptions.
    #[requires(write_staff)]
    async fn staff_permission_overrides_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member's global id.")] id: ID,
        #[graphql(desc = "All exceptions for the member, at most 100.")] overrides: Vec<StaffPermissionOverrideInput>,
    ) -> Result<Option<StaffPermissionOverridesSetPayload>> {
        let scope = ctx.scope();
        if scope.is_ending_key {
            return Ok(Some(outcome(Err(ServiceError::Rule(Refusal::EndingKey.at(&[]))))?.into()));
        }
        let Some(id) = Gid::of(&id, "StaffMember") else {
            let not_found = ServiceError::Rule(Refusal::NoMember.at(&["id"]));
            return Ok(Some(outcome(Err(not_found))?.into()));
        };
        let wanted = overrides.into_iter().map(|one| NewOverride {
            permission: one.permission,
            effect: Effect::from(one.effect),
            object: one.object_id.map(|id| id.0),
        });
        let wanted: Vec<NewOverride> = wanted.collect();
        let (app, db, access, grants) = (scope.app.clone(), scope.db().clone(), scope.access, scope.grants());
        let setting = async move { service::overrides_set(&app, &db, (access, &grants), id, &wanted).await };
        Ok(Some(outcome(scope.act(setting).await?)?.into()))
    }
}
