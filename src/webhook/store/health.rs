//! How endpoints fare: since when one has failed, and whether it was given up.
//!
//! Most attempts change nothing here: the updates look at the row and leave it alone, so that an endpoint's lanes do
//! not wait for each other. Neither does one that went to where the subscription no longer leads.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::webhook_subscriptions as subscriptions;
use crate::db::{TenantConn, TenantTx, planned};
use crate::webhook::health::GivenUp;

/// The subscription, if it still leads to this address.
macro_rules! endpoint {
    ($tx:expr, $id:expr, $uri:expr) => {
        subscriptions::table
            .filter(subscriptions::tenant_id.eq($tx.tenant()))
            .filter(subscriptions::id.eq($id))
            .filter(subscriptions::uri.eq($uri))
    };
}

/// The endpoint took something.
pub fn note_taken(tx: &mut TenantTx<'_>, id: Uuid, uri: &str) -> QueryResult<()> {
    let row = endpoint!(tx, id, uri);
    let update = diesel::update(row.filter(subscriptions::failing_since.is_not_null()))
        .set(subscriptions::failing_since.eq(None::<DateTime<Utc>>));
    tx.send(planned(update))
}

/// The endpoint failed: the first time of many is remembered.
pub fn note_failed(tx: &mut TenantTx<'_>, id: Uuid, uri: &str, now: DateTime<Utc>) -> QueryResult<()> {
    let row = endpoint!(tx, id, uri);
    let update =
        diesel::update(row.filter(subscriptions::failing_since.is_null())).set(subscriptions::failing_since.eq(now));
    tx.send(planned(update))
}

/// Disables a subscription whose endpoint has failed for long enough; answers whether that was now.
pub async fn disable(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    uri: &str,
    given_up: &GivenUp,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let row = endpoint!(tx, id, uri);
    let failing = subscriptions::failing_since.le(given_up.if_failing_since);
    let update = diesel::update(row.filter(subscriptions::disabled_at.is_null()).filter(failing)).set((
        subscriptions::disabled_at.eq(now),
        subscriptions::disabled_reason.eq(&given_up.reason),
        subscriptions::updated_at.eq(now),
    ));
    Ok(planned(update).execute(tx).await? == 1)
}

/// The subscriptions that are not disabled.
pub async fn enabled(conn: &mut TenantConn<'_>) -> QueryResult<Vec<Uuid>> {
    subscriptions::table
        .filter(subscriptions::tenant_id.eq(conn.tenant()))
        .filter(subscriptions::disabled_at.is_null())
        .order(subscriptions::id)
        .select(subscriptions::id)
        .load(conn)
        .await
}

/// Whether a subscription is disabled; none when there is no such subscription.
pub async fn is_disabled(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<bool>> {
    subscriptions::table
        .filter(subscriptions::tenant_id.eq(conn.tenant()))
        .filter(subscriptions::id.eq(id))
        .select(subscriptions::disabled_at.is_not_null())
        .first(conn)
        .await
        .optional()
}

/// The subscriptions that have been disabled since before `cutoff`, and stay so until the end of the transaction.
pub async fn long_disabled(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>) -> QueryResult<Vec<Uuid>> {
    subscriptions::table
        .filter(subscriptions::tenant_id.eq(tx.tenant()))
        .filter(subscriptions::disabled_at.lt(cutoff))
        .select(subscriptions::id)
        .for_share()
        .load(tx)
        .await
}

/// What is to know of a subscription before it is tested.
pub struct Testable {
    pub topic: String,
    pub is_disabled: bool,
    pub tested_at: Option<DateTime<Utc>>,
}

/// A subscription that is to be tested, locked, so that tests of it follow one another.
pub async fn testable_lock(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<Testable>> {
    type Row = (String, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let row: Option<Row> = subscriptions::table
        .filter(subscriptions::tenant_id.eq(tx.tenant()))
        .filter(subscriptions::id.eq(id))
        .select((subscriptions::topic, subscriptions::disabled_at, subscriptions::tested_at))
        .for_no_key_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(|(topic, disabled_at, tested_at)| Testable { topic, is_disabled: disabled_at.is_some(), tested_at }))
}

/// A test was asked for.
pub fn note_test(tx: &mut TenantTx<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    let row = subscriptions::table.filter(subscriptions::tenant_id.eq(tx.tenant())).filter(subscriptions::id.eq(id));
    tx.send(planned(diesel::update(row).set(subscriptions::tested_at.eq(now))))
}
