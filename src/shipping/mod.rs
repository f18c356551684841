//! Where the shop delivers and for how much: profiles hold zones, zones hold countries and flat rates.
//!
//! Invariants: within a profile a country belongs to at most one zone, and at most one zone serves the rest of the
//! world; a rate's id is its handle for as long as it exists, whatever its name and price become.

pub mod graphql;
pub mod loaders;
pub mod model;
pub mod rule;
pub mod service;
mod store;
