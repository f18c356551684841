//! What operators do with a tenant's shop.

use chrono_tz::Tz;

use super::model::NewShop;
use super::settings::SettingsChange;
use super::store;
use crate::app::App;
use crate::clock::{Clock, Entropy};
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::Fault;
use crate::job::schedule::reschedule_in_tx;

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

/// Calls the shop something else: 1 to 255 characters.
pub async fn shop_rename(db: &TenantDb, clock: &dyn Clock, name: &str) -> Result<(), Fault> {
    let now = clock.now();
    db.write(async |tx| Ok::<_, Fault>(store::set_name(tx, name, now).await?)).await?;
    Ok(())
}

/// Has others who do the same wait until the transaction ends: for what a shop may have only so many of, and what must
/// not change in two ways at once.
pub async fn shop_lock_in_tx(tx: &mut TenantTx<'_>) -> QueryResult<()> {
    store::lock(tx).await
}

/// Says where carts are checked out, by a template that [`checkout_url_template`] has read; none: the built-in page.
/// False: the tenant has no shop yet.
///
/// [`checkout_url_template`]: super::model::checkout_url_template
pub async fn checkout_url_set(db: &TenantDb, clock: &dyn Clock, template: Option<&str>) -> Result<bool, Fault> {
    let now = clock.now();
    db.write(async |tx| Ok::<_, Fault>(store::set_checkout_url_template(tx, template, now).await? == 1)).await
}

/// By which clock the shop's day goes; UTC before provisioning has finished.
pub async fn time_zone(conn: &mut TenantConn<'_>) -> QueryResult<Tz> {
    store::time_zone(conn).await
}

/// Changes what [`SettingsChange::check`] has read: all of it at once, in one row. What is done by the shop's clock follows.
pub async fn settings_update(app: &App, db: &TenantDb, change: &SettingsChange) -> Result<(), Fault> {
    let now = app.clock.now();
    let update = async |tx: &mut TenantTx<'_>| {
        let changed = store::change(tx, change, now).await?;
        if change.time_zone.is_some() {
            reschedule_in_tx(tx, now, &app.entropy).await?;
        }
        Ok::<_, Fault>(changed)
    };
    let changed = db.write(update).await?;
    if changed == 1 { Ok(()) } else { Err(Fault::internal("the tenant has no shop")) }
}
