//! Host names of a shop's own, under which it is found like under its subdomain of the service.
//!
//! Invariants: a name leads to a shop only after a TXT record of that name has said so, and to one shop at most; who has
//! only claimed a name learns nothing of others who claim it, and keeps nobody from it; no transaction is open while DNS
//! is asked.

pub mod dns;
pub mod graphql;
pub mod model;
pub mod rule;
pub mod service;
mod store;
