//! Statements that keep their plan although diesel would not trust them to.
//!
//! Diesel prepares every UPDATE and every upsert anew (three round trips and a plan each time), because a changeset
//! may leave columns out and so have many texts. Those of the hot path always have one text, or a few: they are
//! prepared once a connection, like everything else.

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
