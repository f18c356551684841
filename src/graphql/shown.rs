//! Interfaces and unions of which nothing was asked.

use std::borrow::Cow;

use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value, indexmap, parser::types::Field};

/// An interface or a union that is there even when none of the fragments asked for applies to it.
///
/// async-graphql answers null then, where GraphQL says `{}`; and of a list asked for twice, the half that is null
/// hides the other, depending on which was answered first.
#[derive(Clone, Debug)]
pub struct Shown<T>(pub T);

impl<T: OutputType> OutputType for Shown<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let value = self.0.resolve(ctx, field).await?;
        Ok(if value == Value::Null { Value::Object(indexmap::IndexMap::new()) } else { value })
    }
}
