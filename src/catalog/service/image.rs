//! Images by URL.

use crate::catalog::store;
use crate::db::TenantDb;
use crate::error::Fault;

/// Every image whose URL begins with `from` is at `to` now; answers how many.
pub async fn image_urls_move(db: &TenantDb, from: &str, to: &str) -> Result<usize, Fault> {
    db.write(async |tx| Ok(store::move_image_urls(tx, from, to).await?)).await
}
