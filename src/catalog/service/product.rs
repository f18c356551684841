//! One product at a time.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::handle::SUGGESTIONS;
use super::upsert::products_upsert_in_tx;
use crate::access::Grants;
use crate::catalog::model::{ProductDraft, ProductKey};
use crate::catalog::rule::{CatalogCode, CatalogRule, Violation, at};
use crate::catalog::store;
use crate::clock::Entropy;
use crate::db::error::constraint;
use crate::db::idempotency::{Key, Once, once};
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::inventory;
use crate::tag::TagChange;

/// Creates or updates one whole product, once for a key; answers its id. It leaves no collection that the caller may not
/// change; into which it comes, the caller is asked before.
pub async fn product_set(
    db: &TenantDb,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    grants: &Grants,
    key: Option<&Key>,
    draft: ProductDraft,
) -> Once<Uuid, CatalogRule> {
    for _ in 0..HANDLE_ATTEMPTS {
        let written = once(db, now, key, async |tx| {
            let mut outcomes = products_upsert_in_tx(tx, now, entropy, actor, grants, vec![draft.clone()]).await?;
            let outcome = outcomes.pop().ok_or_else(|| Fault::internal("a draft without an outcome"))?;
            outcome.map(|written| written.id).map_err(|violations| ServiceError::Rule(CatalogRule(violations)))
        });
        match written.await? {
            Err(ServiceError::Fault(fault)) if handle_raced(&fault) => {}
            done => return Ok(done),
        }
    }
    let violation = Violation::new(at!["handle"], CatalogCode::HandleTaken, "the handle is taken");
    Ok(Err(ServiceError::Rule(violation.into())))
}

/// How often products are written at most while others take their handles: each time, one more handle is known to be
/// taken, so that a handle made from a title ends as a random one, and one that names its product finds it.
pub const HANDLE_ATTEMPTS: usize = SUGGESTIONS + 2;

/// Someone else took a product's handle between our look and our write: in a new transaction it is seen.
pub fn handle_raced(fault: &Fault) -> bool {
    matches!(fault, Fault::Database(error) if constraint(error) == Some("products_handle_taken"))
}

/// Adds to a product's labels, or takes some off.
pub async fn product_tags_change(
    db: &TenantDb,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    id: Uuid,
    change: &TagChange,
) -> ServiceResult<(), CatalogRule> {
    db.write(async |tx| {
        let Some(product) = store::lock_whole_products(tx, &[id], &[]).await?.pop() else {
            let violation = Violation::new(at!["id"], CatalogCode::NotFound, "there is no such product");
            return Err(ServiceError::Rule(violation.into()));
        };
        let tags = Some(change.of(&product.fields.tags));
        let draft = ProductDraft { key: ProductKey::Id(id), tags, ..ProductDraft::default() };
        let written = products_upsert_in_tx(tx, now, entropy, actor, &Grants::Everything, vec![draft]).await?.pop();
        let written = written.ok_or_else(|| Fault::internal("a draft without an outcome"))?;
        written.map(|_| ()).map_err(|violations| ServiceError::Rule(CatalogRule(violations)))
    })
    .await
}

/// Deletes a product with all that belongs to it. Orders keep their own copy of what was sold.
pub async fn product_delete(db: &TenantDb, id: Uuid) -> ServiceResult<(), CatalogRule> {
    db.write(async |tx| {
        let locked = store::lock_products(tx, &[id], &[]).await?;
        if locked.is_empty() {
            let violation = Violation::new(at!["id"], CatalogCode::NotFound, "there is no such product");
            return Err(ServiceError::Rule(violation.into()));
        }
        lock_levels(tx, &locked).await?;
        store::delete_product(tx, id).await?;
        Ok(())
    })
    .await
}

/// How many products there are, whatever their status.
pub async fn products_count(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    store::products_count_all(conn).await
}

/// Locks the products with these handles and all their stock, in the order in which everyone takes them: before
/// work that changes some of the stock with the products, and some behind them.
pub async fn products_lock_in_tx(tx: &mut TenantTx<'_>, handles: &[String]) -> QueryResult<()> {
    let locked = store::lock_products(tx, &[], handles).await?;
    lock_levels(tx, &locked).await
}

async fn lock_levels(tx: &mut TenantTx<'_>, products: &[Uuid]) -> QueryResult<()> {
    let variants = store::variant_ids(tx.conn(), products).await?;
    inventory::service::lock_in_tx(tx, &variants).await
}
