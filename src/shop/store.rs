//! The shop's statements.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Location, NewShop, Shop};
use super::settings::SettingsChange;
use crate::country::Country;
use crate::db::schema::{locations, shops};
use crate::db::{TenantConn, TenantTx};
use crate::language::Language;

#[derive(Queryable, Selectable)]
#[diesel(table_name = shops, check_for_backend(diesel::pg::Pg))]
struct ShopRow {
    name: String,
    description: String,
    email: Option<String>,
    country: String,
    checkout_url_template: Option<String>,
    storefront_url: Option<String>,
    mail_sender: Option<String>,
    mail_language: String,
    time_zone: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The shop with its default location; none before provisioning has finished.
pub async fn shop(conn: &mut TenantConn<'_>) -> QueryResult<Option<Shop>> {
    let row: Option<(ShopRow, Uuid)> = shops::table
        .inner_join(locations::table.on(locations::tenant_id.eq(shops::tenant_id).and(locations::is_default)))
        .filter(shops::tenant_id.eq(conn.tenant()))
        .select((ShopRow::as_select(), locations::id))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(row, default_location_id)| Shop {
        name: row.name,
        description: row.description,
        email: row.email,
        country: Country::from_code(&row.country).unwrap_or(Country::ZZ),
        checkout_url_template: row.checkout_url_template,
        storefront_url: row.storefront_url,
        mail_sender: row.mail_sender,
        mail_language: Language::from_code(&row.mail_language).unwrap_or(Language::EN),
        time_zone: zone(&row.time_zone),
        created_at: row.created_at,
        updated_at: row.updated_at,
        default_location_id,
    }))
}

/// A name that only another version knows is no reason to stand still.
fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// By which clock the shop's day goes; UTC before provisioning has finished.
pub async fn time_zone(conn: &mut TenantConn<'_>) -> QueryResult<Tz> {
    let name = shops::table.filter(shops::tenant_id.eq(conn.tenant())).select(shops::time_zone);
    let name: Option<String> = name.first(conn).await.optional()?;
    Ok(name.as_deref().map_or(Tz::UTC, zone))
}

/// At most this many locations are read: a shop has a handful.
const MAX_LOCATIONS: i64 = 250;

/// Every location, the default one first.
pub async fn locations(conn: &mut TenantConn<'_>) -> QueryResult<Vec<Location>> {
    let rows: Vec<(Uuid, String, String, bool)> = locations::table
        .filter(locations::tenant_id.eq(conn.tenant()))
        .order((locations::is_default.desc(), locations::id))
        .limit(MAX_LOCATIONS)
        .select((locations::id, locations::name, locations::country, locations::is_default))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, country, is_default)| {
            let country = Country::from_code(&country).unwrap_or(Country::ZZ);
            Location { id, name, country, is_default }
        })
        .collect())
}

/// Locks the shop's row until the transaction ends.
pub async fn lock(tx: &mut TenantTx<'_>) -> QueryResult<()> {
    let row = shops::table.filter(shops::tenant_id.eq(tx.tenant())).select(shops::tenant_id);
    row.for_no_key_update().first::<Uuid>(tx).await.optional().map(drop)
}

pub async fn insert_shop(tx: &mut TenantTx<'_>, shop: &NewShop, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(shops::table)
        .values((
            shops::tenant_id.eq(tx.tenant()),
            shops::name.eq(&shop.name),
            shops::description.eq(&shop.description),
            shops::country.eq(shop.country.code()),
            shops::created_at.eq(now),
            shops::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

pub async fn insert_default_location(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    country: Country,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(locations::table)
        .values((
            locations::tenant_id.eq(tx.tenant()),
            locations::id.eq(id),
            locations::name.eq("Main location"),
            locations::country.eq(country.code()),
            locations::is_default.eq(true),
            locations::created_at.eq(now),
            locations::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

pub async fn set_name(tx: &mut TenantTx<'_>, name: &str, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(shops::table)
        .filter(shops::tenant_id.eq(tx.tenant()))
        .set((shops::name.eq(name), shops::updated_at.eq(now)))
        .execute(tx)
        .await
}

/// Sets where carts are checked out; answers how many shops there are: one, unless provisioning has not finished.
pub async fn set_checkout_url_template(
    tx: &mut TenantTx<'_>,
    template: Option<&str>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(shops::table)
        .filter(shops::tenant_id.eq(tx.tenant()))
        .set((shops::checkout_url_template.eq(template), shops::updated_at.eq(now)))
        .execute(tx)
        .await
}

/// What of the row is to change: a column that is none stays, `Some(None)` is NULL.
#[derive(AsChangeset)]
#[diesel(table_name = shops)]
struct Changes<'a> {
    name: Option<&'a str>,
    description: Option<&'a str>,
    email: Option<Option<&'a str>>,
    mail_sender: Option<Option<&'a str>>,
    mail_language: Option<&'a str>,
    time_zone: Option<&'a str>,
    storefront_url: Option<Option<&'a str>>,
    checkout_url_template: Option<Option<&'a str>>,
    updated_at: DateTime<Utc>,
}

/// Changes settings; answers how many shops there are.
pub async fn change(tx: &mut TenantTx<'_>, change: &SettingsChange, now: DateTime<Utc>) -> QueryResult<usize> {
    let changes = Changes {
        name: change.name.as_deref(),
        description: change.description.as_deref(),
        email: change.email.as_ref().map(Option::as_deref),
        mail_sender: change.mail_sender.as_ref().map(Option::as_deref),
        mail_language: change.mail_language.map(Language::code),
        time_zone: change.time_zone.as_deref(),
        storefront_url: change.storefront_url.as_ref().map(Option::as_deref),
        checkout_url_template: change.checkout_url_template.as_ref().map(Option::as_deref),
        updated_at: now,
    };
    diesel::update(shops::table).filter(shops::tenant_id.eq(tx.tenant())).set(changes).execute(tx).await
}
