//! Products from a file: Shopify's product CSV, several rows a product.
//!
//! Invariants: memory is bounded by a batch, whatever the file's length ([`source`]); a second import of the same
//! file writes nothing; stock is set for new variants only, unless the caller asks for more; a row that is rejected
//! is reported by line, column and reason, and neither holds up the others nor takes away a variant that is there;
//! what has no field here is kept as JSON.
//!
//! The way of a row: [`source`] reads it, and [`quotes`] sees when it is none; [`columns`] says which cell is what,
//! [`row`] reads its values, [`product`] puts a product's rows together into a draft, [`service`] hands batches of
//! drafts to the catalogue.

pub mod cli;
mod columns;
mod product;
mod quotes;
pub mod report;
mod row;
pub mod service;
pub mod source;
mod store;

pub use report::{Rejection, Report};
pub use service::{ImportError, Options, products};
