//! Who may ask for a field: what `#[requires(…)]`, `#[signed_in]`, `#[operator]` and `#[public]` turn into (`macros/`).

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use async_graphql::registry::MetaField;
use async_graphql::{Context, Guard, Result, TypeDirective};

use super::error::{ApiError, Code};
use super::scope::{Scope, ScopeExt};
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

/// Refuses a field to whoever is no operator, seen or not.
pub struct Operator;

impl Guard for Operator {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        if is_operator(ctx) {
            return Ok(());
        }
        let message = "this needs an operator's token (Authorization: Bearer eop_…)";
        Err(ApiError::new(Code::Forbidden, message).into())
    }
}

/// Whether an operator asks: to nobody else does the schema's description of itself show what is for operators.
pub fn is_operator(ctx: &Context<'_>) -> bool {
    ctx.data_opt::<Arc<Scope>>().is_some_and(|scope| matches!(scope.access, Access::Operator { .. }))
}

/// The root fields that are for operators, by the schema.
pub fn of_operators() -> &'static HashSet<&'static str> {
    static FIELDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        let registry = super::schema::registry();
        let roots = [Some(&registry.query_type), registry.mutation_type.as_ref(), registry.subscription_type.as_ref()];
        let types = roots.into_iter().flatten().filter_map(|name| registry.types.get(name)?.fields());
        let is_theirs = |field: &&MetaField| field.directive_invocations.iter().any(|one| one.name == "operator");
        types.flat_map(|fields| fields.values()).filter(is_theirs).map(|field| field.name.as_str()).collect()
    });
    &FIELDS
}

/// The field needs a permission; `viewer` says which ones a caller has.
#[TypeDirective(location = "FieldDefinition")]
pub fn requires(#[graphql(desc = "The permission's name, like read_orders.")] scope: String) {}

/// The field needs a staff member's access token; where a permission is named, that will do as well.
#[TypeDirective(name = "signedIn", location = "FieldDefinition")]
pub fn signed_in(#[graphql(desc = "The permission's name, like read_staff.")] or_scope: Option<String>) {}

/// The field is for who runs the service, by an operator's token. Others do not see it in the schema's description of itself.
#[TypeDirective(location = "FieldDefinition")]
pub fn operator() {}

/// Everybody may ask for the field; of the shop's rows it answers with those that a shopper may see.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}
