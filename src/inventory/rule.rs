//! What a change of stock refuses.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::idempotency::Refusal;

/// Kept with the outcome under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum InventoryRule {
    #[error("only {available} left")]
    NotEnough { variant_id: Uuid, available: i32 },
    #[error("there is no such variant")]
    UnknownVariant { variant_id: Uuid },
    #[error("the variant's stock is not tracked")]
    NotTracked { variant_id: Uuid },
    #[error("there is no such location")]
    UnknownLocation { location_id: Uuid },
    #[error("a level holds at most 1000000000 units")]
    OutOfRange { variant_id: Uuid },
    #[error("a reason has 1 to 64 characters")]
    BadReason,
    #[error("a reference has at most 255 characters")]
    BadReference,
}

impl Refusal for InventoryRule {}
