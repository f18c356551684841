//! The search syntax, a first part of it: field terms, quoted phrases, words, AND.

use super::list::{Condition, Conditions};

/// Longest query, in characters.
const MAX_QUERY: usize = 1000;
/// Most terms a query has.
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

/// Reads `tag:summer AND vendor:"Acme & Sons" blue`.
pub fn parse_query(query: &str) -> Result<Conditions, BadQuery> {
    if query.chars().nth(MAX_QUERY).is_some() {
        return Err(BadQuery::new(MAX_QUERY, format!("the query is longer than {MAX_QUERY} characters")));
    }
    let mut conditions = Conditions::new();
    let mut after_and = None;
    for token in tokens(query)? {
        match token.text.as_str() {
            "AND" if token.bare => {
                if conditions.is_empty() || after_and.is_some() {
                    return Err(BadQuery::new(token.at, "AND stands between two terms"));
                }
                after_and = Some(token.at);
                continue;
            }
            "OR" | "NOT" if token.bare => {
                return Err(BadQuery::new(token.at, format!("{} is not supported yet", token.text)));
            }
            _ => conditions.push(vec![condition(token)?]),
        }
        after_and = None;
        if conditions.len() > MAX_TERMS {
            return Err(BadQuery::new(0, format!("the query has more than {MAX_TERMS} terms")));
        }
    }
    match after_and {
        Some(at) => Err(BadQuery::new(at, "AND stands between two terms")),
        None => Ok(conditions),
    }
}

/// Every word must occur: what a shopper types, without any syntax.
pub fn words(text: &str) -> Conditions {
    let word = |word: &str| vec![Condition::Text(word.to_owned())];
    text.split_whitespace().filter(|word| *word != "\0").take(MAX_TERMS).map(word).collect()
}

/// A term as it is written.
struct Token {
    at: usize,
    field: Option<String>,
    text: String,
    /// Without field and without quotes: may be an operator.
    bare: bool,
}

fn condition(token: Token) -> Result<Condition, BadQuery> {
    let Token { at, field, text, .. } = token;
    let Some(field) = field else { return Ok(Condition::Text(text)) };
    match (field.as_str(), text.as_str()) {
        ("tag", _) => Ok(Condition::Tag(text)),
        ("vendor", _) => Ok(Condition::Vendor(text)),
        ("product_type", _) => Ok(Condition::ProductType(text)),
        ("title", _) => Ok(Condition::Title(text)),
        ("available_for_sale", "true") => Ok(Condition::Available(true)),
        ("available_for_sale", "false") => Ok(Condition::Available(false)),
        ("available_for_sale", _) => Err(BadQuery::new(at, "available_for_sale is true or false")),
        _ => Err(BadQuery::new(
            at,
            format!("there is no field \"{field}\"; there are tag, vendor, product_type, title and available_for_sale"),
        )),
    }
}

fn tokens(query: &str) -> Result<Vec<Token>, BadQuery> {
    let chars: Vec<char> = query.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let (mut field, mut text, quoted);
        (text, quoted, at) = piece(&chars, at)?;
        field = None;
        if !quoted && chars.get(at) == Some(&':') {
            field = Some(text.to_lowercase());
            if chars.get(at + 1).is_none_or(|char| char.is_whitespace()) {
                return Err(BadQuery::new(at, "a value is missing behind the colon"));
            }
            (text, _, at) = piece(&chars, at + 1)?;
            if chars.get(at) == Some(&':') {
                return Err(BadQuery::new(at, "put a value with a colon in quotes"));
            }
        }
        if text.is_empty() {
            return Err(BadQuery::new(start, "a term is empty"));
        }
        let bare = field.is_none() && !quoted;
        tokens.push(Token { at: start, field, text, bare });
    }
    Ok(tokens)
}

/// A quoted phrase or a run of plain characters: the text, whether it was quoted, and where it ends.
fn piece(chars: &[char], start: usize) -> Result<(String, bool, usize), BadQuery> {
    let mut text = String::new();
    if let Some(quote @ ('"' | '\'')) = chars.get(start) {
        let mut at = start + 1;
        while let Some(char) = chars.get(at) {
            match char {
                '\\' if chars.get(at + 1).is_some() => {
                    text.push(chars[at + 1]);
                    at += 1;
                }
                char if char == quote => return Ok((text, true, at + 1)),
                '\0' => return Err(BadQuery::new(at, "a NUL character is not allowed")),
                char => text.push(*char),
            }
            at += 1;
        }
        return Err(BadQuery::new(start, "the quote is not closed"));
    }
    let mut at = start;
    while let Some(char) = chars.get(at).filter(|char| !char.is_whitespace() && **char != ':') {
        match char {
            '(' | ')' | '"' | '<' | '>' | '=' | '*' | '\0' => {
                return Err(BadQuery::new(at, format!("{char:?} is not supported here; put it in quotes")));
            }
            '-' if at == start => return Err(BadQuery::new(at, "a leading minus is not supported yet")),
            char => text.push(*char),
        }
        at += 1;
    }
    if text.is_empty() {
        return Err(BadQuery::new(start, "a term is missing before the colon"));
    }
    Ok((text, false, at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn single(condition: Condition) -> Vec<Condition> {
        vec![condition]
    }

    #[test]
    fn terms_are_read() {
        let read = parse_query(r#"tag:summer AND vendor:"Acme \"&\" Sons"  available_for_sale:true blue 'two words'"#);
        assert_eq!(
            read,
            Ok(vec![
                single(Condition::Tag("summer".into())),
                single(Condition::Vendor("Acme \"&\" Sons".into())),
                single(Condition::Available(true)),
                single(Condition::Text("blue".into())),
                single(Condition::Text("two words".into())),
            ])
        );
        assert_eq!(parse_query("  "), Ok(vec![]));
        assert_eq!(parse_query("\"AND\""), Ok(vec![single(Condition::Text("AND".into()))]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (query, at) in [
            ("tag:", 4),
            ("tag: x", 4),
            ("blue OR red", 6),
            ("NOT blue", 1),
            ("-blue", 1),
            ("(blue)", 1),
            ("colour:blue", 1),
            ("a \"open", 3),
            ("AND a", 1),
            ("a AND", 3),
            ("a AND AND b", 7),
            ("price:>10", 7),
            ("title:foo*", 10),
            ("a:b:c", 4),
            (":x", 1),
            ("available_for_sale:maybe", 1),
        ] {
            assert_eq!(parse_query(query).map_err(|bad| bad.at), Err(at), "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_answered(query in "\\PC{0,60}") {
            let _ = parse_query(&query);
            let _ = words(&query);
        }
    }
}
