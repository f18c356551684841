//! What shoppers are about to buy.
//!
//! Invariants: a cart belongs to whoever holds its key, of which only the hash is stored; every change locks the
//! cart's row first, so changes happen one after another; a line costs what its variant costs now; a completed cart
//! takes no change and reads as null; one that is being paid for takes none until that has ended; at most one address
//! is selected.

pub mod addresses;
pub mod details;
pub mod graphql;
pub mod key;
pub mod lines;
pub mod model;
pub mod rule;
pub mod service;
pub mod store;
