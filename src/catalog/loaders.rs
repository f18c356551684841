//! What resolvers of the catalogue (and of carts and orders) ask for in batches.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::model::{Collection, Images, Product, Variant, VariantDetails, Variants, WholeOption};
use super::store;
use crate::db::{QueryResult, TenantConn};
use crate::graphql::loader::BatchKey;

/// A product by id, whoever may see it: whoever got the id from outside asks [`Product::visible_to`] before
/// showing it to a shopper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProductById(pub Uuid);

impl BatchKey for ProductById {
    type Value = Arc<Product>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<Product>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let products = store::products_by_id(conn, &ids).await?;
        Ok(products.into_iter().map(|product| (Self(product.id), Arc::new(product))).collect())
    }
}

/// A variant by id with its stock. Whether a shopper may see it, its product says ([`ProductById`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VariantById(pub Uuid);

impl BatchKey for VariantById {
    type Value = Arc<Variant>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<Variant>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let variants = store::variants_by_id(conn, &ids).await?;
        Ok(variants.into_iter().map(|variant| (Self(variant.id), variant)).collect())
    }
}

/// What lists of variants seldom ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DetailsOfVariant(pub Uuid);

impl BatchKey for DetailsOfVariant {
    type Value = Arc<VariantDetails>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<VariantDetails>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let details = store::variant_details(conn, &ids).await?;
        Ok(details.into_iter().map(|(id, details)| (Self(id), Arc::new(details))).collect())
    }
}

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

/// A product's images in their order. No answer: it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImagesOfProduct(pub Uuid);

impl BatchKey for ImagesOfProduct {
    type Value = Images;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Images>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let images = store::images_of_products(conn, &ids).await?;
        let mut found: HashMap<Self, Vec<_>> = HashMap::new();
        for (product_id, image) in images {
            found.entry(Self(product_id)).or_default().push(Arc::new(image));
        }
        Ok(found.into_iter().map(|(key, images)| (key, Images::from(images))).collect())
    }
}

/// A product's options with their values, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OptionsOfProduct(pub Uuid);

impl BatchKey for OptionsOfProduct {
    type Value = Arc<[WholeOption]>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<[WholeOption]>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let options = store::options(conn, &ids).await?;
        Ok(options.into_iter().map(|(product_id, options)| (Self(product_id), options.into())).collect())
    }
}

/// The collections that hold a product, whoever may see them. No answer: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CollectionsOfProduct(pub Uuid);

impl BatchKey for CollectionsOfProduct {
    type Value = Arc<[Arc<Collection>]>;

    async fn load(conn: &mut TenantConn<'_>, keys: &[Self]) -> QueryResult<HashMap<Self, Arc<[Arc<Collection>]>>> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let mut found: HashMap<Self, Vec<_>> = HashMap::new();
        for (product_id, collection) in store::collections_of_products(conn, &ids).await? {
            found.entry(Self(product_id)).or_default().push(Arc::new(collection));
        }
        Ok(found.into_iter().map(|(key, collections)| (key, collections.into())).collect())
    }
}
