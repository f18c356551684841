//! Bounds on a document, checked before anything expensive looks at it.
//!
//! In the order of use: [`scan`] reads the text once, before the parser, whose recursion it bounds; [`shape`]
//! walks the parsed document with one visit per fragment, before async-graphql's own walks, which take exponential
//! time on nested fragment spreads; [`cost`] estimates how many objects an operation may lead to.

mod cost;
mod scan;
mod shape;

pub use cost::cost;
pub use scan::scan;
pub use shape::{Measured, operation, shape};

use super::error::Code;

/// What a document may have at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: u64,
    pub tokens: u64,
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
    /// Fragment definitions.
    pub fragments: u64,
    /// Fragments expanded by an operation.
    pub spreads: u64,
    /// Objects that an operation may lead to, by the sizes of the lists it asks for.
    pub cost: u64,
}

impl Limits {
    /// Wide enough for the largest documents that storefronts are known to send (a page of 100 products with 250
    /// variants each costs about 80,000) and for introspection; narrow enough that no document within them takes
    /// longer than a few milliseconds to validate.
    pub const STANDARD: Self = Self {
        bytes: 64 << 10,
        tokens: 8_000,
        nesting: 60,
        depth: 24,
        selections: 10_000,
        root_fields: 50,
        aliases: 200,
        directives: 200,
        fragments: 100,
        spreads: 1_000,
        cost: 200_000,
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

/// Refuses `found` when it is more than `limit`.
fn within(what: &'static str, found: u64, limit: u64, code: Code) -> Result<(), Exceeded> {
    if found > limit { Err(Exceeded::Limit { what, limit, code }) } else { Ok(()) }
}
