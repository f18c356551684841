//! Carts in the schema, under the names that storefronts know.

mod absent;
mod cart;
mod delivery;
mod input;
mod line;
mod mutation;
mod payload;
mod query;

pub use absent::{AppliedGiftCard, Company, CompanyContact, CompanyLocation, ComponentizableCartLine};
pub use cart::Cart;
pub use input::AttributeInput;
pub use line::CartLine;
pub use mutation::CartMutation;
pub use payload::{CartUserError, MetafieldDeleteUserError, MetafieldsSetUserError};
pub use query::{CartQuery, cart_by_gid};
