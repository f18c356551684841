//! What a tenant says of itself, and where its stock lies.
//!
//! Invariants: a tenant has one shop row and exactly one default location, both from provisioning on.

pub mod graphql;
pub mod loaders;
pub mod model;
pub mod rule;
pub mod service;
pub mod settings;
pub mod store;
