//! Plans: what a tenant may have so many of, which features it has, and what it pays for them.
//!
//! Plans are the platform's rows. A tenant's subscription is a row of its own, with a copy of its plan's terms and what
//! they come to for it. Invariants: what is limited is counted in the transaction that makes one more, under the
//! subscription's lock, so that no crowd gets past a limit, and neither does who changes the plan meanwhile; what is not
//! limited waits for nobody; a tenant without a subscription may make nothing, and an operator hears of it; what the edge
//! and operators know of it is published by a job of the same transaction. docs/adr/0042 says why.

pub mod graphql;
pub mod job;
pub mod model;
pub mod rule;
pub mod service;
mod store;
