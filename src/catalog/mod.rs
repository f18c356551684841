//! Products, their options, variants and images; collections.
//!
//! Invariants: a product has at least one variant and at most three options; a variant has one value for each
//! option; shoppers see a product only while it is active and published.

pub mod graphql;
pub(crate) mod loaders;
pub mod model;
pub mod rule;
pub mod service;
pub(crate) mod store;
