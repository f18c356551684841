//! API keys: what a server or a storefront proves its shop with.
//!
//! Invariants: a key is stored only as its SHA-256 and shown once; a key that is revoked is refused by every process
//! within a second, one that has expired at once; nobody makes a key that may more than they may.

pub mod graphql;
pub mod key;
pub mod model;
pub mod rule;
pub mod service;
pub(crate) mod store;
