//! Operators: who runs the service and looks after tenants, without seeing any tenant's rows.
//!
//! Invariants: an operator's token ends by itself within a year; it is stored as its SHA-256; with it alone
//! no statement is run on a tenant's table but its subscription, which operators change ([`crate::plan`]). Where a tenant has granted support access ([`crate::support_access`]),
//! `X-Tenant-ID` names it, and the grant says what may be done.
pub mod model;
pub mod service;
mod store;
pub mod token;
