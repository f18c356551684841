//! What resolvers of menus ask for in batches.

use std::collections::HashMap;

use super::model::{Place, Resource};
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// Handle and visibility of what a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaceOf(pub Resource);

impl BatchKey for PlaceOf {
    type Value = Place;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Place>> {
        let resources: Vec<Resource> = keys.iter().map(|key| key.0).collect();
        let places = store::places(conn, &resources).await?;
        Ok(places.into_iter().map(|(resource, place)| (Self(resource), place)).collect())
    }
}
