//! The edge: which tenant, who asks, and GraphQL over HTTP.

pub mod context;
pub mod graphql;
pub mod router;
