//! The GraphQL spine: what every slice's `graphql.rs` builds on. No business rule.

pub mod connection;
pub mod error;
pub mod loader;
pub mod plain;
pub mod scalars;
pub mod schema;
pub mod scope;
