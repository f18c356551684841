//! Bounds on a document, checked before anything expensive looks at it.
//!
//! In the order of use: [`scan`] reads the text once, before the parser, whose recursion it bounds; [`shape`]
//! walks the parsed document with one visit per fragment, before async-graphql's own walks, which take exponential
//! time on nested fragment spreads; [`unknown`] bounds what validation would look for in vain; [`Uses`] bounds what an
//! operation's variables come to where they are used; [`cost`] estimates how much an operation may lead to.

mod cost;
mod introspection;
mod scan;
mod shape;
mod unknown;
mod variables;

pub use cost::{VALUE_BYTES, cost, of_answer};
pub use scan::scan;
pub use shape::{Measured, operation, shape};
pub use unknown::unknown;
pub use variables::Uses;

use async_graphql::parser::types::OperationType;
use async_graphql::registry::Registry;

use super::error::Code;

/// What a document may have at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: u64,
    pub tokens: u64,
    /// Bytes of a name.
    pub name: u64,
    /// Bytes in names of fields that do not exist.
    pub unknown: u64,
    /// Brackets inside brackets, of any kind; and selection sets inside selection sets, spreads followed.
    pub nesting: u64,
    /// Fields inside fields.
    pub depth: u64,
    /// Fields, spreads and inline fragments, every spread followed, summed over operations and fragments.
    pub selections: u64,
    /// Fields at the root of an operation.
    pub root_fields: u64,
    pub aliases: u64,
    pub directives: u64,
    /// Operation definitions.
    pub operations: u64,
    /// Fragment definitions.
    pub fragments: u64,
    /// Fragments expanded by an operation.
    pub spreads: u64,
    /// Lists of the schema's types and fields inside each other: how far the schema's description of itself is
    /// followed round in circles. Clients need one, and what a type's `ofType` leads to is no list.
    pub introspection: u64,
    /// Bytes of the variables' values as JSON, each as often as the document uses it: a value is copied at every use.
    pub variables: u64,
    /// Objects that an operation may lead to, by the sizes of the lists it asks for; four values without fields of
    /// their own count as one.
    pub cost: u64,
}

impl Limits {
    /// Wide enough for the largest documents that storefronts are known to send (a page of 100 products with 250
    /// variants each costs about 110,000) and for introspection; narrow enough that no document within them takes
    /// longer than a few milliseconds to validate.
    pub const STANDARD: Self = Self {
        bytes: 64 << 10,
        tokens: 8_000,
        name: 255,
        unknown: 4 << 10,
        nesting: 60,
        depth: 24,
        selections: 10_000,
        root_fields: 50,
        aliases: 200,
        directives: 200,
        operations: 50,
        fragments: 100,
        spreads: 1_000,
        introspection: 2,
        variables: 4 << 20,
        cost: 250_000,
    };
}

/// Which limit a document passes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    #[error("the document has more than {limit} {what}")]
    Limit { what: &'static str, limit: u64, code: Code },
    #[error("the fragment \"{0}\" contains itself")]
    Cycle(String),
}

impl Exceeded {
    pub fn code(&self) -> Code {
        match self {
            Self::Limit { code, .. } => *code,
            Self::Cycle(_) => Code::ValidationFailed,
        }
    }
}

/// The name of the type that an operation of this kind selects from.
fn root(registry: &Registry, kind: OperationType) -> Option<&str> {
    match kind {
        OperationType::Query => Some(&registry.query_type),
        OperationType::Mutation => registry.mutation_type.as_deref(),
        OperationType::Subscription => registry.subscription_type.as_deref(),
    }
}

/// Refuses `found` when it is more than `limit`.
fn within(what: &'static str, found: u64, limit: u64, code: Code) -> Result<(), Exceeded> {
    if found > limit { Err(Exceeded::Limit { what, limit, code }) } else { Ok(()) }
}
