//! Payments for plans in the schema: for who pays.

mod invoice;
mod mutation;

pub use invoice::{Invoice, InvoiceQuery, invoice_of_merchant};
pub use mutation::BillingMutation;
