//! Search conditions as expressions.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::search::{Query, Text};

/// Something to filter a table by.
pub type Expression<Table> = Box<dyn BoxableExpression<Table, Pg, SqlType = Bool>>;

/// What must be true for the query; `is` says it for one condition.
pub fn expression<Table: 'static, T>(query: &Query<T>, is: &dyn Fn(&T) -> Expression<Table>) -> Expression<Table> {
    match query {
        Query::All(all) => {
            let all = all.iter().map(|one| expression(one, is));
            all.reduce(|all, one| Box::new(all.and(one))).unwrap_or_else(|| Box::new(true.into_sql::<Bool>()))
        }
        Query::Any(any) => any_of(any.iter().map(|one| expression(one, is))),
        Query::Not(one) => Box::new(diesel::dsl::not(expression(one, is))),
        Query::Is(condition) => is(condition),
    }
}

/// At least one of these is true.
pub fn any_of<Table: 'static>(any: impl IntoIterator<Item = Expression<Table>>) -> Expression<Table> {
    let any = any.into_iter().reduce(|any, one| Box::new(any.or(one)));
    any.unwrap_or_else(|| Box::new(false.into_sql::<Bool>()))
}

/// The (text) column holds the text, or a word that begins like it.
macro_rules! holds {
    ($column:expr, $text:expr) => {
        $crate::db::search::any_of(
            $crate::db::search::patterns($text).into_iter().map(|one| Box::new($column.ilike(one)) as Expression<_>),
        )
    };
}
pub(crate) use holds;

/// LIKE patterns for a text with this in it, of which one must fit; when it is a beginning, with a word that begins
/// like this.
pub fn patterns(text: &Text) -> Vec<String> {
    let literal = literal(&text.value);
    if text.is_prefix { vec![format!("{literal}%"), format!("% {literal}%")] } else { vec![format!("%{literal}%")] }
}

/// Without the characters that mean something in a pattern.
pub fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
