//! What a caller may do.
//!
//! Decisions are data and pure: [`Grants`] is what a caller brings, [`Grants::decide`] says yes or no and which rule said
//! so. A field declares what it needs in one line, `#[requires(read_orders)]`, which is its guard, its directive in
//! the schema and its sentence in the description ([`crate::graphql::guard`]).

mod decision;
pub mod graphql;
pub mod permission;
mod role;

pub use decision::{Decision, Effect, Grants, Override, Rule, StaffGrants};
pub use permission::{Action, Permission, Permissions, Resource};
pub use role::{Role, SystemRole};
