//! Subscriptions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::topic_of;
use crate::db::schema::webhook_subscriptions as subscriptions;
use crate::db::{TenantConn, TenantTx};
use crate::events::Topic;
use crate::page::PageQuery;
use crate::webhook::model::Subscription;
use crate::webhook::sign::SigningSecret;

#[derive(Queryable, Selectable)]
#[diesel(table_name = subscriptions, check_for_backend(diesel::pg::Pg))]
struct SubscriptionRow {
    id: Uuid,
    topic: String,
    uri: String,
    failing_since: Option<DateTime<Utc>>,
    disabled_at: Option<DateTime<Utc>>,
    disabled_reason: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SubscriptionRow {
    fn read(self) -> QueryResult<Subscription> {
        Ok(Subscription {
            id: self.id,
            topic: topic_of(&self.topic)?,
            uri: self.uri,
            failing_since: self.failing_since,
            disabled_at: self.disabled_at,
            disabled_reason: self.disabled_reason,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

pub async fn subscriptions_by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Subscription>> {
    let rows = subscriptions::table
        .filter(subscriptions::tenant_id.eq(conn.tenant()))
        .filter(subscriptions::id.eq_any(ids))
        .select(SubscriptionRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(SubscriptionRow::read).collect()
}

/// A page of subscriptions by id, of all topics or of these.
pub async fn subscriptions_page(
    conn: &mut TenantConn<'_>,
    topics: Option<&[Topic]>,
    page: &PageQuery,
) -> QueryResult<Vec<Subscription>> {
    let mut query = subscriptions::table
        .filter(subscriptions::tenant_id.eq(conn.tenant()))
        .select(SubscriptionRow::as_select())
        .limit(page.limit)
        .into_boxed();
    if let Some(topics) = topics {
        query = query.filter(subscriptions::topic.eq_any(topics.iter().map(|topic| topic.as_db())));
    }
    if let Some(after) = &page.after {
        query = if page.descending {
            query.filter(subscriptions::id.lt(after.id))
        } else {
            query.filter(subscriptions::id.gt(after.id))
        };
    }
    if let Some(before) = &page.before {
        query = if page.descending {
            query.filter(subscriptions::id.gt(before.id))
        } else {
            query.filter(subscriptions::id.lt(before.id))
        };
    }
    query = if page.descending { query.order(subscriptions::id.desc()) } else { query.order(subscriptions::id) };
    query.load(conn).await?.into_iter().map(SubscriptionRow::read).collect()
}

/// The subscriptions to any of these topics, locked so that none is deleted before what refers to it is committed.
pub async fn by_topics_lock(tx: &mut TenantTx<'_>, topics: &[&str]) -> QueryResult<Vec<(Uuid, String)>> {
    subscriptions::table
        .filter(subscriptions::tenant_id.eq(tx.tenant()))
        .filter(subscriptions::topic.eq_any(topics))
        .select((subscriptions::id, subscriptions::topic))
        .for_key_share()
        .load(tx)
        .await
}

pub async fn count(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    subscriptions::table.filter(subscriptions::tenant_id.eq(conn.tenant())).count().get_result(conn).await
}

pub async fn insert(tx: &mut TenantTx<'_>, new: &Subscription, secret: &SigningSecret) -> QueryResult<usize> {
    diesel::insert_into(subscriptions::table)
        .values((
            subscriptions::tenant_id.eq(tx.tenant()),
            subscriptions::id.eq(new.id),
            subscriptions::topic.eq(new.topic.as_db()),
            subscriptions::uri.eq(&new.uri),
            subscriptions::secret.eq(secret.reveal()),
            subscriptions::created_at.eq(new.created_at),
            subscriptions::updated_at.eq(new.updated_at),
        ))
        .execute(tx)
        .await
}

/// Changes where a subscription leads, with a clean slate: one that was disabled is enabled. Answers it, if there is
/// one.
pub async fn update(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    uri: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Subscription>> {
    let row = diesel::update(
        subscriptions::table.filter(subscriptions::tenant_id.eq(tx.tenant())).filter(subscriptions::id.eq(id)),
    )
    .set((
        subscriptions::uri.eq(uri),
        subscriptions::failing_since.eq(None::<DateTime<Utc>>),
        subscriptions::disabled_at.eq(None::<DateTime<Utc>>),
        subscriptions::disabled_reason.eq(None::<String>),
        subscriptions::updated_at.eq(now),
    ))
    .returning(SubscriptionRow::as_returning())
    .get_result(tx)
    .await
    .optional()?;
    row.map(SubscriptionRow::read).transpose()
}

/// Deletes a subscription with its deliveries; answers whether there was one.
pub async fn delete(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<bool> {
    let deleted = diesel::delete(
        subscriptions::table.filter(subscriptions::tenant_id.eq(tx.tenant())).filter(subscriptions::id.eq(id)),
    )
    .execute(tx)
    .await?;
    Ok(deleted == 1)
}
