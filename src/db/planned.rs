//! Statements that keep their plan although diesel would not trust them to, and conditions that make theirs not keep it.
//!
//! Diesel wants every UPDATE and every upsert parsed and planned anew, because a changeset may leave columns out and so
//! have many texts. Those of the hot path always have one text, or a few: they are prepared once a connection, like
//! everything else.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;

/// A statement whose text is one of a few.
pub struct Planned<Q>(Q);

/// Only for statements whose text does not depend on how many values there are: each text stays prepared for as long
/// as its connection lives.
pub fn planned<Q>(statement: Q) -> Planned<Q> {
    Planned(statement)
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Planned<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

/// Known by its text.
impl<Q> QueryId for Planned<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Planned<Q> {
    type SqlType = Q::SqlType;
}

/// A condition in a shape that a caller has chosen.
#[derive(Clone, Copy, Debug, ValidGrouping)]
pub struct Unkept<E>(E);

/// For conditions of which there are as many shapes as callers think of: statements that hold one are parsed and planned
/// for one run, so that they do not fill the server's memory.
pub fn unkept<E>(condition: E) -> Unkept<E> {
    Unkept(condition)
}

impl<E: QueryFragment<Pg>> QueryFragment<Pg> for Unkept<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        self.0.walk_ast(out)
    }
}

impl<E> QueryId for Unkept<E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<E: Expression> Expression for Unkept<E> {
    type SqlType = E::SqlType;
}

impl<E: SelectableExpression<QS>, QS> SelectableExpression<QS> for Unkept<E> {}
impl<E: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for Unkept<E> {}
