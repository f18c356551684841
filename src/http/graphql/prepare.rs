//! From a text to a document that is safe to validate and execute: parsed once, within the limits.

use std::sync::Arc;

use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::answer::Refused;
use crate::graphql::error::Code;
use crate::graphql::limits::{self, Exceeded, Limits};
use crate::graphql::nul;

/// A parsed document that has passed every limit that does not depend on variables.
#[derive(Debug)]
pub struct Prepared {
    pub document: ExecutableDocument,
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
/// on who sent it.
pub struct Documents(Cache<Box<str>, Arc<Prepared>, TextWeight>);

/// What the cached documents may weigh, as [`TextWeight`] reckons: some 16 MiB.
const CACHED_BYTES: u64 = 16 << 20;

/// A parsed document takes about this many times its text.
const PARSED_TO_TEXT: u64 = 16;

#[derive(Clone)]
struct TextWeight;

impl Weighter<Box<str>, Arc<Prepared>> for TextWeight {
    fn weight(&self, text: &Box<str>, _: &Arc<Prepared>) -> u64 {
        (text.len() as u64 + 64) * PARSED_TO_TEXT
    }
}

impl Default for Documents {
    fn default() -> Self {
        Self(Cache::with_weighter(1_000, CACHED_BYTES, TextWeight))
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
    limits::scan(text, limits)?;
    let document =
        parse_query(text).map_err(|error| Refused::errors(Code::ParseFailed, vec![ServerError::from(error)]))?;
    limits::shape(&document, limits)?;
    if let Some(place) = nul::in_document(&document) {
        return Err(Refused::nul(&place));
    }
    Ok(Arc::new(Prepared { document }))
}

impl From<Exceeded> for Refused {
    fn from(exceeded: Exceeded) -> Self {
        Self::document(exceeded.code(), exceeded.to_string())
    }
}
