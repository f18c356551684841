//! The use cases of shipping.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{self, DeliveryOption, NewProfile, NewRate, NewZone, Profile, Rate, Zone};
use super::rule::{Refusal, ShippingRule};
use super::store;
use crate::clock::Entropy;
use crate::country::Country;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{ServiceError, ServiceResult};
use crate::page::PageQuery;

/// In which ways something can be delivered to a country, the cheapest first.
pub async fn options_for(conn: &mut TenantConn<'_>, country: Country) -> QueryResult<Vec<DeliveryOption>> {
    Ok(model::options(store::candidates(conn, country).await?))
}

/// [`options_for`] the country that a cart goes to; for a cart that goes nowhere, those for everywhere.
pub async fn options_for_cart(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<Vec<DeliveryOption>> {
    Ok(model::options(store::candidates_of_cart(conn, cart_id).await?))
}

/// The countries that something can be delivered to, in the order of their codes.
pub async fn countries(conn: &mut TenantConn<'_>) -> QueryResult<Vec<Country>> {
    Ok(model::delivered_to(&store::reaches(conn).await?))
}

/// A page of the merchant's profiles.
pub async fn profiles_page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<Profile>> {
    store::profiles_page(conn, page).await
}

/// The profile with this id.
pub async fn profile(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<Profile>> {
    Ok(store::profiles(conn, &[id]).await?.pop())
}

/// Makes a profile; answers it.
pub async fn profile_create(
    db: &TenantDb,
    now: DateTime<Utc>,
    entropy: &Entropy,
    profile: &NewProfile,
) -> ServiceResult<Profile, ShippingRule> {
    check(profile)?;
    // A new profile has no parts yet: ids are given out here, never taken from the client.
    check_parts(profile, &[])?;
    db.write(async |tx| Ok(profile_create_in_tx(tx, now, entropy, profile).await?)).await
}

/// Makes a profile that is known to be well-formed: for provisioning.
pub async fn profile_create_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    profile: &NewProfile,
) -> QueryResult<Profile> {
    let id = entropy.uuid_v7(now);
    store::insert_profile(tx, id, &profile.name, now).await?;
    let zones = with_ids(&profile.zones, now, entropy);
    store::insert_zones(tx, id, &zones).await?;
    Ok(Profile { id, name: profile.name.clone(), zones })
}

/// Makes a profile what is given: zones and rates with an id stay, those without are new, the rest goes. A name or
/// zones that are not given stay.
pub async fn profile_update(
    db: &TenantDb,
    now: DateTime<Utc>,
    entropy: &Entropy,
    id: Uuid,
    name: Option<String>,
    zones: Option<Vec<NewZone>>,
) -> ServiceResult<Profile, ShippingRule> {
    db.write(async |tx| {
        if !store::lock_profile(tx, id).await? {
            return Err(not_found());
        }
        let Some(before) = store::profiles(tx.conn(), &[id]).await?.pop() else { return Err(not_found()) };
        let replaced = zones.is_some();
        let profile = NewProfile { name: name.unwrap_or(before.name.clone()), zones: zones.unwrap_or_default() };
        check(&profile)?;
        check_parts(&profile, &before.zones)?;
        store::update_profile(tx, id, &profile.name, now).await?;
        if !replaced {
            return Ok(Profile { name: profile.name, ..before });
        }
        let zones = with_ids(&profile.zones, now, entropy);
        store::put_zones(tx, id, &zones).await?;
        Ok(Profile { id, name: profile.name, zones })
    })
    .await
}

/// Removes a profile with everything in it.
pub async fn profile_remove(db: &TenantDb, id: Uuid) -> ServiceResult<(), ShippingRule> {
    db.write(async |tx| match store::delete_profile(tx, id).await? {
        0 => Err(not_found()),
        _ => Ok(()),
    })
    .await
}

fn not_found() -> ServiceError<ShippingRule> {
    refused(Refusal::ProfileNotFound, &["id"])
}

fn with_ids(zones: &[NewZone], now: DateTime<Utc>, entropy: &Entropy) -> Vec<Arc<Zone>> {
    let rate = |rate: &NewRate| {
        let id = rate.id.unwrap_or_else(|| entropy.uuid_v7(now));
        Arc::new(Rate { id, name: rate.name.clone(), price_minor: rate.price_minor })
    };
    let zone = |zone: &NewZone| {
        Arc::new(Zone {
            id: zone.id.unwrap_or_else(|| entropy.uuid_v7(now)),
            name: zone.name.clone(),
            countries: zone.countries.clone(),
            rest_of_world: zone.rest_of_world,
            rates: zone.rates.iter().map(rate).collect(),
        })
    };
    zones.iter().map(zone).collect()
}

fn refused<S: ToString>(refusal: Refusal, field: &[S]) -> ServiceError<ShippingRule> {
    ServiceError::Rule(ShippingRule { refusal, field: field.iter().map(ToString::to_string).collect() })
}

const MAX_NAME: usize = 255;
const MAX_PARTS: usize = 250;
/// At most this many rates in all zones together.
const MAX_RATES: usize = 5000;
const MAX_PRICE: i64 = 1_000_000_000_000;

/// What can be said of a profile without looking at another.
fn check(profile: &NewProfile) -> Result<(), ServiceError<ShippingRule>> {
    let path = |rest: &[&str]| ["profile"].iter().chain(rest).map(ToString::to_string).collect::<Vec<_>>();
    check_name(&profile.name, || path(&["name"]))?;
    if profile.zones.len() > MAX_PARTS {
        return Err(refused(Refusal::TooMany, &path(&["zones"])));
    }
    if profile.zones.iter().map(|zone| zone.rates.len()).sum::<usize>() > MAX_RATES {
        return Err(refused(Refusal::TooMany, &path(&["zones"])));
    }
    let mut named = HashSet::new();
    let mut rest_of_world = false;
    for (at, zone) in profile.zones.iter().enumerate() {
        let at = at.to_string();
        check_name(&zone.name, || path(&["zones", &at, "name"]))?;
        if zone.countries.is_empty() && !zone.rest_of_world {
            return Err(refused(Refusal::NoCountry, &path(&["zones", &at, "countries"])));
        }
        if zone.countries.len() > MAX_PARTS * 2 {
            return Err(refused(Refusal::TooMany, &path(&["zones", &at, "countries"])));
        }
        for (nth, country) in zone.countries.iter().enumerate() {
            if !named.insert(*country) {
                let field = path(&["zones", &at, "countries", &nth.to_string(), "code"]);
                return Err(refused(Refusal::CountryTwice(*country), &field));
            }
        }
        if zone.rest_of_world && std::mem::replace(&mut rest_of_world, true) {
            return Err(refused(Refusal::RestOfWorldTwice, &path(&["zones", &at, "countries"])));
        }
        if zone.rates.len() > MAX_PARTS {
            return Err(refused(Refusal::TooMany, &path(&["zones", &at, "methodDefinitions"])));
        }
        for (nth, rate) in zone.rates.iter().enumerate() {
            let nth = nth.to_string();
            check_name(&rate.name, || path(&["zones", &at, "methodDefinitions", &nth, "name"]))?;
            if !(0..=MAX_PRICE).contains(&rate.price_minor) {
                let field = path(&["zones", &at, "methodDefinitions", &nth, "rateDefinition", "price", "amount"]);
                return Err(refused(Refusal::PriceOutOfRange, &field));
            }
        }
    }
    Ok(())
}

fn check_name(name: &str, field: impl FnOnce() -> Vec<String>) -> Result<(), ServiceError<ShippingRule>> {
    let refusal = if name.trim().is_empty() {
        Refusal::Blank
    } else if name.chars().count() > MAX_NAME {
        Refusal::TooLong
    } else {
        return Ok(());
    };
    Err(refused(refusal, &field()))
}

/// The ids of parts that are mentioned must be of the profile's own, each at most once.
fn check_parts(profile: &NewProfile, before: &[Arc<Zone>]) -> Result<(), ServiceError<ShippingRule>> {
    let mut zones: HashSet<Uuid> = before.iter().map(|zone| zone.id).collect();
    let mut rates: HashSet<Uuid> = before.iter().flat_map(|zone| zone.rates.iter().map(|rate| rate.id)).collect();
    for (at, zone) in profile.zones.iter().enumerate() {
        let at = at.to_string();
        if zone.id.is_some_and(|id| !zones.remove(&id)) {
            return Err(refused(Refusal::PartNotFound, &["profile", "zones", &at, "id"]));
        }
        for (nth, rate) in zone.rates.iter().enumerate() {
            if rate.id.is_some_and(|id| !rates.remove(&id)) {
                let nth = nth.to_string();
                return Err(refused(
                    Refusal::PartNotFound,
                    &["profile", "zones", &at, "methodDefinitions", &nth, "id"],
                ));
            }
        }
    }
    Ok(())
}
