//! Who may ask for a field: what `#[requires(…)]`, `#[signed_in]`, `#[operator]` and `#[public]` turn into (`macros/`).

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use async_graphql::registry::MetaField;
use async_graphql::{Context, Guard, Result, TypeDirective, Value};
use uuid::Uuid;

use super::error::{ApiError, Code};
use super::scope::{Scope, ScopeExt};
use crate::access::Permission;
use crate::db::TenantConn;
use crate::ids::Gid;
use crate::plan;
use crate::plan::model::Feature;
use crate::tenant::model::Access;

/// A permission that a field needs.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    pub permission: Permission,
    /// Where the arguments name the things for which it is needed, as `input.changes.locationId`, through whatever lists
    /// there are; none: it is needed in general.
    pub of: Option<&'static str>,
}

/// Refuses a field to whoever lacks a permission, before its resolver is called. The first is needed whatever is asked; the
/// others for what the arguments name, each of it.
pub struct Requires(pub &'static [Need]);

impl Guard for Requires {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let scope = ctx.scope();
        let grants = scope.grants();
        if let Some(Need { permission, of }) = self.0.first() {
            let is_enough = if of.is_some() { grants.may_with_some(*permission) } else { grants.may(*permission) };
            if !is_enough {
                return Err(ApiError::lacking(*permission, &grants.decide(*permission, None)).into());
            }
            // What a field further down needs is asked again with each event, there.
            if ctx.path_node.is_none_or(|node| node.parent.is_none()) {
                scope.note_asked(*permission);
            }
        }
        for Need { permission, of } in self.0 {
            let Some(path) = of.filter(|_| !grants.may_with_all(*permission)) else { continue };
            for object in named(ctx, path, permission.object().unwrap_or_default())? {
                let decision = grants.decide(*permission, Some(object));
                if !decision.is_allowed {
                    return Err(ApiError::lacking(*permission, &decision).into());
                }
            }
        }
        Ok(())
    }
}

/// The things of this kind that the field's arguments name at this path. What is no such id is left to the resolver: there
/// is no such thing.
fn named(ctx: &Context<'_>, path: &str, kind: &str) -> Result<HashSet<Uuid>> {
    let (argument, rest) = path.split_once('.').unwrap_or((path, ""));
    let arguments = ctx.field().arguments().map_err(|error| ApiError::bad_input(error.message))?;
    let mut found = HashSet::new();
    for (_, value) in arguments.iter().filter(|(name, _)| name == argument) {
        collect(value, rest, kind, &mut found);
    }
    Ok(found)
}

fn collect(value: &Value, path: &str, kind: &str, found: &mut HashSet<Uuid>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| collect(item, path, kind, found)),
        Value::Object(fields) => {
            let (field, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(value) = fields.get(field) {
                collect(value, rest, kind, found);
            }
        }
        Value::String(text) if path.is_empty() => found.extend(Gid::of(text, kind)),
        _ => {}
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

/// Refuses a field to shops whose plan does not have something.
pub struct InPlan(pub Feature);

impl Guard for InPlan {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let wanted = self.0;
        let asked = async move |conn: &mut TenantConn<'_>| plan::service::feature(conn, wanted).await;
        // On the heap: a request's stack holds the futures of all root fields at once.
        match Box::pin(ctx.scope().db().read(asked)).await? {
            Ok(()) => Ok(()),
            Err(plan) => {
                let message =
                    format!("this needs the feature {}, which the plan {plan} does not have", wanted.as_str());
                Err(ApiError::new(Code::PlanFeatureRequired, message).into())
            }
        }
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

/// The field needs a permission; `viewer` says which ones a caller has. What is said first is needed in any case.
#[TypeDirective(location = "FieldDefinition", repeatable)]
pub fn requires(
    #[graphql(desc = "The permission's name, like read_orders.")] scope: String,
    #[graphql(
        desc = "Where the arguments name what it is needed for, like input.changes.locationId: for each of these."
    )]
    of: Option<String>,
) {
}

/// The field needs a staff member's access token; where a permission is named, that will do as well.
#[TypeDirective(name = "signedIn", location = "FieldDefinition")]
pub fn signed_in(#[graphql(desc = "The permission's name, like read_staff.")] or_scope: Option<String>) {}

/// The field is for who runs the service, by an operator's token. Others do not see it in the schema's description of itself.
#[TypeDirective(location = "FieldDefinition")]
pub fn operator() {}

/// The shop's plan has to have this; `currentPlan` says what it has.
#[TypeDirective(location = "FieldDefinition")]
pub fn feature(#[graphql(desc = "The feature's name, like CUSTOM_DOMAINS.")] name: String) {}

/// Everybody may ask for the field; of the shop's rows it answers with those that a shopper may see.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}
