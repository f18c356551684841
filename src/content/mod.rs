//! Pages and menus: what a storefront shows around its products.
//!
//! Invariants: a handle names one page, and one menu, of a tenant; a menu's items are at most three deep and 250 in
//! all; shoppers see a page only once it is published. Blogs, articles and metaobjects exist in the schema alone.

pub mod graphql;
mod loaders;
pub mod model;
mod rule;
pub mod service;
pub(crate) mod store;
