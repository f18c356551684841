//! The statements of shipping.

mod zones;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

pub use self::zones::{insert_zones, put_zones};

use super::model::{Candidate, Profile, Rate, Reach, Zone};
use crate::country::Country;
use crate::db::keyset::by;
use crate::db::schema::{cart_addresses, delivery_profiles, delivery_rates, delivery_zone_countries, delivery_zones};
use crate::db::{TenantConn, TenantTx};
use crate::page::PageQuery;

/// The zones that serve a country, with their rates.
macro_rules! serving {
    ($conn:ident, $country:expr) => {
        delivery_zones::table
            .left_join(
                delivery_rates::table.on(delivery_rates::tenant_id
                    .eq(delivery_zones::tenant_id)
                    .and(delivery_rates::zone_id.eq(delivery_zones::id))),
            )
            .left_join(
                delivery_zone_countries::table.on(delivery_zone_countries::tenant_id
                    .eq(delivery_zones::tenant_id)
                    .and(delivery_zone_countries::zone_id.eq(delivery_zones::id))
                    .and($country)),
            )
            .filter(delivery_zones::tenant_id.eq($conn.tenant()))
            .filter(delivery_zone_countries::country.is_not_null().or(delivery_zones::rest_of_world))
            .select((
                delivery_zones::profile_id,
                delivery_zone_countries::country.nullable(),
                (delivery_rates::id, delivery_rates::name, delivery_rates::price_minor).nullable(),
            ))
    };
}

/// What may serve a country, in one statement.
pub async fn candidates(conn: &mut TenantConn<'_>, country: Country) -> QueryResult<Vec<Candidate>> {
    let rows: Vec<Row> = serving!(conn, delivery_zone_countries::country.eq(country.code())).load(conn).await?;
    Ok(rows.into_iter().map(candidate).collect())
}

/// What may serve the country that a cart goes to, without waiting to learn which one that is.
pub async fn candidates_of_cart(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<Vec<Candidate>> {
    let destination = cart_addresses::table
        .filter(cart_addresses::tenant_id.eq(conn.tenant()))
        .filter(cart_addresses::cart_id.eq(cart_id))
        .filter(cart_addresses::selected)
        .select(cart_addresses::country);
    let rows: Vec<Row> = serving!(conn, delivery_zone_countries::country.eq_any(destination)).load(conn).await?;
    Ok(rows.into_iter().map(candidate).collect())
}

/// Profile, the country if it is named, rate.
type Row = (Uuid, Option<String>, Option<(Uuid, String, i64)>);

fn candidate((profile_id, country, rate): Row) -> Candidate {
    Candidate {
        profile_id,
        named: country.is_some(),
        rate: rate.map(|(id, name, price_minor)| Rate { id, name, price_minor }),
    }
}

/// What every zone says of countries, in one statement.
pub async fn reaches(conn: &mut TenantConn<'_>) -> QueryResult<Vec<Reach>> {
    let rows: Vec<(Uuid, Option<String>, bool, bool)> = delivery_zones::table
        .left_join(delivery_rates::table.on(
            delivery_rates::tenant_id.eq(delivery_zones::tenant_id).and(delivery_rates::zone_id.eq(delivery_zones::id)),
        ))
        .left_join(
            delivery_zone_countries::table.on(delivery_zone_countries::tenant_id
                .eq(delivery_zones::tenant_id)
                .and(delivery_zone_countries::zone_id.eq(delivery_zones::id))),
        )
        .filter(delivery_zones::tenant_id.eq(conn.tenant()))
        .select((
            delivery_zones::profile_id,
            delivery_zone_countries::country.nullable(),
            delivery_zones::rest_of_world,
            delivery_rates::id.nullable().is_not_null(),
        ))
        .distinct()
        .load(conn)
        .await?;
    let reach = |(profile_id, code, rest_of_world, has_rates): (Uuid, Option<String>, bool, bool)| {
        let country = code.as_deref().and_then(Country::from_code);
        Reach { profile_id, country, rest_of_world, has_rates }
    };
    Ok(rows.into_iter().map(reach).collect())
}

/// A page of profiles by id, whole.
pub async fn profiles_page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<Profile>> {
    let query = delivery_profiles::table
        .filter(delivery_profiles::tenant_id.eq(conn.tenant()))
        .select((delivery_profiles::id, delivery_profiles::name))
        .limit(page.limit)
        .into_boxed();
    let query = by!(query, page, delivery_profiles::id);
    let rows = query.load(conn).await?;
    with_zones(conn, rows).await
}

/// The profiles with these ids, whole.
pub async fn profiles(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Profile>> {
    let rows = delivery_profiles::table
        .filter(delivery_profiles::tenant_id.eq(conn.tenant()))
        .filter(delivery_profiles::id.eq_any(ids))
        .select((delivery_profiles::id, delivery_profiles::name))
        .load(conn)
        .await?;
    with_zones(conn, rows).await
}

async fn with_zones(conn: &mut TenantConn<'_>, rows: Vec<(Uuid, String)>) -> QueryResult<Vec<Profile>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
    let zones: Vec<(Uuid, Uuid, String, bool)> = delivery_zones::table
        .filter(delivery_zones::tenant_id.eq(conn.tenant()))
        .filter(delivery_zones::profile_id.eq_any(&ids))
        .order((delivery_zones::profile_id, delivery_zones::position))
        .select((delivery_zones::profile_id, delivery_zones::id, delivery_zones::name, delivery_zones::rest_of_world))
        .load(conn)
        .await?;
    let zone_ids: Vec<Uuid> = zones.iter().map(|zone| zone.1).collect();
    let mut countries: HashMap<Uuid, Vec<Country>> = HashMap::new();
    let rows_of_countries: Vec<(Uuid, String)> = delivery_zone_countries::table
        .filter(delivery_zone_countries::tenant_id.eq(conn.tenant()))
        .filter(delivery_zone_countries::zone_id.eq_any(&zone_ids))
        .order((delivery_zone_countries::zone_id, delivery_zone_countries::country))
        .select((delivery_zone_countries::zone_id, delivery_zone_countries::country))
        .load(conn)
        .await?;
    for (zone, code) in rows_of_countries {
        countries.entry(zone).or_default().extend(Country::from_code(&code));
    }
    let mut rates: HashMap<Uuid, Vec<Arc<Rate>>> = HashMap::new();
    let rows_of_rates: Vec<(Uuid, Uuid, String, i64)> = delivery_rates::table
        .filter(delivery_rates::tenant_id.eq(conn.tenant()))
        .filter(delivery_rates::zone_id.eq_any(&zone_ids))
        .order((delivery_rates::zone_id, delivery_rates::position))
        .select((delivery_rates::zone_id, delivery_rates::id, delivery_rates::name, delivery_rates::price_minor))
        .load(conn)
        .await?;
    for (zone, id, name, price_minor) in rows_of_rates {
        rates.entry(zone).or_default().push(Arc::new(Rate { id, name, price_minor }));
    }
    let mut of_profile: HashMap<Uuid, Vec<Arc<Zone>>> = HashMap::new();
    for (profile, id, name, rest_of_world) in zones {
        let (countries, rates) = (countries.remove(&id).unwrap_or_default(), rates.remove(&id).unwrap_or_default());
        of_profile.entry(profile).or_default().push(Arc::new(Zone { id, name, countries, rest_of_world, rates }));
    }
    let profile = |(id, name)| Profile { id, name, zones: of_profile.remove(&id).unwrap_or_default() };
    Ok(rows.into_iter().map(profile).collect())
}

/// Locks the profile's row until the transaction ends, so that its parts change one writer at a time.
pub async fn lock_profile(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<bool> {
    let found: Option<Uuid> = delivery_profiles::table
        .filter(delivery_profiles::tenant_id.eq(tx.tenant()))
        .filter(delivery_profiles::id.eq(id))
        .select(delivery_profiles::id)
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(found.is_some())
}

pub async fn insert_profile(tx: &mut TenantTx<'_>, id: Uuid, name: &str, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(delivery_profiles::table)
        .values((
            delivery_profiles::tenant_id.eq(tx.tenant()),
            delivery_profiles::id.eq(id),
            delivery_profiles::name.eq(name),
            delivery_profiles::created_at.eq(now),
            delivery_profiles::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

pub async fn update_profile(tx: &mut TenantTx<'_>, id: Uuid, name: &str, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(delivery_profiles::table)
        .filter(delivery_profiles::tenant_id.eq(tx.tenant()))
        .filter(delivery_profiles::id.eq(id))
        .set((delivery_profiles::name.eq(name), delivery_profiles::updated_at.eq(now)))
        .execute(tx)
        .await
}

/// Removes the profile with everything in it.
pub async fn delete_profile(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<usize> {
    diesel::delete(delivery_profiles::table)
        .filter(delivery_profiles::tenant_id.eq(tx.tenant()))
        .filter(delivery_profiles::id.eq(id))
        .execute(tx)
        .await
}
