//! A profile's zones, countries and rates: those of a new one, and what a changed one has in place of its own.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::country::Country;
use crate::db::schema::{delivery_rates, delivery_zone_countries, delivery_zones};
use crate::db::{QueryResult, TenantTx, insert_rows};
use crate::shipping::model::{Rate, Zone};

/// The statement that inserts zones, each with its place.
macro_rules! zones_of {
    ($tenant:ident, $profile_id:ident, $zones:ident) => {
        insert_rows!($tenant, delivery_zones, $zones, |(position, zone)| {
            id: zone.id,
            profile_id: $profile_id,
            name: zone.name.as_str(),
            position: *position,
            rest_of_world: zone.rest_of_world,
        })
    };
}

/// The statement that inserts rates, each with its zone and its place there.
macro_rules! rates_of {
    ($tenant:ident, $rates:ident) => {
        insert_rows!($tenant, delivery_rates, $rates, |(zone_id, position, rate)| {
            id: rate.id,
            zone_id: *zone_id,
            name: rate.name.as_str(),
            position: *position,
            price_minor: rate.price_minor,
        })
    };
}

/// The zones and all that is in them of a profile that has none. It inserts and does nothing else: whoever makes a new
/// store may do no more.
pub async fn insert_zones(tx: &mut TenantTx<'_>, profile_id: Uuid, zones: &[Arc<Zone>]) -> QueryResult<()> {
    let tenant = tx.tenant();
    let in_order: Vec<(i32, &Arc<Zone>)> = (1..).zip(zones).collect();
    if in_order.is_empty() {
        return Ok(());
    }
    zones_of!(tenant, profile_id, in_order).execute(tx).await?;
    insert_countries(tx, profile_id, zones).await?;
    let rates = rates(zones);
    if !rates.is_empty() {
        rates_of!(tenant, rates).execute(tx).await?;
    }
    Ok(())
}

/// Makes the profile's zones, countries and rates what is given, with as few statements as there are tables.
pub async fn put_zones(tx: &mut TenantTx<'_>, profile_id: Uuid, zones: &[Arc<Zone>]) -> QueryResult<()> {
    let tenant = tx.tenant();
    let zone_ids: Vec<Uuid> = zones.iter().map(|zone| zone.id).collect();
    let rate_ids: Vec<Uuid> = zones.iter().flat_map(|zone| zone.rates.iter().map(|rate| rate.id)).collect();
    diesel::delete(delivery_zones::table)
        .filter(delivery_zones::tenant_id.eq(tenant))
        .filter(delivery_zones::profile_id.eq(profile_id))
        .filter(delivery_zones::id.ne_all(&zone_ids))
        .execute(tx)
        .await?;
    // Countries have no identity of their own: all go and come again, so that one may move between zones.
    diesel::delete(delivery_zone_countries::table)
        .filter(delivery_zone_countries::tenant_id.eq(tenant))
        .filter(delivery_zone_countries::profile_id.eq(profile_id))
        .execute(tx)
        .await?;
    diesel::delete(delivery_rates::table)
        .filter(delivery_rates::tenant_id.eq(tenant))
        .filter(delivery_rates::zone_id.eq_any(&zone_ids))
        .filter(delivery_rates::id.ne_all(&rate_ids))
        .execute(tx)
        .await?;
    // The rest of the world may move between zones too: whoever gives it up goes first.
    let mut in_order: Vec<(i32, &Arc<Zone>)> = (1..).zip(zones).collect();
    in_order.sort_by_key(|(_, zone)| zone.rest_of_world);
    if in_order.is_empty() {
        return Ok(());
    }
    let put = zones_of!(tenant, profile_id, in_order);
    put.on_conflict((delivery_zones::tenant_id, delivery_zones::id))
        .do_update()
        .set((
            delivery_zones::name.eq(excluded(delivery_zones::name)),
            delivery_zones::position.eq(excluded(delivery_zones::position)),
            delivery_zones::rest_of_world.eq(excluded(delivery_zones::rest_of_world)),
        ))
        .execute(tx)
        .await?;
    insert_countries(tx, profile_id, zones).await?;
    let rates = rates(zones);
    if rates.is_empty() {
        return Ok(());
    }
    let put = rates_of!(tenant, rates);
    put.on_conflict((delivery_rates::tenant_id, delivery_rates::id))
        .do_update()
        .set((
            delivery_rates::zone_id.eq(excluded(delivery_rates::zone_id)),
            delivery_rates::name.eq(excluded(delivery_rates::name)),
            delivery_rates::position.eq(excluded(delivery_rates::position)),
            delivery_rates::price_minor.eq(excluded(delivery_rates::price_minor)),
        ))
        .execute(tx)
        .await?;
    Ok(())
}

async fn insert_countries(tx: &mut TenantTx<'_>, profile_id: Uuid, zones: &[Arc<Zone>]) -> QueryResult<()> {
    let tenant = tx.tenant();
    let countries: Vec<(Uuid, &Country)> =
        zones.iter().flat_map(|zone| zone.countries.iter().map(move |country| (zone.id, country))).collect();
    if !countries.is_empty() {
        insert_rows!(tenant, delivery_zone_countries, countries, |(zone_id, country)| {
            profile_id: profile_id,
            country: country.code(),
            zone_id: *zone_id,
        })
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Every rate with its zone and its place there.
fn rates(zones: &[Arc<Zone>]) -> Vec<(Uuid, i32, &Arc<Rate>)> {
    zones
        .iter()
        .flat_map(|zone| (1..).zip(&zone.rates).map(move |(position, rate)| (zone.id, position, rate)))
        .collect()
}
