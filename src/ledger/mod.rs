//! The books of usage and fees: what a shop has used of its plan, and what it owes the platform for its orders.
//!
//! Invariants: a posting moves an amount from one account to another, so that the books balance whatever was posted; it is
//! never changed or taken away, and what is wrong is put right by a further one; what an event of an order comes to is
//! posted in the transaction that gives the event its position, and once; all of that can be said again of the orders
//! alone ([`service::verify`], [`service::rebuild`]); and that fees were invoiced is a fact of its own, posted before Stripe
//! is told of it ([`service::fees_invoice_in_tx`]). docs/adr/0043 and 0045 say why.

pub mod graphql;
mod loaders;
pub mod model;
pub mod service;
mod store;
