//! Telling merchants' servers of events: subscriptions, signed deliveries, attempts and their retries.
//!
//! Invariants: an event is queued once for each subscription to its topic, in the transaction that publishes it; a
//! delivery sends the same bytes with every attempt; every attempt is recorded; an attempt belongs to one worker, by
//! a claim with a lease; no transaction is open while sending; no address inside the operator's network is reached
//! unless the operator says so. Delivery is at least once: receivers tell repeats by `webhook-id`.
//!
//! `worker/deliver.rs` runs the deliveries; signing follows Standard Webhooks.

mod address;
pub mod client;
pub mod graphql;
mod loaders;
pub mod model;
mod rule;
pub mod service;
pub mod sign;
mod store;
