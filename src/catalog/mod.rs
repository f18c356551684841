//! Products, their options, variants and images; collections.
//!
//! Invariants: a product has at least one variant and at most three options; a variant has one value for each
//! option; shoppers see a product only while it is active and published.

pub mod graphql;
mod loaders;
pub mod model;
mod store;
mod text;
