//! Sees where quotes are not as CSV has them.
//!
//! The CSV reader takes what it gets: a quote that is never closed swallows the rest of the file into one cell, and
//! one too many swallows everything up to the next quote, wherever that stands. Both look like a row like any other.
//! So the same bytes pass through here, and a record in which a quote is open at the file's end, or in which text
//! follows a closing quote, is known to hold what was not meant for it.

use std::collections::VecDeque;

/// A quote at the wrong place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadQuote {
    /// The byte of the file at which it shows.
    pub at: u64,
    /// The cell's place in its record, from 0.
    pub cell: usize,
    /// The line on which the cell's opening quote stands.
    pub opened: u64,
    /// The line on which text follows the closing quote; none: there is no closing quote.
    pub closed: Option<u64>,
}

impl BadQuote {
    pub fn reason(&self) -> String {
        let Self { opened, closed, .. } = self;
        match closed {
            None => format!("the quote that opens on line {opened} is never closed; nothing behind it was read"),
            Some(closed) => format!(
                "the quote that opens on line {opened} closes on line {closed}, and text follows: a quote is missing, \
                 or one too many; a quote within quotes is written twice"
            ),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of the cell has been read.
    Begin,
    /// Within a cell without quotes: one that comes now is text.
    Plain,
    Quoted,
    /// Behind a quote within quotes, which either closes them or is the first of two.
    Closed,
    /// Behind a closing quote and blanks, which are harmless.
    Blank,
}

/// Follows the quotes of a file, byte by byte.
pub struct Quotes {
    state: State,
    cell: usize,
    opened_at: u64,
    opened_on: u64,
    is_bad: bool,
    /// In the order of the file, at most one a record: as far as has been read ahead.
    found: VecDeque<BadQuote>,
}

impl Quotes {
    pub fn new() -> Self {
        Self { state: State::Begin, cell: 0, opened_at: 0, opened_on: 1, is_bad: false, found: VecDeque::new() }
    }

    /// Takes the byte at this place of the file, on this line.
    pub fn take(&mut self, byte: u8, at: u64, line: u64) {
        match (self.state, byte) {
            (State::Quoted, b'"') => self.state = State::Closed,
            (State::Closed, b'"') => self.state = State::Quoted,
            (State::Quoted, _) => {}
            (_, b',') => {
                self.state = State::Begin;
                self.cell += 1;
            }
            (_, b'\n' | b'\r') => {
                self.state = State::Begin;
                self.cell = 0;
                self.is_bad = false;
            }
            (State::Begin, b'"') => {
                self.state = State::Quoted;
                (self.opened_at, self.opened_on) = (at, line);
            }
            (State::Begin, _) if is_byte_order_mark(byte, at) => {}
            (State::Begin | State::Plain, _) => self.state = State::Plain,
            (State::Closed | State::Blank, b' ' | b'\t') => self.state = State::Blank,
            (State::Closed | State::Blank, _) => {
                self.state = State::Plain;
                self.note(at, Some(line));
            }
        }
    }

    /// Takes the file's end.
    pub fn end(&mut self) {
        if self.state == State::Quoted {
            self.state = State::Begin;
            self.note(self.opened_at, None);
        }
    }

    fn note(&mut self, at: u64, closed: Option<u64>) {
        if !self.is_bad {
            self.is_bad = true;
            self.found.push_back(BadQuote { at, cell: self.cell, opened: self.opened_on, closed });
        }
    }

    /// The first bad quote before this byte, where a record ends; those before it are done with.
    pub fn bad_before(&mut self, end: u64) -> Option<BadQuote> {
        let mut first = None;
        while self.found.front().is_some_and(|bad| bad.at < end) {
            first = first.or(self.found.pop_front());
        }
        first
    }
}

fn is_byte_order_mark(byte: u8, at: u64) -> bool {
    usize::try_from(at).is_ok_and(|at| "\u{feff}".as_bytes().get(at) == Some(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cell, opening and closing line of every bad quote.
    fn bad(text: &str) -> Vec<(usize, u64, Option<u64>)> {
        let (mut quotes, mut line) = (Quotes::new(), 1);
        for (at, byte) in (0..).zip(text.bytes()) {
            quotes.take(byte, at, line);
            line += u64::from(byte == b'\n');
        }
        quotes.end();
        quotes.found.iter().map(|bad| (bad.cell, bad.opened, bad.closed)).collect()
    }

    #[test]
    fn quotes_as_csv_has_them_are_fine() {
        for text in [
            "a,\"b,\"\"c\"\"\nd\",e\r\n",
            "\u{feff}\"Handle, or so\",b\n",
            "5\" pipe,say \"no\"\n",
            "\"a\" ,\"\"\t,\"\"\"\"\n\n\"b\"",
        ] {
            assert_eq!(bad(text), [], "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_is_open_at_the_end_or_followed_by_text_is_bad() {
        assert_eq!(bad("a,b\nc,\"d,e\nf,g\n"), [(1, 2, None)]);
        assert_eq!(bad("a,\"b,c\nd,\"e\",f\n"), [(1, 1, Some(2))]);
        assert_eq!(bad("\"a\" \"b\"\n\"c\"d\",\"e\"f\n"), [(0, 1, Some(1)), (0, 2, Some(2))]);
    }
}
