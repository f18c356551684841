//! Tenants, and how a request proves which one it belongs to.
//!
//! Invariants: a suspended or deleted tenant is refused by every process within a second; a credential names exactly one tenant.

pub mod graphql;
pub mod model;
pub mod resolve;
pub mod rule;
pub mod service;
mod store;
