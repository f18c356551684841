//! The catalogue's use cases.

use chrono::{DateTime, Utc};

use super::model::{ProductDraft, WrittenProduct};
use super::rule::Violation;
use crate::clock::Entropy;
use crate::db::TenantTx;
use crate::error::Fault;

/// What became of one draft: written, or refused for these reasons.
pub type Outcome = Result<WrittenProduct, Vec<Violation>>;

/// Creates or updates many whole products with a few statements; answers for each draft, in order.
///
/// A refused draft leaves nothing behind and does not hold up the others. Existing variants keep their ids and their
/// stock; a product that is already as its draft says is not written at all. At most [`MAX_DRAFTS`] at once.
pub async fn products_upsert_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    products: Vec<ProductDraft>,
) -> Result<Vec<Outcome>, Fault> {
    let _ = (tx, now, entropy, actor, products);
    Err(Fault::internal("products cannot be written yet"))
}

/// How many products one call may write: bounds memory and the statements' size.
pub const MAX_DRAFTS: usize = 500;
