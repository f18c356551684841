//! The edge: which tenant, who asks, and GraphQL over HTTP.
//!
//! [`router`] lists every path. A request passes [`request`] (its id, its line in the log), then
//! [`context::guard`] proves tenant and caller, then [`graphql`] reads, bounds and executes the operation. Nothing
//! behind this module sees a credential.

mod checkout;
pub mod client;
pub mod context;
mod cors;
mod graphiql;
pub mod graphql;
pub mod health;
mod host;
mod identity_webhooks;
mod jwks;
mod origin;
mod patient;
mod problem;
mod request;
pub mod router;
mod serve;
mod stripe_webhooks;
mod watch;

pub use host::is_shops;
pub use serve::{serve, serve_with};
