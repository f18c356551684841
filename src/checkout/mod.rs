//! From a cart to an order: reserve, pay, settle.
//!
//! With a gateway that pays later all of it is one transaction. With any other one there are three steps, and no
//! transaction is open between them:
//!
//! 1. [`service::complete`] locks the cart, takes the stock and writes the payment attempt with the whole order as a
//!    draft, and asks the worker to come back;
//! 2. the gateway is called under the attempt's id;
//! 3. the answer settles the attempt: approved, the draft becomes the order; declined, the stock goes back. No
//!    answer changes nothing.
//!
//! Whoever comes to an attempt that is overdue ([`service::settle_due`], the worker) asks the gateway by the
//! attempt's id and does step 3. Settling locks the attempt's row and does nothing when it is settled already. A
//! gateway that is silent for days is left to the operator ([`service::payment_resolve`]); one that approves what was
//! given up is asked to give the money back until it has.
//!
//! Invariants: a cart becomes one order or none; a cart has at most one attempt on its way, and does not change while
//! it has; stock is taken before the gateway is called and goes back only when the gateway is known to take nothing;
//! a refusal is kept under a key only while the cart's lock shows that no order is on its way.

pub mod graphql;
pub mod model;
pub mod rule;
pub mod service;
mod store;
pub mod token;
