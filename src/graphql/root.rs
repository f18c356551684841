//! The roots of the schema: a field that may be null and fails leaves its neighbours' answers as they are.
//!
//! The specification has it so for every field. async-graphql catches what fails below a nullable field, but hands what
//! its resolver itself answers on to the parent, and from a root the whole answer would be lost: also what the other
//! mutations of the document have done.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value};

/// A root type; in the schema it is a `T`.
#[derive(Default)]
pub struct Root<T>(pub T);

impl<T: ObjectType> ContainerType for Root<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        match self.0.resolve_field(ctx).await {
            Err(error) if is_nullable(&T::type_name(), ctx) => {
                ctx.add_error(error);
                Ok(Some(Value::Null))
            }
            answered => answered,
        }
    }
}

fn is_nullable(parent: &str, ctx: &Context<'_>) -> bool {
    let parent = ctx.schema_env.registry.types.get(parent);
    let field = parent.and_then(|parent| parent.field_by_name(&ctx.item.node.name.node));
    field.is_some_and(|field| !field.ty.ends_with('!'))
}

impl<T: ObjectType> OutputType for Root<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

impl<T: ObjectType> ObjectType for Root<T> {}
