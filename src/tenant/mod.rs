//! Tenants and the keys by which requests prove which one they belong to.
//!
//! Invariants: a key is stored only as its SHA-256; a revoked key or a suspended tenant is refused by every process
//! within a second; a credential names exactly one tenant.

pub mod key;
pub mod model;
pub mod resolve;
pub mod service;
mod store;
