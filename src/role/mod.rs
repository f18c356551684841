//! A shop's roles: the system's four, and those it makes itself.
//!
//! Invariants: the owner's role is never changed; what a role inherits ends, within five steps, at one that inherits
//! nothing; nobody gives a role what they do not have; whoever has a role that is not there is a viewer. How a role and
//! a member's exceptions come to a decision is [`crate::access`]'s matter.

pub mod graphql;
pub mod model;
pub mod rule;
pub mod service;
pub(crate) mod store;
