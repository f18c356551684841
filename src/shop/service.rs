//! Provisioning of a tenant's own rows.

use crate::db::QueryResult;

use super::model::NewShop;
use super::store;
use crate::clock::{Clock, Entropy};
use crate::db::TenantTx;

/// Makes the shop and its default location.
pub async fn shop_create_in_tx(
    tx: &mut TenantTx<'_>,
    clock: &dyn Clock,
    entropy: &Entropy,
    shop: &NewShop,
) -> QueryResult<()> {
    let now = clock.now();
    store::insert_shop(tx, shop, now).await?;
    store::insert_default_location(tx, entropy.uuid_v7(now), shop.country, now).await?;
    Ok(())
}
