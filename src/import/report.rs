//! What came of an import.

use std::borrow::Cow;

use serde::Serialize;

/// A row that did not go in, or a part of the file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The line on which the row begins; the header is on line 1.
    pub line: u64,
    /// The column at fault, as the file names it, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    pub reason: String,
}

/// Handles, columns and what is quoted of cells are told up to this many characters,
const MAX_QUOTED: usize = 100;
/// and reasons up to this many: a cell may hold megabytes.
const MAX_REASON: usize = 500;

impl Rejection {
    pub fn new(line: u64, column: Option<String>, handle: Option<String>, reason: String) -> Self {
        let name = |text: String| clip(&text).into_owned();
        Self {
            line,
            column: column.map(name),
            handle: handle.map(name),
            reason: begin(&reason, MAX_REASON).into_owned(),
        }
    }
}

/// A text as it is told: its beginning, when it is long.
pub fn clip(text: &str) -> Cow<'_, str> {
    begin(text, MAX_QUOTED)
}

fn begin(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The numbers at the end; of a dry run, what they would have been.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub dry_run: bool,
    /// Rows of the file, without the header.
    pub rows: u64,
    pub products: ProductCounts,
    /// Variants of the products that went in, as the file has them.
    pub variants: u64,
    /// Variants whose stock was set because that was asked for.
    pub stock_set: u64,
    pub rejected_rows: u64,
    /// At most [`MAX_REPORTED`] of them.
    pub rejections: Vec<Rejection>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProductCounts {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
}

/// How many rejections are told one by one: the report's memory is bounded, too.
pub const MAX_REPORTED: usize = 10_000;

impl Report {
    /// Notes a rejection. Several may concern one row: `rejected_rows` is counted apart.
    pub fn reject(&mut self, rejection: Rejection) {
        if self.rejections.len() < MAX_REPORTED {
            self.rejections.push(rejection);
        }
    }

    pub fn is_clean(&self) -> bool {
        self.rejected_rows == 0 && self.rejections.is_empty()
    }
}
