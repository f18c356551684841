//! The GraphQL spine: what every slice's `graphql.rs` builds on. No business rule.

pub mod absent;
pub mod budget;
pub mod connection;
pub mod directives;
pub mod error;
pub mod guard;
pub mod idempotent;
pub mod interfaces;
pub mod known;
pub mod limits;
pub mod loader;
pub mod metafield;
pub mod node;
pub mod nul;
pub mod plain;
pub mod root;
pub mod scalars;
pub mod schema;
pub mod scope;
pub mod seo;
pub mod shown;
pub mod tags;
pub mod user_error;
