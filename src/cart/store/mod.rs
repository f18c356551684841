//! The statements of carts.

mod forget;
mod load;
mod save;

pub use forget::{delete, stale_lock};
pub use load::{head, load, lock, merchandise};
pub use save::{complete, create, drop_withdrawn, save};

/// The constraint that a line's variant is there.
pub const LINE_HAS_VARIANT: &str = "cart_lines_tenant_id_variant_id_fkey";
