//! The rows: who Stripe's customers are and what it has told, which are the platform's; and the tenant's invoices.

mod customers;
mod events;
mod invoices;

pub use customers::{all, customer_of, customer_since, insert, set_gone, tenant_of};
pub use events::{NewEvent, forget, keep};
pub use invoices::{by_id, by_stripe_id, open, page, put};
