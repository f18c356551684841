//! Who works for a shop: staff members, who sign in with e-mail address and password, their sessions, and the access
//! tokens (JWT) by which their requests are known.
//!
//! Invariants: a password is kept as argon2id, every random secret as its SHA-256; no answer, and no answer's time, tells
//! whether an address is somebody's; a session's id is made here and never taken from a client; what ends a session
//! commits before it is answered and is known to every process within a second (`tenant::resolve`); an access token is
//! good for 15 minutes and never longer than its session.
//!
//! Others sign in with an outside provider ([`provider`]): their tokens are not ours, they have no session here, and who they
//! are the provider says ([`outside`]).
//!
//! What a member may do is not decided here: a session tells the role, and `Access` what becomes of it.

pub mod graphql;
pub mod keys;
mod loaders;
pub(crate) mod mail;
pub mod model;
pub mod outside;
pub mod provider;
pub mod rule;
pub mod secret;
pub mod service;
mod store;
pub mod token;
