//! The shop, once a snapshot.

use std::collections::HashMap;

use super::model::SharedShop;
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// The tenant's one shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TheShop;

impl BatchKey for TheShop {
    type Value = SharedShop;

    async fn load(conn: &mut TenantConn<'_>, _: &[Self]) -> QueryResult<HashMap<Self, SharedShop>> {
        Ok(store::shop(conn).await?.map(|shop| (Self, SharedShop::new(shop))).into_iter().collect())
    }
}
