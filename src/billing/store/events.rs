//! What Stripe has told.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::PlatformConn;
use crate::db::platform_tables::stripe_events as events;

/// An event that has come.
pub struct NewEvent<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub api_version: Option<&'a str>,
    pub is_live: bool,
    pub customer: Option<&'a str>,
    pub outcome: &'static str,
    pub body: &'a str,
    pub happened_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
}

/// Keeps an event; false: it is there.
pub async fn keep(conn: &mut PlatformConn<'_>, new: &NewEvent<'_>) -> QueryResult<bool> {
    let kept = diesel::insert_into(events::table)
        .values((
            events::event_id.eq(new.id),
            events::kind.eq(new.kind),
            events::api_version.eq(new.api_version),
            events::is_live.eq(new.is_live),
            events::customer_id.eq(new.customer),
            events::outcome.eq(new.outcome),
            events::body.eq(new.body),
            events::happened_at.eq(new.happened_at),
            events::received_at.eq(new.received_at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(kept == 1)
}

/// Forgets a few events that came before `cutoff`; answers whether there may be more.
pub async fn forget(conn: &mut PlatformConn<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<bool> {
    let old: Vec<String> = events::table
        .filter(events::received_at.lt(cutoff))
        .order(events::received_at)
        .limit(few)
        .select(events::event_id)
        .load(conn)
        .await?;
    let gone = diesel::delete(events::table.filter(events::event_id.eq_any(&old))).execute(conn).await?;
    Ok(i64::try_from(gone).unwrap_or(few) >= few)
}
