//! Orders of guests, and how they become a customer's.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::orders;
use crate::db::search::{Bytes, lower};
use crate::db::{TenantTx, planned};

/// A few of the orders that guests have placed with this address, by id, locked until the transaction ends, each with
/// the time of its last change. The address is compared as customers' are: with A to Z in lower case.
pub async fn lock_of_guest(
    tx: &mut TenantTx<'_>,
    email_key: &str,
    few: i64,
) -> QueryResult<Vec<(Uuid, DateTime<Utc>)>> {
    orders::table
        .filter(orders::tenant_id.eq(tx.tenant()))
        .filter(lower(Bytes::new(orders::email.assume_not_null())).eq(email_key))
        .filter(orders::customer_id.is_null())
        .order(orders::id)
        .limit(few)
        .select((orders::id, orders::updated_at))
        .for_update()
        .load(tx)
        .await
}

/// Makes a locked order a customer's.
pub fn join_customer(tx: &mut TenantTx<'_>, id: Uuid, customer: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    let update = diesel::update(orders::table)
        .filter(orders::tenant_id.eq(tx.tenant()))
        .filter(orders::id.eq(id))
        .set((orders::customer_id.eq(customer), orders::updated_at.eq(now)));
    tx.send(planned(update))
}
