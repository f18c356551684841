//! Shoppers with an account: how they sign up and in, what they say of themselves, their addresses and orders; and what
//! staff note of them.
//!
//! Invariants: an e-mail address is one customer's of a tenant, compared without regard to the case of A to Z; a password
//! is set by whoever has shown that mail to the address reaches them, and by nobody else; a new one ends everything that
//! was opened with the one before. Strangers learn neither by answers nor by their time whether an address has an account:
//! what depends on it is done after the answer and told by mail ([`crate::mail::letter`]). Guests' orders join an account when its
//! owner has just proved the address or signed in with it. docs/adr/0032 says why.

pub mod graphql;
pub(crate) mod link;
pub mod loaders;
pub mod model;
pub mod rule;
pub mod secret;
pub mod service;
mod store;
