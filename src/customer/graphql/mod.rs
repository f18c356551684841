//! Customers in the schema, for shoppers and for staff.

mod customer;
mod input;
mod mutation;
mod payload;
mod query;
mod staff;

pub use customer::{Customer, CustomerConnection, CustomerState, View, customer_of_cart, customer_of_merchant};
pub use mutation::CustomerMutation;
pub use payload::{CustomerUserError, UserError};
pub use query::CustomerQuery;
pub use staff::CustomerStaffMutation;
