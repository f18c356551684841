//! Telling merchants' servers of events: subscriptions, signed deliveries, attempts and their retries.
//!
//! Invariants: an event is queued once for each subscription to its topic, in the transaction that publishes it; a
//! delivery sends the same bytes with every attempt; every attempt is recorded; an attempt belongs to one worker, by
//! a claim with a lease; no transaction is open while sending; no address inside the operator's network is reached
//! unless the operator says so; an endpoint that was given up ([`health`]) is sent nothing, and nothing of it is lost
//! while the merchant repairs it. Delivery is at least once: receivers tell repeats by `webhook-id`.
//!
//! `worker/deliver.rs` runs the deliveries; signing follows Standard Webhooks.

pub mod body;
pub mod client;
pub mod graphql;
pub mod health;
mod loaders;
pub mod model;
mod rule;
pub mod service;
pub mod sign;
mod store;
