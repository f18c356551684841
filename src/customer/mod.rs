//! Customers: known to the schema, since storefronts name them; none are stored yet.

pub mod graphql;
