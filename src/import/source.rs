//! Reads a file batch by batch.
//!
//! Memory is bounded whatever the file's length: by a batch's products, rows and bytes, by a record's bytes (a quote
//! that is never closed would otherwise swallow the rest of the file), and by sixteen bytes for each product seen,
//! which is how rows are recognised that stand apart from their product's others.
//!
//! A file is read twice: what a product does not have in the file is taken away from it, so whether all of its rows
//! can be read has to be known before the first of them is written.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Seek};

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::columns::{BadHeader, Columns, Field};
use super::product::{Parsed, ProductRows};
use super::quotes::{BadQuote, Quotes};
use super::report::{MAX_REPORTED, Rejection, clip};
use super::row::Row;
use crate::money::Currency;

/// A batch is full with this many products,
pub const BATCH_PRODUCTS: usize = 200;
/// or this many rows,
pub const BATCH_ROWS: u64 = 4000;
/// or this many bytes of text.
pub const BATCH_BYTES: usize = 8 << 20;
/// The longest record; more than that means a quote was left open.
pub const MAX_RECORD: u64 = 4 << 20;

/// Why nothing, or nothing more, can be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Header(#[from] BadHeader),
    #[error("the file is empty")]
    Empty,
    #[error("the header has a quote at the wrong place, in column {}: {}", .0.cell + 1, .0.reason())]
    Quote(BadQuote),
    #[error("the file is not UTF-8")]
    Encoding,
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Some products with what was wrong about their rows.
#[derive(Debug, Default)]
pub struct Batch {
    pub products: Vec<Parsed>,
    /// Rows that belong to no product.
    pub rejected: Vec<Rejection>,
    pub rows: u64,
    pub rejected_rows: u64,
    /// How far into the file this batch reaches.
    pub bytes_read: u64,
}

/// A file being read.
pub struct Source<R> {
    reader: csv::Reader<Guarded<R>>,
    columns: Columns,
    currency: Currency,
    record: ByteRecord,
    /// The lines on which handles first stood, by the handle's hash.
    seen: HashMap<u64, u64>,
    /// The handles of the products of which not all rows can be read, by hash.
    incomplete: HashSet<u64>,
    pending: Pending,
    has_ended: bool,
}

/// A record of the file.
enum Record {
    Row {
        line: u64,
        handle: String,
        cells: StringRecord,
    },
    Bad {
        line: u64,
        handle: Option<String>,
        column: Option<String>,
        reason: String,
        /// It may hold what was meant for other records, as far as the next one.
        is_torn: bool,
    },
    /// The rest of the file is one open quote.
    Overlong {
        line: u64,
    },
}

/// The products of the next batch.
#[derive(Default)]
struct Pending {
    products: Vec<ProductRows>,
    by_handle: HashMap<String, usize>,
    outside: Batch,
}

impl Pending {
    fn is_full(&self) -> bool {
        let rows: u64 = self.products.iter().map(ProductRows::rows).sum();
        let bytes: usize = self.products.iter().map(ProductRows::bytes).sum();
        self.products.len() >= BATCH_PRODUCTS || rows >= BATCH_ROWS || bytes >= BATCH_BYTES
    }

    fn take(&mut self, columns: &Columns, incomplete: &HashSet<u64>) -> Batch {
        let Self { products, outside, .. } = std::mem::take(self);
        let finish = |product: ProductRows| {
            let is_whole = !incomplete.contains(&hash(product.handle()));
            product.finish(columns, is_whole)
        };
        let products: Vec<Parsed> = products.into_iter().map(finish).collect();
        let rows = outside.rows + products.iter().map(|product| product.rows).sum::<u64>();
        Batch { products, rows, ..outside }
    }
}

impl<R: Read + Seek> Source<R> {
    /// Reads the whole file once to learn which products can be read whole, and begins again.
    pub fn surveyed(mut reader: R, currency: Currency) -> Result<Self, Unreadable> {
        let incomplete = Source::open(&mut reader, currency)?.incomplete_handles()?;
        reader.rewind()?;
        Ok(Self { incomplete, ..Self::open(reader, currency)? })
    }
}

impl<R: Read> Source<R> {
    /// Reads the header.
    fn open(reader: R, currency: Currency) -> Result<Self, Unreadable> {
        let mut reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(Guarded::new(reader));
        let mut header = StringRecord::new();
        let found = reader.read_record(&mut header).map_err(unreadable)?;
        if !found {
            return Err(Unreadable::Empty);
        }
        let end = reader.position().byte();
        if let Some(bad) = reader.get_mut().quotes.bad_before(end) {
            return Err(Unreadable::Quote(bad));
        }
        let columns = Columns::read(header.iter())?;
        let (seen, incomplete) = (HashMap::new(), HashSet::new());
        let (record, pending) = (ByteRecord::new(), Pending::default());
        Ok(Self { reader, columns, currency, record, seen, incomplete, pending, has_ended: false })
    }

    /// The handles (their hashes) of products with rows that cannot be read or do not stand together.
    fn incomplete_handles(mut self) -> Result<HashSet<u64>, Unreadable> {
        let (mut seen, mut incomplete, mut last) = (HashSet::new(), HashSet::new(), None);
        let mut was_torn = false;
        while let Some(record) = self.next_record()? {
            match record {
                Record::Row { handle, .. } => {
                    let handle = hash(&handle);
                    let is_apart = Some(handle) != last && !seen.insert(handle);
                    incomplete.extend((is_apart || was_torn).then_some(handle));
                    (last, was_torn) = (Some(handle), false);
                }
                // What was swallowed may have been rows of the product before and of the one behind.
                Record::Bad { handle, is_torn: true, .. } => {
                    incomplete.extend(handle.as_deref().map(hash).into_iter().chain(last));
                    was_torn = true;
                }
                // One that names no product may have been meant for the one before it.
                Record::Bad { handle, .. } => incomplete.extend(handle.as_deref().map(hash).or(last)),
                Record::Overlong { .. } => incomplete.extend(last),
            }
        }
        Ok(incomplete)
    }

    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next products, in the file's order; none at the end.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Unreadable> {
        while let Some(record) = self.next_record()? {
            let full = match record {
                Record::Row { line, handle, cells } => self.place(handle, &cells, line),
                Record::Bad { line, handle, column, reason, .. } => {
                    self.reject_outside(line, column, handle, reason);
                    None
                }
                Record::Overlong { line } => {
                    let reason = format!(
                        "a record begins here that is longer than {MAX_RECORD} bytes, as if a quote were never \
                         closed; nothing from here on was read"
                    );
                    self.reject_outside(line, None, None, reason);
                    None
                }
            };
            if let Some(mut batch) = full {
                batch.bytes_read = self.reader.position().byte();
                return Ok(Some(batch));
            }
        }
        let mut batch = self.pending.take(&self.columns, &self.incomplete);
        batch.bytes_read = self.reader.position().byte();
        let is_empty = batch.products.is_empty() && batch.rejected.is_empty() && batch.rows == 0;
        Ok((!is_empty).then_some(batch))
    }

    /// Reads one record that is not blank; none at the end.
    fn next_record(&mut self) -> Result<Option<Record>, Unreadable> {
        while !self.has_ended {
            self.reader.get_mut().left = MAX_RECORD;
            let begin = self.reader.position().byte();
            let found = match self.reader.read_byte_record(&mut self.record) {
                Ok(found) => found,
                Err(error) if is_overlong(&error) => {
                    self.has_ended = true;
                    return Ok(Some(Record::Overlong { line: self.reader.get_mut().line_at(begin) }));
                }
                Err(error) => return Err(unreadable(error)),
            };
            self.has_ended = !found;
            let end = self.reader.position().byte();
            let guarded = self.reader.get_mut();
            let (line, bad_quote) = (guarded.line_at(begin), guarded.quotes.bad_before(end));
            if found && self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                return Ok(Some(self.checked(line, bad_quote.as_ref())));
            }
        }
        Ok(None)
    }

    /// The record as text with its handle, when it can be a row at all.
    fn checked(&self, line: u64, bad_quote: Option<&BadQuote>) -> Record {
        let handle = self.handle();
        let bad = |column: Option<&str>, reason: String| {
            let (column, is_torn) = (column.map(str::to_owned), bad_quote.is_some());
            Record::Bad { line, handle: handle.clone(), column, reason, is_torn }
        };
        if let Some(quote) = bad_quote {
            let column = (quote.cell < self.columns.len()).then(|| self.columns.name_at(quote.cell));
            return bad(column, quote.reason());
        }
        if self.record.len() > self.columns.len() {
            let reason = format!("has {} cells; the header has {}", self.record.len(), self.columns.len());
            return bad(None, reason);
        }
        let column = |at: usize| Some(self.columns.name_at(at));
        if let Some(at) = self.record.iter().position(|cell| cell.contains(&0)) {
            return bad(column(at), "contains a NUL character".to_owned());
        }
        let cells = match StringRecord::from_byte_record(self.record.clone()) {
            Ok(cells) => cells,
            Err(error) => return bad(column(error.utf8_error().field()), "is not UTF-8".to_owned()),
        };
        match handle {
            Some(handle) => Record::Row { line, handle, cells },
            None => bad(self.columns.name(Field::Handle), "is blank".to_owned()),
        }
    }

    /// The record's handle, if that much can be read.
    fn handle(&self) -> Option<String> {
        let cell = self.record.get(self.columns.at(Field::Handle)?)?;
        let handle = std::str::from_utf8(cell).ok()?.trim();
        (!handle.is_empty()).then(|| handle.to_lowercase())
    }

    /// Gives the row to its product; answers the batch that had to make room for a new one.
    fn place(&mut self, handle: String, record: &StringRecord, line: u64) -> Option<Batch> {
        let row = Row { columns: &self.columns, record, line };
        if let Some(at) = self.pending.by_handle.get(&handle) {
            self.pending.products[*at].add(&row, self.currency);
            return None;
        }
        if let Some(first) = self.seen.get(&hash(&handle)) {
            let reason =
                format!("`{}` has rows from line {first} on; a product's rows must stand together", clip(&handle));
            let column = self.columns.name(Field::Handle).map(str::to_owned);
            self.reject_outside(line, column, Some(handle), reason);
            return None;
        }
        let full = self.pending.is_full().then(|| self.pending.take(&self.columns, &self.incomplete));
        self.seen.insert(hash(&handle), line);
        self.pending.by_handle.insert(handle.clone(), self.pending.products.len());
        self.pending.products.push(ProductRows::start(handle, &row, self.currency));
        full
    }

    fn reject_outside(&mut self, line: u64, column: Option<String>, handle: Option<String>, reason: String) {
        let outside = &mut self.pending.outside;
        outside.rows += 1;
        outside.rejected_rows += 1;
        if outside.rejected.len() < MAX_REPORTED {
            outside.rejected.push(Rejection::new(line, column, handle, reason));
        }
    }
}

fn hash(handle: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    handle.hash(&mut hasher);
    hasher.finish()
}

/// Lets at most so many bytes pass until told otherwise, and knows their lines and quotes.
///
/// The CSV reader counts a line when it comes to a line feed, which is late where lines end in CR LF, early where
/// empty lines lie between records, and never where lines end in CR. So the beginnings of lines are noted here, as far
/// as has been read ahead.
struct Guarded<R> {
    inner: R,
    left: u64,
    offset: u64,
    line: u64,
    is_new: bool,
    last: u8,
    /// What ends a line, as the header's end has it: elsewhere a CR alone is text.
    line_end: Option<u8>,
    /// Byte and number of each line that is not empty.
    lines: VecDeque<(u64, u64)>,
    quotes: Quotes,
}

impl<R> Guarded<R> {
    fn new(inner: R) -> Self {
        let (lines, quotes) = (VecDeque::new(), Quotes::new());
        Self { inner, left: MAX_RECORD, offset: 0, line: 1, is_new: true, last: 0, line_end: None, lines, quotes }
    }

    fn note(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let is_end = matches!(byte, b'\r' | b'\n');
            if self.line_end.is_none() && self.last == b'\r' {
                self.line_end = Some(if byte == b'\n' { b'\n' } else { b'\r' });
                self.count(b'\r');
            } else if self.line_end.is_none() && byte == b'\n' {
                self.line_end = Some(b'\n');
            }
            self.quotes.take(byte, self.offset, self.line);
            if is_end {
                self.count(byte);
            } else if self.is_new {
                self.lines.push_back((self.offset, self.line));
                self.is_new = false;
            }
            self.last = byte;
            self.offset += 1;
        }
    }

    fn count(&mut self, end: u8) {
        if self.line_end == Some(end) {
            self.line += 1;
            self.is_new = true;
        }
    }

    /// The line of the record that begins at this byte or behind the empty lines there.
    fn line_at(&mut self, byte: u64) -> u64 {
        while self.lines.len() > 1 && self.lines.front().is_some_and(|(begin, _)| *begin < byte) {
            self.lines.pop_front();
        }
        self.lines.front().map_or(self.line, |(_, line)| *line)
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(Overlong));
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(&mut buffer[..most])?;
        self.left -= read as u64;
        if read == 0 {
            self.quotes.end();
        }
        self.note(&buffer[..read]);
        Ok(read)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a record is longer than {MAX_RECORD} bytes")]
struct Overlong;

fn is_overlong(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Overlong>()))
}

fn unreadable(error: csv::Error) -> Unreadable {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Unreadable::Io(error),
        _ => Unreadable::Encoding,
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
