//! The hot path: fields that are already in memory are answered without a future each.
//!
//! async-graphql boxes a future for every field of every object; for a list of products that is a thousand
//! allocations to copy a thousand texts. A type that implements [`Plain`] answers what it can at once; whatever it
//! does not know (fields with arguments or look-ups) goes the ordinary way. Both ways give the same answer: a
//! test asks everything twice. Measured in docs/performance.md.

use std::borrow::Cow;
use std::ops::Deref;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{ContextSelectionSet, InputType, Name, OutputType, Positioned, ServerResult, Value};
use futures_util::future::try_join_all;

use super::scope::Scope;
use crate::page::{PageArgs, PageQuery};

/// What can be answered from memory.
pub trait Plain: ContainerType {
    /// The field's value, or `None` to have it resolved the ordinary way. Called only for fields without
    /// directives; a field with arguments is the implementor's to refuse.
    fn plain(&self, reader: &Reader<'_>, field: &Positioned<Field>) -> Option<Value>;
}

/// What answering from memory needs to know of the request.
pub struct Reader<'a> {
    pub scope: &'a Scope,
    ctx: &'a ContextSelectionSet<'a>,
}

impl<'a> Reader<'a> {
    fn new(ctx: &'a ContextSelectionSet<'a>) -> Self {
        Self { scope: ctx.data_unchecked::<std::sync::Arc<Scope>>(), ctx }
    }

    /// A nested object, when all that is asked of it can be answered from memory.
    pub fn object<T: Plain>(&self, object: &T, field: &Positioned<Field>) -> Option<Value> {
        let budget = &self.scope.budget;
        if budget.overspent().is_some() || budget.is_due() {
            // The ordinary way ends it, or lets others have their turn.
            return None;
        }
        let before = budget.mark();
        let answer = self.whole(object, field);
        if answer.is_none() {
            budget.back_to(before);
        }
        answer
    }

    fn whole<T: Plain>(&self, object: &T, field: &Positioned<Field>) -> Option<Value> {
        let mut fields = Vec::new();
        self.flatten::<T>(&field.node.selection_set.node, &mut fields)?;
        let mut answer = IndexMap::with_capacity(fields.len());
        for field in fields {
            answer.insert(key(field), self.field(object, field)?);
        }
        Some(Value::Object(answer))
    }

    /// A list of nested objects, when all that is asked of each can be answered from memory.
    pub fn list<'t, T: Plain + 't>(
        &self,
        items: impl IntoIterator<Item = &'t T>,
        field: &Positioned<Field>,
    ) -> Option<Value> {
        let list = items.into_iter().map(|item| self.object(item, field)).collect::<Option<Vec<_>>>()?;
        self.scope.budget.count(list.len());
        Some(Value::List(list))
    }

    /// An argument's value; `None` when it is not what it should be, which the ordinary way tells.
    pub fn argument<T: InputType>(&self, field: &Positioned<Field>, name: &str) -> Option<Option<T>> {
        Some(self.ctx.with_field(field).param_value::<Option<T>>(name, None).ok()?.1)
    }

    /// The page that a list's arguments ask for.
    pub fn page(&self, field: &Positioned<Field>) -> Option<PageQuery> {
        let args = PageArgs {
            first: self.argument(field, "first")?,
            after: self.argument(field, "after")?,
            last: self.argument(field, "last")?,
            before: self.argument(field, "before")?,
            reverse: self.argument(field, "reverse")?,
        };
        args.check().ok()
    }

    fn field<T: Plain>(&self, object: &T, field: &Positioned<Field>) -> Option<Value> {
        if !field.node.directives.is_empty() {
            return None;
        }
        if field.node.name.node == "__typename" {
            return Some(Value::String(T::type_name().into_owned()));
        }
        let value = object.plain(self, field);
        if let Some(Value::String(text)) = &value {
            self.scope.budget.count_text(text.len());
        }
        value
    }

    /// The fields of a selection set, those of fragments on `T` itself included. `None` when there is a fragment on
    /// something else, or a field asked twice, which would have to be merged.
    fn flatten<T: OutputType>(&self, set: &'a SelectionSet, into: &mut Vec<&'a Positioned<Field>>) -> Option<()> {
        for selection in &set.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) => {
                    if into.iter().any(|seen| seen.node.response_key().node == field.node.response_key().node) {
                        return None;
                    }
                    into.push(field);
                    continue;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.ctx.query_env.fragments.get(&spread.node.fragment_name.node)?;
                    (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                }
                Selection::InlineFragment(fragment) => {
                    (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
                }
            };
            if condition.is_some_and(|condition| condition.node.on.node.as_str() != T::type_name()) {
                return None;
            }
            self.flatten::<T>(&set.node, into)?;
        }
        Some(())
    }
}

fn key(field: &Positioned<Field>) -> Name {
    field.node.response_key().node.clone()
}

/// Answers what it can from memory and the rest the ordinary way, in the order asked.
async fn resolve<T: Plain>(object: &T, ctx: &ContextSelectionSet<'_>) -> ServerResult<Value> {
    let reader = Reader::new(ctx);
    reader.scope.budget.spend().await;
    let mut fields = Vec::new();
    if reader.flatten::<T>(&ctx.item.node, &mut fields).is_none() {
        return resolve_container(ctx, object).await;
    }
    let mut answer = IndexMap::with_capacity(fields.len());
    let mut rest = Vec::new();
    for field in fields {
        let value = reader.field(object, field);
        if value.is_none() {
            if !field.node.directives.is_empty() {
                return resolve_container(ctx, object).await;
            }
            rest.push(field);
        }
        answer.insert(key(field), value.unwrap_or_default());
    }
    let resolve_one = async |field| object.resolve_field(&ctx.with_field(field)).await;
    let resolved = match rest[..] {
        [] => return Ok(Value::Object(answer)),
        [only] => vec![resolve_one(only).await?],
        _ => try_join_all(rest.iter().map(|field| resolve_one(field))).await?,
    };
    for (field, value) in rest.into_iter().zip(resolved) {
        answer.insert(key(field), value.unwrap_or_default());
    }
    Ok(Value::Object(answer))
}

/// Sends an object (or, as `Vec<Fast<T>>`, a list of them) on the hot path. In the schema it is a `T`.
#[derive(Clone, Debug)]
pub struct Fast<T>(pub T);

impl<T> Deref for Fast<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Plain> OutputType for Fast<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve(&self.0, ctx).await
    }
}

/// A list on the hot path: without any future when every item can be answered from memory.
#[derive(Clone, Debug)]
pub struct FastList<T>(pub Vec<T>);

impl<T: Plain> OutputType for FastList<T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<Fast<T>> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<Fast<T>> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<Fast<T>> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let reader = Reader::new(ctx);
        if let Some(list) = reader.list(&self.0, field) {
            reader.scope.budget.spend().await;
            return Ok(list);
        }
        let items = self.0.iter().enumerate().map(|(index, item)| async move {
            let ctx = ctx.with_index(index);
            resolve(item, &ctx).await.map_err(|error| ctx.set_error_path(error))
        });
        Ok(Value::List(try_join_all(items).await?))
    }
}
