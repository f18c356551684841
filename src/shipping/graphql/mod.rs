//! Shipping in the schema: for the merchant.

mod input;
mod mutation;
mod profile;
mod query;

pub use mutation::{DeliveryProfileUserError, ShippingMutation};
pub use profile::DeliveryProfile;
pub use query::{ShippingQuery, profile_of_merchant};
