//! How many of a variant lie where, and why that changed.
//!
//! Invariants: stock changes only through [`service::adjust_in_tx`], which writes a ledger row for every change;
//! levels are locked in one order (variant, then location), so concurrent changes never deadlock; a variant whose
//! policy is DENY is never sold below zero, and a CHECK in the database has the last word on that. Variants that
//! are not tracked have no stock to change.

pub mod graphql;
pub mod model;
pub mod rule;
pub mod service;
mod store;
