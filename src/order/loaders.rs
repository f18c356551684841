//! What resolvers of orders ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::model::{Fulfillment, HistoryEntry, Order, OrderLine, OrderLines};
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// An order by its id. Who may ask is the caller's question: a publishable key must not get here with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderById(pub Uuid);

impl BatchKey for OrderById {
    type Value = Arc<Order>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<Order>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let orders = store::by_ids(conn, &ids).await?;
        Ok(orders.into_iter().map(|order| (Self(order.id), Arc::new(order))).collect())
    }
}

/// How many orders a customer has placed. Who may ask is the caller's question here too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CountOfCustomer(pub Uuid);

impl BatchKey for CountOfCustomer {
    type Value = u64;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, u64>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let counts = store::counts_of_customers(conn, &ids).await?;
        Ok(counts.into_iter().map(|(id, count)| (Self(id), u64::try_from(count).unwrap_or_default())).collect())
    }
}

/// An order's line by its own id. Who may ask is the caller's question here too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineById(pub Uuid);

impl BatchKey for LineById {
    type Value = Arc<OrderLine>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<OrderLine>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let lines = store::lines_by_id(conn, &ids).await?;
        Ok(lines.into_iter().map(|line| (Self(line.id), Arc::new(line))).collect())
    }
}

/// An order's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinesOfOrder(pub Uuid);

impl BatchKey for LinesOfOrder {
    type Value = OrderLines;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, OrderLines>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let lines: Vec<Arc<OrderLine>> = store::lines_of_orders(conn, &ids).await?.into_iter().map(Arc::new).collect();
        Ok(by_order(&lines, |line| line.order_id).map(|(id, chunk)| (Self(id), OrderLines::from(chunk))).collect())
    }
}

/// An order's history, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HistoryOfOrder(pub Uuid);

impl BatchKey for HistoryOfOrder {
    type Value = Arc<[HistoryEntry]>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let entries = store::history_of_orders(conn, &ids).await?;
        Ok(by_order(&entries, |entry| entry.order_id).map(|(id, chunk)| (Self(id), Arc::from(chunk))).collect())
    }
}

/// What of an order has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FulfillmentsOfOrder(pub Uuid);

impl BatchKey for FulfillmentsOfOrder {
    type Value = Arc<[Arc<Fulfillment>]>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found: Vec<Arc<Fulfillment>> =
            store::fulfillments_of_orders(conn, &ids).await?.into_iter().map(Arc::new).collect();
        Ok(by_order(&found, |sent| sent.order_id).map(|(id, chunk)| (Self(id), Arc::from(chunk))).collect())
    }
}

/// Rows that come sorted by order, cut into one piece per order.
fn by_order<T>(rows: &[T], order_id: impl Fn(&T) -> Uuid + Copy) -> impl Iterator<Item = (Uuid, &[T])> {
    rows.chunk_by(move |a, b| order_id(a) == order_id(b)).map(move |chunk| (order_id(&chunk[0]), chunk))
}
