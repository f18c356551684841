//! What was sold: orders with their own copy of the lines, their status, and who changed it.
//!
//! Invariants: numbers of a tenant have no gaps and start at 1001; a cart becomes at most one order; sums agree
//! (the table's CHECKs say so too); stock goes back once; each change writes a line of history and appends its event
//! in the same transaction. An order is made by [`crate::checkout`] alone, through its store.

pub mod draft;
pub mod filter;
pub mod graphql;
pub mod loaders;
pub mod model;
pub mod rule;
pub mod service;
pub mod store;
