//! Search conditions as expressions.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text as SqlText};

use super::unkept;
use crate::search::{Query, Text};

/// Something to filter a table by.
pub type Expression<Table> = Box<dyn BoxableExpression<Table, Pg, SqlType = Bool>>;

/// What must be true for the query; `is` says it for one condition. What is put together of several is not kept prepared:
/// its shape is the caller's.
pub fn expression<Table: 'static, T>(query: &Query<T>, is: &dyn Fn(&T) -> Expression<Table>) -> Expression<Table> {
    match query {
        Query::Is(condition) => is(condition),
        several => Box::new(unkept(part(several, is))),
    }
}

fn part<Table: 'static, T>(query: &Query<T>, is: &dyn Fn(&T) -> Expression<Table>) -> Expression<Table> {
    match query {
        Query::All(all) => {
            let all = all.iter().map(|one| part(one, is));
            all.reduce(|all, one| Box::new(all.and(one))).unwrap_or_else(|| Box::new(true.into_sql::<Bool>()))
        }
        Query::Any(any) => any_of(any.iter().map(|one| part(one, is))),
        Query::Not(one) => Box::new(diesel::dsl::not(part(one, is))),
        Query::Is(condition) => is(condition),
    }
}

/// At least one of these is true.
pub fn any_of<Table: 'static>(any: impl IntoIterator<Item = Expression<Table>>) -> Expression<Table> {
    let any = any.into_iter().reduce(|any, one| Box::new(any.or(one)));
    any.unwrap_or_else(|| Box::new(false.into_sql::<Bool>()))
}

diesel::define_sql_function! {
    /// The text in lower case, by the rules of its collation.
    fn lower(text: SqlText) -> SqlText;
}
// Whatever the database's locale: that of C, which sorts by bytes, knows the upper case of ASCII only.
diesel::postfix_operator!(Unicode, " COLLATE \"und-x-icu\"", SqlText, backend: Pg);

// Folds A to Z and nothing else, whatever the database's locale.
diesel::postfix_operator!(Bytes, " COLLATE \"C\"", SqlText, backend: Pg);

/// The (text) expression as it is compared: upper and lower case are one, in every script.
macro_rules! folded {
    ($text:expr) => {
        $crate::db::search::lower($crate::db::search::Unicode::new($text))
    };
}
pub(crate) use folded;

/// The (text) column holds the text, or a word that begins like it; upper and lower case are one.
macro_rules! holds {
    ($column:expr, $text:expr) => {
        $crate::db::search::any_of($crate::db::search::patterns($text).into_iter().map(|one| {
            let pattern = one.into_sql::<diesel::sql_types::Text>();
            Box::new($crate::db::search::folded!($column).like($crate::db::search::folded!(pattern))) as Expression<_>
        }))
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
