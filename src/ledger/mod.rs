//! The books of usage and fees: what a shop has used of its plan, and what it owes the platform for its orders.
//!
//! Invariants: a posting moves an amount from one account to another, so that the books balance whatever was posted; it is
//! never changed or taken away, and what is wrong is put right by a further one; what an event of an order comes to is
//! posted in the transaction that gives the event its position, and once; and all of it can be said again of the orders
//! alone ([`service::verify`], [`service::rebuild`]). docs/adr/0043 says why.

pub mod graphql;
mod loaders;
pub mod model;
pub mod service;
mod store;
