//! Rows as diesel reads them.

use std::cell::Cell;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use diesel::backend::Backend;
use diesel::pg::{Pg, PgValue};
use diesel::result::QueryResult;
use diesel::row::{Field, PartialRow, Row, RowIndex, RowSealed};
use futures_util::Stream;
use postgres_protocol::message::backend::DataRowBody;

use super::line::Told;
use super::statements::Statement;

/// An answer's rows, all there.
pub struct Rows {
    statement: Arc<Statement>,
    rows: std::vec::IntoIter<DataRowBody>,
}

impl Rows {
    pub(super) fn new(told: Told) -> Self {
        Self { statement: told.statement, rows: told.rows.into_iter() }
    }
}

impl Stream for Rows {
    type Item = QueryResult<PgRow>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let row = self.rows.next();
        Poll::Ready(row.map(|body| Ok(PgRow { statement: self.statement.clone(), body, place: Cell::default() })))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

/// One row. Its values lie one behind the other, each with its length in front: whoever reads them in order, as
/// everyone does, finds the next where the last one ended.
pub struct PgRow {
    statement: Arc<Statement>,
    body: DataRowBody,
    place: Cell<Place>,
}

/// A column and where its length stands.
#[derive(Clone, Copy, Default)]
struct Place {
    column: usize,
    at: usize,
}

impl PgRow {
    /// Where a column's value is; `None` when it is null.
    fn range(&self, column: usize) -> Option<Range<usize>> {
        let mut place = self.place.get();
        if column < place.column {
            place = Place::default();
        }
        while place.column < column {
            let end = self.value_at(place.at).map_or(place.at + 4, |range| range.end);
            place = Place { column: place.column + 1, at: end };
        }
        self.place.set(place);
        self.value_at(place.at)
    }

    fn value_at(&self, at: usize) -> Option<Range<usize>> {
        let start = at + 4;
        let length = i32::from_be_bytes(self.body.buffer()[at..start].try_into().expect("four bytes"));
        let length = usize::try_from(length).ok()?;
        Some(start..start + length)
    }
}

impl RowSealed for PgRow {}

impl<'a> Row<'a, Pg> for PgRow {
    type Field<'f>
        = PgField<'f>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.statement.columns().len()
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Self::Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        Some(PgField { row: self, column: self.idx(index)? })
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self::InnerPartialRow> {
        PartialRow::new(self, range)
    }
}

impl RowIndex<usize> for PgRow {
    fn idx(&self, index: usize) -> Option<usize> {
        (index < self.field_count()).then_some(index)
    }
}

impl<'a> RowIndex<&'a str> for PgRow {
    fn idx(&self, name: &'a str) -> Option<usize> {
        self.statement.columns().iter().position(|column| column.name == name)
    }
}

/// One value of a row.
pub struct PgField<'a> {
    row: &'a PgRow,
    column: usize,
}

impl<'a> Field<'a, Pg> for PgField<'a> {
    fn field_name(&self) -> Option<&str> {
        Some(&self.row.statement.columns()[self.column].name)
    }

    fn value(&self) -> Option<<Pg as Backend>::RawValue<'_>> {
        let range = self.row.range(self.column)?;
        Some(PgValue::new(&self.row.body.buffer()[range], &self.row.statement.columns()[self.column]))
    }
}
