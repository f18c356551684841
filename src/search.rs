//! The search syntax of every list's `query`: words and quoted phrases, `field:value`, comparators
//! (`price:>=10`, `created_at:<2026-01-01`), beginnings (`vendor:acme*`), AND (which may be left out), OR, NOT (or a
//! minus in front), parentheses. NOT binds closer than AND, AND closer than OR.
//!
//! A list says what its fields are: [`parse`] asks it to read each [`Term`]. What is wrong is said with its place.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::ids::Gid;

/// Longest query, in characters.
const MAX_QUERY: usize = 1000;
/// Most terms a query has, and how deep they may be nested.
const MAX_TERMS: usize = 25;

/// What is wrong with a query, and at which character (from 1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`query`, character {at}: {message}")]
pub struct BadQuery {
    pub at: usize,
    pub message: String,
}

impl BadQuery {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at: at + 1, message: message.into() }
    }
}

/// Conditions, put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query<T> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Is(T),
}

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    /// Only its beginning is given.
    pub is_prefix: bool,
}

impl Text {
    pub fn whole(value: impl Into<String>) -> Self {
        Self { value: value.into(), is_prefix: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparator {
    Equal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// `field:value`, or a word or phrase alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    at: usize,
    /// In lower case.
    pub field: Option<String>,
    comparator: Comparator,
    text: Text,
}

impl Term {
    /// Says what is wrong with this term.
    pub fn bad(&self, message: impl Into<String>) -> BadQuery {
        BadQuery::new(self.at, message)
    }

    /// For a field that there is not; `known` names those there are.
    pub fn unknown_field(&self, known: &[&str]) -> BadQuery {
        let field = self.field.as_deref().unwrap_or_default();
        self.bad(format!("there is no field \"{field}\"; there are {}", known.join(", ")))
    }

    /// The value as a text, which may be a beginning.
    pub fn text(&self) -> Result<Text, BadQuery> {
        match self.comparator {
            Comparator::Equal => Ok(self.text.clone()),
            _ => Err(self.bad(format!("{} is a text: it cannot be compared by size", self.name()))),
        }
    }

    /// The value itself.
    pub fn exact(&self) -> Result<&str, BadQuery> {
        self.value_of(self.comparator == Comparator::Equal)
    }

    /// The value as one of these.
    pub fn one_of<V: Copy>(&self, values: &[(&str, V)]) -> Result<V, BadQuery> {
        let value = self.exact()?;
        let found = values.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
        let names = || values.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        found.map(|(_, value)| *value).ok_or_else(|| self.bad(format!("{} is one of {}", self.name(), names())))
    }

    /// The value as a global id of this kind, or what is behind its last slash.
    pub fn id(&self, kind: &str) -> Result<Uuid, BadQuery> {
        let value = self.exact()?;
        let id = Gid::of(value, kind).or_else(|| value.parse().ok());
        id.ok_or_else(|| self.bad(format!("{} is the id of a {kind}", self.name())))
    }

    /// From which number on and below which one, as far as either is bounded.
    pub fn numbers(&self, read: impl FnOnce(&str) -> Option<i64>) -> Result<Bounds<i64>, BadQuery> {
        let number = read(self.value_of(true)?).ok_or_else(|| self.bad(format!("{} is a number", self.name())))?;
        Ok(self.bounds(number, number.saturating_add(1)))
    }

    /// From which moment on and before which one. A date is its whole day, in UTC.
    pub fn moments(&self) -> Result<Bounds<DateTime<Utc>>, BadQuery> {
        let value = self.value_of(true)?;
        let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
        let day = day.and_then(|from| Some((from, from.checked_add_days(Days::new(1))?)));
        let moment = || DateTime::parse_from_rfc3339(value).ok().map(|moment| moment.to_utc());
        // The database keeps microseconds.
        let moment = || moment().and_then(|from| Some((from, from.checked_add_signed(TimeDelta::microseconds(1))?)));
        let (from, until) =
            day.or_else(moment).filter(|(from, _)| from.timestamp().abs() < MAX_SECONDS).ok_or_else(|| {
                self.bad(format!("{} is a date like 2026-01-31 or a time like 2026-01-31T12:00:00Z", self.name()))
            })?;
        Ok(self.bounds(from, until))
    }

    fn bounds<V>(&self, from: V, until: V) -> Bounds<V> {
        match self.comparator {
            Comparator::Equal => (Some(from), Some(until)),
            Comparator::Above => (Some(until), None),
            Comparator::AtLeast => (Some(from), None),
            Comparator::Below => (None, Some(from)),
            Comparator::AtMost => (None, Some(until)),
        }
    }

    fn value_of(&self, may_be_compared: bool) -> Result<&str, BadQuery> {
        if self.text.is_prefix || !may_be_compared {
            return Err(self.bad(format!("{} takes its exact value", self.name())));
        }
        Ok(&self.text.value)
    }

    fn name(&self) -> &str {
        self.field.as_deref().unwrap_or("a word")
    }
}

/// From (inclusive) and until (exclusive).
pub type Bounds<V> = (Option<V>, Option<V>);

/// What is within bounds, by a list's conditions for either end.
pub fn within<T, V>((from, until): Bounds<V>, since: impl FnOnce(V) -> T, before: impl FnOnce(V) -> T) -> Query<T> {
    Query::All(from.map(since).into_iter().chain(until.map(before)).map(Query::Is).collect())
}

/// Beyond the year 9999 the database may not follow.
const MAX_SECONDS: i64 = 253_402_300_800;

/// Reads a query: all of what is answered must be true. `read` says what a term means in this list.
pub fn parse<T>(query: &str, read: impl Fn(&Term) -> Result<Query<T>, BadQuery>) -> Result<Vec<Query<T>>, BadQuery> {
    if query.chars().nth(MAX_QUERY).is_some() {
        return Err(BadQuery::new(MAX_QUERY, format!("the query is longer than {MAX_QUERY} characters")));
    }
    let tokens = tokens(query)?;
    if tokens.iter().filter(|(_, token)| matches!(token, Token::Term(_))).count() > MAX_TERMS {
        return Err(BadQuery::new(0, format!("the query has more than {MAX_TERMS} terms")));
    }
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let end = query.chars().count();
    let mut parser = Parser { tokens: &tokens, end, depth: 0, read: &read };
    let found = parser.any()?;
    match (parser.tokens.first(), found) {
        (Some((at, _)), _) => Err(BadQuery::new(*at, "there is no parenthesis to close")),
        (None, Query::All(all)) => Ok(all),
        (None, one) => Ok(vec![one]),
    }
}

/// Every word must occur: what a shopper types, without any syntax.
pub fn words<T>(text: &str, read: impl Fn(Text) -> T) -> Vec<Query<T>> {
    text.split_whitespace().take(MAX_TERMS).map(|word| Query::Is(read(Text::whole(word)))).collect()
}

#[derive(Debug)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Term(Term),
}

struct Parser<'a, T> {
    tokens: &'a [(usize, Token)],
    end: usize,
    depth: usize,
    read: &'a dyn Fn(&Term) -> Result<Query<T>, BadQuery>,
}

impl<T> Parser<'_, T> {
    fn take(&mut self, is: impl FnOnce(&Token) -> bool) -> bool {
        let found = self.tokens.first().is_some_and(|(_, token)| is(token));
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn any(&mut self) -> Result<Query<T>, BadQuery> {
        let mut any = vec![self.all()?];
        while self.take(|token| matches!(token, Token::Or)) {
            any.push(self.all()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Query::Any(any) })
    }

    fn all(&mut self) -> Result<Query<T>, BadQuery> {
        let mut all = vec![self.one()?];
        while self.tokens.first().is_some_and(|(_, token)| !matches!(token, Token::Or | Token::Close)) {
            self.take(|token| matches!(token, Token::And));
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Query::All(all) })
    }

    fn one(&mut self) -> Result<Query<T>, BadQuery> {
        let Some(((at, token), rest)) = self.tokens.split_first() else {
            return Err(BadQuery::new(self.end, "a term is missing at the end"));
        };
        self.tokens = rest;
        self.depth += 1;
        if self.depth > MAX_TERMS {
            return Err(BadQuery::new(*at, format!("more than {MAX_TERMS} parentheses and NOTs inside each other")));
        }
        let found = match token {
            Token::Term(term) => (self.read)(term)?,
            Token::Not => Query::Not(Box::new(self.one()?)),
            Token::Open => {
                let inner = self.any()?;
                if !self.take(|token| matches!(token, Token::Close)) {
                    return Err(BadQuery::new(*at, "the parenthesis is not closed"));
                }
                inner
            }
            Token::And => return Err(BadQuery::new(*at, "AND stands between two terms")),
            Token::Or => return Err(BadQuery::new(*at, "OR stands between two terms")),
            Token::Close => return Err(BadQuery::new(*at, "a term is missing before the parenthesis")),
        };
        self.depth -= 1;
        Ok(found)
    }
}

fn tokens(query: &str) -> Result<Vec<(usize, Token)>, BadQuery> {
    let chars: Vec<char> = query.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(char) = chars.get(at) {
        let token = match char {
            char if char.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' => Token::Open,
            ')' => Token::Close,
            '-' => Token::Not,
            _ => {
                let (token, end) = term(&chars, at)?;
                tokens.push((at, token));
                at = end;
                continue;
            }
        };
        tokens.push((at, token));
        at += 1;
    }
    Ok(tokens)
}

/// A term or an operator in capitals, and where it ends.
fn term(chars: &[char], start: usize) -> Result<(Token, usize), BadQuery> {
    let (text, is_quoted, end) = piece(chars, start, true)?;
    let (mut field, mut comparator, mut value, mut at) = (None, Comparator::Equal, text, end);
    if !is_quoted && chars.get(at) == Some(&':') {
        if value.is_prefix {
            return Err(BadQuery::new(at - 1, "an asterisk stands at the end of a value"));
        }
        field = Some(value.value.to_lowercase());
        (comparator, at) = self::comparator(chars, at + 1);
        if chars.get(at).is_none_or(|char| char.is_whitespace()) {
            return Err(BadQuery::new(end, "a value is missing behind the colon"));
        }
        (value, _, at) = piece(chars, at, false)?;
    } else if !is_quoted && !value.is_prefix {
        match value.value.as_str() {
            "AND" => return Ok((Token::And, at)),
            "OR" => return Ok((Token::Or, at)),
            "NOT" => return Ok((Token::Not, at)),
            _ => {}
        }
    }
    Ok((Token::Term(Term { at: start, field, comparator, text: value }), at))
}

fn comparator(chars: &[char], at: usize) -> (Comparator, usize) {
    match (chars.get(at), chars.get(at + 1)) {
        (Some('>'), Some('=')) => (Comparator::AtLeast, at + 2),
        (Some('<'), Some('=')) => (Comparator::AtMost, at + 2),
        (Some('>'), _) => (Comparator::Above, at + 1),
        (Some('<'), _) => (Comparator::Below, at + 1),
        (Some('='), _) => (Comparator::Equal, at + 1),
        _ => (Comparator::Equal, at),
    }
}

/// A quoted phrase or a run of plain characters: the text, whether it was quoted, and where it ends.
fn piece(chars: &[char], start: usize, before_colon: bool) -> Result<(Text, bool, usize), BadQuery> {
    if let Some(quote @ ('"' | '\'')) = chars.get(start) {
        let (value, end) = quoted(chars, start, *quote)?;
        return Ok((Text::whole(value), true, end));
    }
    let mut text = Text::whole("");
    let mut at = start;
    while let Some(char) = chars.get(at).filter(|char| !char.is_whitespace() && !matches!(char, '(' | ')')) {
        if before_colon && *char == ':' {
            break;
        }
        if text.is_prefix {
            return Err(BadQuery::new(at - 1, "an asterisk stands at the end of a value; put it in quotes otherwise"));
        }
        match char {
            '"' | '<' | '>' | '=' | '\0' => {
                return Err(BadQuery::new(at, format!("{char:?} is not supported here; put it in quotes")));
            }
            '*' => text.is_prefix = true,
            char => text.value.push(*char),
        }
        at += 1;
    }
    if text.value.is_empty() {
        let message = if text.is_prefix { "a beginning is missing before the asterisk" } else { "a term is missing" };
        return Err(BadQuery::new(start, message));
    }
    Ok((text, false, at))
}

/// What stands between two quotes, and where the second one is.
fn quoted(chars: &[char], start: usize, quote: char) -> Result<(String, usize), BadQuery> {
    let mut text = String::new();
    let mut at = start + 1;
    while let Some(char) = chars.get(at) {
        match char {
            '\\' if chars.get(at + 1).is_some_and(|next| *next != '\0') => {
                text.push(chars[at + 1]);
                at += 1;
            }
            char if *char == quote && text.is_empty() => return Err(BadQuery::new(start, "a term is empty")),
            char if *char == quote => return Ok((text, at + 1)),
            '\0' => return Err(BadQuery::new(at, "a NUL character is not allowed")),
            char => text.push(*char),
        }
        at += 1;
    }
    Err(BadQuery::new(start, "the quote is not closed"))
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
