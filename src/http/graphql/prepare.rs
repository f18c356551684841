//! From a text to a document that is safe to validate and execute: parsed once, within the limits.

use std::sync::Arc;

use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::answer::Refused;
use super::seen::Seen;
use super::subscription;
use crate::graphql::error::Code;
use crate::graphql::limits::{self, Exceeded, Limits, Measured, Uses};
use crate::graphql::nul;

/// A parsed document that has passed every limit that does not depend on variables.
#[derive(Debug)]
pub struct Prepared {
    pub document: ExecutableDocument,
    /// How it uses its variables.
    pub uses: Uses,
    /// What earlier requests have found out about it.
    pub seen: Seen,
    /// Whether it asks for the schema.
    pub introspects: bool,
    /// Bytes that its selections and values take.
    parts: u64,
}

impl Prepared {
    /// The operation that a request means, with its name.
    pub fn operation(&self, name: Option<&str>) -> Result<&OperationDefinition, Refused> {
        limits::operation(&self.document, name).ok_or_else(|| {
            let text = match name {
                Some(name) => format!("the document has no operation named \"{name}\""),
                None => "the document has several operations: say which by `operationName`".to_owned(),
            };
            Refused::document(Code::ValidationFailed, text)
        })
    }

    /// The operation's own name, also where the request leaves it out because there is only one.
    pub fn operation_name<'a>(&'a self, name: Option<&'a str>) -> Option<&'a str> {
        name.or_else(|| self.document.operations.iter().next().and_then(|(only, _)| only.map(|only| only.as_str())))
    }
}

/// Documents by their text: clients send the same few over and over. What is in here depends on the text alone, never
/// on who sent it or with what.
pub struct Documents(Cache<Box<str>, Arc<Prepared>, Weight>);

/// What the cached documents may weigh, as [`Weight`] reckons: about as many bytes.
const CACHED_BYTES: u64 = 24 << 20;
/// Bytes that a selection takes, however short its name is.
const PER_SELECTION: u64 = 256;
/// The same of arguments and values, spread over their tokens.
const PER_TOKEN: u64 = 96;
/// Bytes of a document beside all of that.
const PER_DOCUMENT: u64 = 1 << 10;

#[derive(Clone)]
struct Weight;

impl Weighter<Box<str>, Arc<Prepared>> for Weight {
    fn weight(&self, text: &Box<str>, prepared: &Arc<Prepared>) -> u64 {
        // The text is kept as the key, and once more in names and strings.
        PER_DOCUMENT + 2 * text.len() as u64 + prepared.parts
    }
}

impl Default for Documents {
    fn default() -> Self {
        Self(Cache::with_weighter(1_000, CACHED_BYTES, Weight))
    }
}

impl Documents {
    /// Parses and bounds a text, or remembers that it has.
    pub fn prepare(&self, text: &str) -> Result<Arc<Prepared>, Refused> {
        if let Some(prepared) = self.0.get(text) {
            return Ok(prepared);
        }
        let prepared = prepare(text)?;
        self.0.insert(text.into(), prepared.clone());
        Ok(prepared)
    }
}

/// Parses and bounds a text. The same text always leads to the same answer.
fn prepare(text: &str) -> Result<Arc<Prepared>, Refused> {
    let limits = &Limits::STANDARD;
    let tokens = limits::scan(text, limits)?;
    let mut document =
        parse_query(text).map_err(|error| Refused::errors(Code::ParseFailed, vec![ServerError::from(error)]))?;
    let Measured { steps, introspects } = limits::shape(&document, limits)?;
    limits::unknown(&document, limits)?;
    if let Some(place) = nul::in_document(&document) {
        return Err(Refused::nul(&place));
    }
    let uses = Uses::of(&document);
    subscription::flatten(&mut document)?;
    let parts = PER_SELECTION * steps + PER_TOKEN * tokens;
    Ok(Arc::new(Prepared { document, uses, seen: Seen::default(), introspects, parts }))
}

impl From<Exceeded> for Refused {
    fn from(exceeded: Exceeded) -> Self {
        Self::document(exceeded.code(), exceeded.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_holds_no_more_than_it_may_of_documents_that_are_all_fields() {
        let documents = Documents::default();
        for n in 0..100 {
            documents.prepare(&format!("{{ shop {{ {} }} }} #{n}", "id ".repeat(7_000))).expect("a document");
        }
        assert!(documents.0.weight() <= CACHED_BYTES);
        // 7,000 selections of more than 150 bytes each.
        assert!((1..20).contains(&documents.0.len()), "{}", documents.0.len());
    }
}
