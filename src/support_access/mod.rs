//! Support access: a shop lets those who run the service look into it, for a while.
//!
//! Invariants: it ends by itself within a week, and at once when it is revoked; it allows no more than who grants it may,
//! and never what would outlive it; an operator grants none.

pub mod graphql;
pub mod model;
pub mod rule;
pub mod service;
mod store;
