//! Who may ask for a field: what `#[requires(…)]`, `#[signed_in]` and `#[public]` turn into (`macros/`).

use async_graphql::{Context, Guard, Result, TypeDirective};

use super::error::{ApiError, Code};
use super::scope::ScopeExt;
use crate::access::Permission;
use crate::tenant::model::Access;

/// Refuses a field to whoever lacks the permission, before its resolver is called.
pub struct Requires(pub Permission);

impl Guard for Requires {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let scope = ctx.scope();
        let grants = scope.grants();
        if grants.may_with_some(self.0) {
            // What a field further down needs is asked again with each event, there.
            if ctx.path_node.is_none_or(|node| node.parent.is_none()) {
                scope.note_asked(self.0);
            }
            return Ok(());
        }
        Err(ApiError::lacking(self.0, &grants.decide(self.0, None)).into())
    }
}

/// Refuses a field to whoever is no member of the staff, unless they have the permission, if one is named.
pub struct SignedIn(pub Option<Permission>);

impl Guard for SignedIn {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let scope = ctx.scope();
        let is_member = matches!(scope.access, Access::Staff { .. });
        if is_member || self.0.is_some_and(|permission| scope.may(permission)) {
            return Ok(());
        }
        let or = self.0.map(|permission| format!(", or the permission {permission}")).unwrap_or_default();
        let message = format!("this needs a staff member's access token (Authorization: Bearer …){or}");
        Err(ApiError::new(Code::Forbidden, message).into())
    }
}

/// The field needs a permission; `viewer` says which ones a caller has.
#[TypeDirective(location = "FieldDefinition")]
pub fn requires(#[graphql(desc = "The permission's name, like read_orders.")] scope: String) {}

/// The field needs a staff member's access token; where a permission is named, that will do as well.
#[TypeDirective(name = "signedIn", location = "FieldDefinition")]
pub fn signed_in(#[graphql(desc = "The permission's name, like read_staff.")] or_scope: Option<String>) {}

/// Everybody may ask for the field; of the shop's rows it answers with those that a shopper may see.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}
