//! Two stores, furnished alike, and everything by which one could try to reach the other: every tenant table by raw
//! SQL, every root field of the schema with every id it takes, every type that `node` knows. The lists are compared
//! with the database and with the schema, so a table, an operation or an id without an entry fails here.

mod caller;
mod complete;
mod entries;
mod furnish;
mod names;
mod operations;
mod rows;
mod statements;
mod tables;

pub use caller::Caller;
pub use complete::operation;
pub use entries::all as entries;
pub use furnish::{Furnished, furnish};
pub use names::filled;
