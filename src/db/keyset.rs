//! Keyset pages in the order of a column: one macro, since diesel's columns have a type each.

use chrono::{DateTime, Utc};

use crate::page::Cursor;

/// Orders by a column and then by id, between the page's cursors. `column >= value` comes first in the predicate,
/// so that the index on (tenant, column, id) is entered at the cursor.
macro_rules! by {
    // By the id alone.
    ($query:expr, $page:expr, $id:expr) => {{
        let mut query = $query;
        for (cursor, downwards) in [(&$page.after, $page.descending), (&$page.before, !$page.descending)] {
            let Some(cursor) = cursor else { continue };
            query = if downwards { query.filter($id.lt(cursor.id)) } else { query.filter($id.gt(cursor.id)) };
        }
        if $page.descending { query.order($id.desc()) } else { query.order($id.asc()) }
    }};
    ($query:expr, $page:expr, $column:expr, $id:expr, $value:expr) => {{
        let mut query = $query;
        for (cursor, downwards) in [(&$page.after, $page.descending), (&$page.before, !$page.descending)] {
            let Some(cursor) = cursor else { continue };
            let (value, id) = ($value(cursor), cursor.id);
            query = if downwards {
                query.filter($column.le(value.clone()).and($column.lt(value).or($id.lt(id))))
            } else {
                query.filter($column.ge(value.clone()).and($column.gt(value).or($id.gt(id))))
            };
        }
        if $page.descending {
            query.order(($column.desc(), $id.desc()))
        } else {
            query.order(($column.asc(), $id.asc()))
        }
    }};
}
pub(crate) use by;

/// A cursor's value as a text.
pub fn text(cursor: &Cursor) -> String {
    cursor.value.clone().unwrap_or_default()
}

/// A cursor's value as a moment: microseconds.
pub fn moment(cursor: &Cursor) -> DateTime<Utc> {
    let micros = cursor.value.as_deref().and_then(|value| value.parse().ok());
    micros.and_then(DateTime::from_timestamp_micros).unwrap_or_default()
}

/// A cursor's value as a number.
pub fn number<N: std::str::FromStr + Default>(cursor: &Cursor) -> N {
    cursor.value.as_deref().and_then(|value| value.parse().ok()).unwrap_or_default()
}
