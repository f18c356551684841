//! The statements of carts.

mod load;
mod save;

pub use load::{Head, head, load, load_locked, lock, merchandise};
pub use save::{complete, create, save};
