//! `@idempotent(key: …)` and the `Idempotency-Key` header: how a request names its key.

use std::borrow::Cow;

use async_graphql::extensions::ResolveFut;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaDirective, MetaInputValue, MetaType, Registry};
use async_graphql::{
    Context, ContextDirective, CustomDirective, CustomDirectiveFactory, ServerError, ServerResult, Value,
};
use async_trait::async_trait;

use super::error::{ApiError, Code};
use super::scope::ScopeExt;
use crate::db::idempotency::{Key, Refused};
use crate::ids::Gid;

/// The mutations that take a key: what must not be done twice and is not hindered from it by its own input. All others
/// refuse directive and header: a key that is silently ignored protects nobody.
pub const FIELDS: &[&str] = &[
    "checkoutComplete",
    "collectionCreate",
    "fulfillmentCreate",
    "inventoryAdjustQuantities",
    "menuCreate",
    "orderCancel",
    "orderMarkAsPaid",
    "pageCreate",
    "productSet",
];

/// At most this many characters in a key.
const MAX_KEY: usize = 255;
const NAME: &str = "idempotent";

/// Registers the directive.
pub struct Idempotent;

impl CustomDirectiveFactory for Idempotent {
    fn name(&self) -> Cow<'static, str> {
        NAME.into()
    }

    fn register(&self, registry: &mut Registry) {
        let key = MetaInputValue {
            name: "key".to_owned(),
            description: Some(
                "Chosen by the client, unique for what is to happen once; at most 255 characters.".into(),
            ),
            ty: "String!".to_owned(),
            deprecation: Default::default(),
            default_value: None,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            is_secret: false,
            directive_invocations: Vec::new(),
        };
        registry.add_directive(MetaDirective {
            name: NAME.to_owned(),
            description: Some(format!(
                "Makes a mutation happen once for a key: repeated within 24 hours, it answers what it answered first. \
                 For {}; checkoutComplete needs one.",
                FIELDS.join(", ")
            )),
            locations: vec![async_graphql::registry::__DirectiveLocation::FIELD],
            args: [("key".to_owned(), key)].into_iter().collect(),
            is_repeatable: false,
            visible: None,
            composable: None,
        });
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(OnARootMutation))
    }
}

struct OnARootMutation;

#[async_trait]
impl CustomDirective for OnARootMutation {
    async fn resolve_field(&self, ctx: &Context<'_>, resolve: ResolveFut<'_>) -> ServerResult<Option<Value>> {
        let is_root = ctx.path_node.is_none_or(|node| node.parent.is_none());
        let is_mutation = ctx.query_env.operation.node.ty == OperationType::Mutation;
        let refusal = if !is_root || !is_mutation {
            "`@idempotent` belongs on a root field of a mutation".to_owned()
        } else if FIELDS.contains(&ctx.field().name()) {
            return resolve.await;
        } else {
            format!("`{}` takes no idempotency key", ctx.field().name())
        };
        Err(server_error(ctx, ApiError::bad_input(refusal)))
    }
}

fn server_error(ctx: &Context<'_>, error: ApiError) -> ServerError {
    ctx.set_error_path(async_graphql::Error::from(error).into_server_error(ctx.item.pos))
}

/// The key of the mutation that is being resolved: the directive's, or the header's when the document has one root
/// field. `cart` belongs to the key where shoppers, who share one publishable key, act on a cart.
pub fn key_of(ctx: &Context<'_>, cart: Option<uuid::Uuid>) -> Result<Option<Key>, ApiError> {
    let Some(text) = text_of(ctx)? else { return Ok(None) };
    if text.is_empty() || text.chars().count() > MAX_KEY {
        return Err(ApiError::bad_input(format!("an idempotency key has 1 to {MAX_KEY} characters")));
    }
    let scope = ctx.scope();
    let key = Key::new(ctx.field().name(), &scope.access.actor(), cart, &text, &arguments(ctx)?.to_string());
    Ok(Some(key.kept_for(scope.app.config.retention.idempotency_keys)))
}

/// For mutations that must not run without a key.
pub fn required_key_of(ctx: &Context<'_>, cart: Option<uuid::Uuid>) -> Result<Key, ApiError> {
    key_of(ctx, cart)?.ok_or_else(|| {
        let field = ctx.field().name().to_owned();
        ApiError::bad_input(format!(
            "`{field}` needs an idempotency key: `{field}(…) @idempotent(key: \"…\")` or the Idempotency-Key header"
        ))
    })
}

/// What a refused key says to the client.
pub fn refused(refused: Refused) -> ApiError {
    ApiError::new(Code::Conflict, refused.to_string())
}

fn text_of(ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
    let directives = ctx.field().directives().map_err(|error| ApiError::bad_input(error.message))?;
    if let Some(directive) = directives.into_iter().find(|directive| directive.name.node == NAME) {
        let key = directive.arguments.into_iter().find(|(name, _)| name.node == "key").map(|(_, value)| value.node);
        return match key {
            Some(async_graphql::Value::String(text)) => Ok(Some(text)),
            _ => Err(ApiError::bad_input("`@idempotent` needs its key as a text")),
        };
    }
    Ok(ctx.scope().request.idempotency_key.clone())
}

/// Refuses the `Idempotency-Key` header where it would protect nothing: in a mutation of several root fields, of
/// which it could mean any, and in one that takes no key. Queries change nothing; whoever sends it with them may.
pub fn check_header(document: &ExecutableDocument, operation: &OperationDefinition) -> Result<(), ApiError> {
    if operation.ty != OperationType::Mutation {
        return Ok(());
    }
    let mut fields = Vec::new();
    root_fields(document, &operation.selection_set.node, 0, &mut fields);
    match fields[..] {
        [field] if FIELDS.contains(&field) => Ok(()),
        [field] => Err(ApiError::bad_input(format!("`{field}` takes no idempotency key"))),
        _ => Err(ApiError::bad_input(
            "the Idempotency-Key header is for documents with one root field: use `@idempotent(key: …)`",
        )),
    }
}

/// The fields of a root selection. Fragments that include each other were refused before.
fn root_fields<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, depth: usize, fields: &mut Vec<&'a str>) {
    // Two are as good as a thousand.
    if depth > 32 || fields.len() > 1 {
        return;
    }
    for item in &set.items {
        match &item.node {
            Selection::Field(field) => fields.push(&field.node.name.node),
            Selection::InlineFragment(fragment) => {
                root_fields(document, &fragment.node.selection_set.node, depth + 1, fields);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    root_fields(document, &fragment.node.selection_set.node, depth + 1, fields);
                }
            }
        }
    }
}

/// The arguments as the resolver gets them: variables filled in, defaults added, object keys sorted.
fn arguments(ctx: &Context<'_>) -> Result<serde_json::Value, ApiError> {
    let given = ctx.field().arguments().map_err(|error| ApiError::bad_input(error.message))?;
    let registry = &ctx.schema_env.registry;
    let root = registry.mutation_type.as_deref().and_then(|name| registry.types.get(name));
    let field = root.and_then(|root| root.field_by_name(ctx.field().name()));
    let given = given.into_iter().map(|(name, value)| (name.to_string(), value)).collect::<Vec<_>>();
    let take = |name: &str| given.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    let arguments = field.into_iter().flat_map(|field| field.args.values());
    let coerced =
        arguments.map(|argument| (argument.name.clone(), coerced(registry, argument, take(&argument.name), 0)));
    Ok(serde_json::Value::Object(coerced.collect()))
}

/// One input value as the resolver gets it. An input that was left out is its default, or null.
fn coerced(registry: &Registry, input: &MetaInputValue, given: Option<Value>, depth: usize) -> serde_json::Value {
    match given {
        Some(value) => normal(registry, &input.ty, value, depth),
        None => {
            // A default is a literal: JSON, or an enum value's bare name.
            let default = input.default_value.as_deref().unwrap_or("null");
            serde_json::from_str(default).unwrap_or_else(|_| default.into())
        }
    }
}

fn normal(registry: &Registry, ty: &str, value: Value, depth: usize) -> serde_json::Value {
    let ty = ty.strip_suffix('!').unwrap_or(ty);
    if depth > 32 {
        return value.into_json().unwrap_or_default();
    }
    if let Some(item) = ty.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match value {
            Value::Null => serde_json::Value::Null,
            Value::List(items) => items.into_iter().map(|value| normal(registry, item, value, depth + 1)).collect(),
            // A single value stands for a list of one.
            single => vec![normal(registry, item, single, depth + 1)].into(),
        };
    }
    match (registry.types.get(ty), value) {
        (Some(MetaType::InputObject { input_fields, .. }), Value::Object(mut given)) => {
            let field = |field: &MetaInputValue| {
                let value = given.swap_remove(field.name.as_str());
                (field.name.clone(), coerced(registry, field, value, depth + 1))
            };
            serde_json::Value::Object(input_fields.values().map(field).collect())
        }
        (_, Value::Number(number)) if ty == "ID" => number.to_string().into(),
        // Ids of every namespace name the same row.
        (_, Value::String(id)) if ty == "ID" => Gid::normal(&id).into(),
        (_, value) => value.into_json().unwrap_or_default(),
    }
}

/// So that a resolver can pass it on.
impl From<Refused> for ApiError {
    fn from(refusal: Refused) -> Self {
        refused(refusal)
    }
}
