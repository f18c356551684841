//! What resolvers of the catalogue ask for in batches.

use std::collections::HashMap;

use diesel::QueryResult;
use uuid::Uuid;

use super::model::Variants;
use super::store;
use crate::db::TenantConn;
use crate::graphql::loader::BatchKey;

/// A product's variants, with their stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VariantsOfProduct(pub Uuid);

impl BatchKey for VariantsOfProduct {
    type Value = Variants;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Variants>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let variants = store::variants_of_products(conn, &ids).await?;
        Ok(variants
            .chunk_by(|a, b| a.product_id == b.product_id)
            .map(|chunk| (Self(chunk[0].product_id), Variants::from(chunk)))
            .collect())
    }
}
