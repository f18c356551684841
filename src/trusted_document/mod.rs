//! Documents that a tenant knows its storefronts to send: they may be sent by their SHA-256 alone, and where the tenant
//! requires it, publishable keys may send nothing else.
//!
//! Invariants: a document is stored under the SHA-256 of its text and never changes; what requires them is a fact of the
//! tenant's standing, which the guard knows. How a request names one is the edge's matter (`http::graphql::trusted`).

pub mod graphql;
mod loaders;
pub mod model;
pub mod rule;
pub mod service;
mod store;
