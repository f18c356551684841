//! What tenants pay for their plans, through Stripe.
//!
//! Stripe says how a subscription stands, and nobody else. Invariants: nothing is done with what an event says, which rings
//! the tenant's job, and that asks Stripe how things are now ([`service::sync`]), so that no order, no duplicate and no loss
//! of events leads elsewhere; an event is stored, and its job queued, before Stripe is answered; who has asked Stripe before
//! somebody else wrote what they were told does not write; no transaction is open while Stripe is asked; without an account
//! there is nothing of this, and operators activate plans by hand. docs/adr/0044 says why, docs/billing.md how it is set up.

pub mod graphql;
pub mod job;
mod loaders;
pub mod model;
pub mod service;
mod store;
pub mod stripe;
