//! The rows of staff, and the platform's signing keys.

pub mod keys;
pub mod once;
pub mod session;
pub mod staff;
