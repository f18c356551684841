//! Which part of an answer needs nothing but what one statement has read.
//!
//! Whoever reads for a whole request can do it in one packet, transaction included. A list that is wrong costs another
//! transaction with a snapshot of its own, nothing else.

use async_graphql::parser::types::{OperationType, Selection};
use async_graphql::{Context, SelectionField};

/// Fields that are in memory once their object is, with what is below them.
pub struct Known(pub &'static [(&'static str, Known)]);

/// A field of which everything is in memory.
pub const WHOLE: Known = Known(&[]);

/// The fields of a connection whose nodes are known like this.
macro_rules! page_of {
    ($node:expr) => {
        $crate::graphql::known::Known(&[
            ("nodes", $node),
            ("edges", $crate::graphql::known::Known(&[("cursor", $crate::graphql::known::WHOLE), ("node", $node)])),
            ("pageInfo", $crate::graphql::known::WHOLE),
        ])
    };
}
pub(crate) use page_of;

impl Known {
    /// Whether the field is the whole operation, a query, and everything asked below it is known.
    pub fn is_all(&self, ctx: &Context<'_>) -> bool {
        let operation = &ctx.query_env.operation.node;
        let is_alone =
            matches!(&operation.selection_set.node.items[..], [only] if matches!(only.node, Selection::Field(_)));
        operation.ty == OperationType::Query && is_alone && self.covers(ctx.field())
    }

    fn covers(&self, field: SelectionField<'_>) -> bool {
        field.selection_set().all(|field| {
            let known = self.0.iter().find(|(name, _)| *name == field.name());
            known.is_some_and(|(_, below)| below.0.is_empty() || below.covers(field)) || field.name() == "__typename"
        })
    }
}
