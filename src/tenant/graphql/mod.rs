//! Tenants as operators see them, and what operators do with them: never a row of a tenant's own.

mod mutation;
mod query;
mod types;

pub use mutation::TenantMutation;
pub use query::TenantQuery;
pub use types::{Tenant, TenantUserError};
