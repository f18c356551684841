//! The rows of staff, the platform's signing keys, and what outside providers have told.

pub mod identities;
pub mod keys;
pub mod once;
pub mod organizations;
pub mod overrides;
pub mod session;
pub mod staff;
