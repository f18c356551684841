//! Keyset pagination: a page is asked for by the last row's sort key and id, never by an offset.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a page cannot be given out: said to the client as `BAD_USER_INPUT`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPage(String);

/// At most this many items a page.
pub const MAX_PAGE: i32 = 250;

/// The arguments that every connection takes.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
    /// As the vocabulary has it, null like the default: storefronts send variables that they leave unset.
    pub reverse: Option<bool>,
}

/// By what a list is sorted: the name that its cursors carry, and what their values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    name: &'static str,
    value: SortValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SortValue {
    None,
    Text,
    Number,
    BigNumber,
    Moment,
}

impl SortKey {
    /// Of lists by id.
    pub const ID: Self = Self { name: "", value: SortValue::None };

    pub const fn text(name: &'static str) -> Self {
        Self { name, value: SortValue::Text }
    }

    /// Of 32 bits.
    pub const fn number(name: &'static str) -> Self {
        Self { name, value: SortValue::Number }
    }

    /// Of 64 bits.
    pub const fn big_number(name: &'static str) -> Self {
        Self { name, value: SortValue::BigNumber }
    }

    /// In microseconds since 1970.
    pub const fn moment(name: &'static str) -> Self {
        Self { name, value: SortValue::Moment }
    }

    /// Whether a row of such a list can have this value, and the database can read it.
    fn fits(self, value: Option<&str>) -> bool {
        match (self.value, value) {
            (SortValue::None, None) => true,
            (SortValue::Text, Some(text)) => !text.contains('\0'),
            (SortValue::Number, Some(text)) => text.parse::<i32>().is_ok(),
            (SortValue::BigNumber, Some(text)) => text.parse::<i64>().is_ok(),
            (SortValue::Moment, Some(text)) => {
                let moment = text.parse().ok().and_then(DateTime::from_timestamp_micros);
                moment.is_some_and(|at| (1..=9999).contains(&at.year()))
            }
            _ => false,
        }
    }
}

/// A row's place in a sorted list: its sort value as text (a number, a time in microseconds, a title) and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// By what the list is sorted: a cursor means nothing in one that is sorted otherwise.
    #[serde(rename = "s", default, skip_serializing_if = "str::is_empty")]
    sort: Cow<'static, str>,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(rename = "i")]
    pub id: Uuid,
}

impl Cursor {
    pub fn by_id(id: Uuid) -> Self {
        Self { sort: Cow::Borrowed(SortKey::ID.name), value: None, id }
    }

    pub fn new(sort: SortKey, value: impl Into<String>, id: Uuid) -> Self {
        Self { sort: Cow::Borrowed(sort.name), value: Some(value.into()), id }
    }

    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("a cursor is plain JSON"))
    }

    fn decode(text: &str, argument: &str, sort: SortKey) -> Result<Self, BadPage> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let cursor: Option<Self> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match cursor {
            Some(cursor) if cursor.sort != sort.name => {
                Err(BadPage(format!("`{argument}` is a cursor of a list that is sorted otherwise")))
            }
            Some(cursor) if sort.fits(cursor.value.as_deref()) => Ok(cursor),
            _ => Err(BadPage(format!("`{argument}` is not a cursor of this connection"))),
        }
    }
}

/// What a store function needs to select a page.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// Rows strictly behind this one, in the direction of `descending`.
    pub after: Option<Cursor>,
    /// Rows strictly before this one, in the direction of `descending`. The other end of the same list.
    pub before: Option<Cursor>,
    /// The order in which to select: already turned round when the last items are asked for.
    pub descending: bool,
    /// How many rows to select: one more than the page, to learn whether there is more.
    pub limit: i64,
    backwards: bool,
}

impl PageArgs {
    /// Checks the arguments of a list by id. `first` or `last` is required: an unbounded list is not given out.
    pub fn check(self) -> Result<PageQuery, BadPage> {
        self.check_by(SortKey::ID)
    }

    /// Checks the arguments of a list that is sorted by this: what its cursors were made with.
    pub fn check_by(self, sort: SortKey) -> Result<PageQuery, BadPage> {
        let (size, backwards) = match (self.first, self.last) {
            (Some(first), None) => (("first", first), false),
            (None, Some(last)) => (("last", last), true),
            (None, None) => return Err(BadPage("give `first` or `last`".to_owned())),
            (Some(_), Some(_)) => return Err(BadPage("give `first` or `last`, not both".to_owned())),
        };
        let (name, size) = size;
        if !(0..=MAX_PAGE).contains(&size) {
            return Err(BadPage(format!("`{name}` is {size}; at most {MAX_PAGE} and not below 0")));
        }
        let after = self.after.map(|text| Cursor::decode(&text, "after", sort)).transpose()?;
        let before = self.before.map(|text| Cursor::decode(&text, "before", sort)).transpose()?;
        let (after, before) = if backwards { (before, after) } else { (after, before) };
        Ok(PageQuery {
            after,
            before,
            descending: self.reverse.unwrap_or_default() != backwards,
            limit: i64::from(size) + 1,
            backwards,
        })
    }
}

/// A page of rows, in the order the client sees.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<(Cursor, T)>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// An empty page: for what has no data yet.
    pub fn empty() -> Self {
        Self { items: Vec::new(), has_next: false, has_previous: false }
    }

    /// Turns the selected rows (up to `limit`) into the page.
    pub fn from_rows(query: &PageQuery, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Self {
        let size = usize::try_from(query.limit - 1).unwrap_or_default();
        let more = rows.len() > size;
        rows.truncate(size);
        if query.backwards {
            rows.reverse();
        }
        let (has_next, has_previous) =
            if query.backwards { (query.after.is_some(), more) } else { (more, query.after.is_some()) };
        Self { items: rows.into_iter().map(|row| (cursor(&row), row)).collect(), has_next, has_previous }
    }

    /// Cuts a page out of a list that is whole in memory and bounded (a cart's lines, a product's images).
    pub fn from_list(query: &PageQuery, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Self {
        if query.descending {
            rows.reverse();
        }
        let start = match &query.after {
            Some(after) => rows.iter().position(|row| cursor(row).id == after.id).map_or(rows.len(), |at| at + 1),
            None => 0,
        };
        let end = match &query.before {
            Some(before) => rows.iter().position(|row| cursor(row).id == before.id).unwrap_or(rows.len()),
            None => rows.len(),
        };
        let limit = usize::try_from(query.limit).unwrap_or_default();
        let rows = rows.into_iter().take(end).skip(start).take(limit).collect();
        Self::from_rows(query, rows, cursor)
    }

    pub fn map<U>(self, f: impl Fn(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(|(cursor, item)| (cursor, f(item))).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(first: Option<i32>, last: Option<i32>) -> PageArgs {
        PageArgs { first, last, ..PageArgs::default() }
    }

    #[test]
    fn a_page_needs_one_bound_within_the_limit() {
        for bad in [args(None, None), args(Some(1), Some(1)), args(Some(-1), None), args(None, Some(251))] {
            assert!(bad.clone().check().is_err(), "{bad:?}");
        }
        assert!(args(Some(250), None).check().is_ok());
    }

    fn after(cursor: &Cursor, sort: SortKey) -> Result<Option<Cursor>, BadPage> {
        let args = PageArgs { first: Some(1), after: Some(cursor.encode()), ..PageArgs::default() };
        args.check_by(sort).map(|query| query.after)
    }

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let by_title = SortKey::text("title");
        let title = Cursor::new(by_title, "Mug", Uuid::nil());
        assert_eq!(after(&title, by_title), Ok(Some(title.clone())));
        assert!(after(&title, SortKey::text("vendor")).is_err() && after(&title, SortKey::ID).is_err());
        let id = Cursor::by_id(Uuid::nil());
        assert_eq!(after(&id, SortKey::ID), Ok(Some(id.clone())));
        assert!(after(&id, by_title).is_err());
    }

    #[test]
    fn a_cursor_with_a_value_that_no_row_has_is_refused() {
        let (number, big) = (SortKey::number("place"), SortKey::big_number("price"));
        let (moment, text) = (SortKey::moment("created_at"), SortKey::text("title"));
        for (sort, value) in [(number, "-7"), (big, "3000000000"), (moment, "1767225600000000"), (text, "Mug")] {
            assert!(after(&Cursor::new(sort, value, Uuid::nil()), sort).is_ok(), "{sort:?} {value:?}");
        }
        let bad = [
            (number, "3000000000"),
            (big, "abc"),
            (big, ""),
            (moment, "9223372036854775807"),
            (moment, "-8000000000000000000"),
            (text, "a\0b"),
        ];
        for (sort, value) in bad {
            assert!(after(&Cursor::new(sort, value, Uuid::nil()), sort).is_err(), "{sort:?} {value:?}");
        }
        let without = Cursor { sort: Cow::Borrowed("title"), value: None, id: Uuid::nil() };
        assert!(after(&without, text).is_err());
    }

    #[test]
    fn pages_of_a_list_meet_without_gap_or_overlap_in_both_directions() {
        let rows: Vec<Uuid> = (1..=7).map(Uuid::from_u128).collect();
        let page = |args: PageArgs| Page::from_list(&args.check().unwrap(), rows.clone(), |id| Cursor::by_id(*id));
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = page(PageArgs { first: Some(3), after, ..PageArgs::default() });
            seen.extend(page.items.iter().map(|(_, id)| *id));
            if !page.has_next {
                break;
            }
            after = page.page_info().end_cursor;
        }
        assert_eq!(seen, rows);
        let last = page(PageArgs { last: Some(2), ..PageArgs::default() });
        assert_eq!(last.items.iter().map(|(_, id)| *id).collect::<Vec<_>>(), rows[5..]);
        assert!(last.has_previous && !last.has_next);
    }
}
