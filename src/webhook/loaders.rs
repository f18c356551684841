//! What resolvers of deliveries ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use crate::db::QueryResult;
use uuid::Uuid;

use super::model::{Attempts, Delivery, Subscription, fitting};
use super::store;
use crate::db::TenantConn;
use crate::graphql::loader::BatchKey;

/// A subscription by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubscriptionById(pub Uuid);

impl BatchKey for SubscriptionById {
    type Value = Arc<Subscription>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::subscriptions_by_id(conn, &ids).await?;
        Ok(found.into_iter().map(|subscription| (Self(subscription.id), Arc::new(subscription))).collect())
    }
}

/// A delivery by its id, and whether there is room for its body among those that are asked for with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryById(pub Uuid);

impl BatchKey for DeliveryById {
    type Value = (Arc<Delivery>, bool);

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = store::deliveries_by_id(conn, &ids).await?;
        let fitting = fitting(&found);
        let found = found.into_iter().enumerate();
        Ok(found.map(|(at, delivery)| (Self(delivery.id), (Arc::new(delivery), at < fitting))).collect())
    }
}

/// What was sent with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BodyOfDelivery(pub Uuid);

impl BatchKey for BodyOfDelivery {
    type Value = Arc<str>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<str>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let bodies = store::bodies_of(conn, &ids).await?;
        Ok(bodies.into_iter().map(|(id, body)| (Self(id), body.into())).collect())
    }
}

/// A delivery's latest attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptsOfDelivery(pub Uuid);

impl BatchKey for AttemptsOfDelivery {
    type Value = Attempts;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Attempts>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let attempts = store::attempts_of(conn, &ids).await?;
        Ok(attempts
            .chunk_by(|a, b| a.0 == b.0)
            .map(|chunk| (Self(chunk[0].0), chunk.iter().map(|(_, attempt)| attempt.clone()).collect()))
            .collect())
    }
}
