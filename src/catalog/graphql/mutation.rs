//! `productSet`, `productDelete`, `collectionCreate`, `collectionAddProducts`.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::collection::Collection;
use super::collection_query::collection_by_id;
use super::input::{ProductSetIdentifiers, ProductSetInput, Reader, SEOInput};
use super::product::Product;
use super::query::product_by_id;
use crate::catalog::model::CollectionDraft;
use crate::catalog::rule::{CatalogCode, CatalogRule, Violation, at};
use crate::catalog::service;
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::graphql::error::ApiError;
use crate::graphql::idempotent::key_of;
use crate::graphql::scalars::{Html, Url};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::user_error;

user_error!(ProductSetUserError, CatalogCode);
user_error!(ProductDeleteUserError, CatalogCode);
user_error!(CollectionUserError, CatalogCode);

/// Turns refusals into an area's user errors.
macro_rules! from_violation {
    ($($error:ident),*) => {
        $(impl From<Violation> for $error {
            fn from(Violation { field, code, message }: Violation) -> Self {
                Self { field: Some(field), message, code: Some(code) }
            }
        })*
    };
}
from_violation!(ProductSetUserError, ProductDeleteUserError, CollectionUserError);

/// What was done, or the user errors that say why not, about the arguments as `locate` knows them.
fn split<T, E: From<Violation>>(
    outcome: ServiceResult<T, CatalogRule>,
    locate: impl Fn(Violation) -> Violation,
) -> Result<(Option<T>, Vec<E>), Fault> {
    match outcome {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(ServiceError::Rule(CatalogRule(violations))) => {
            Ok((None, violations.into_iter().map(locate).map(E::from).collect()))
        }
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}

#[derive(Default)]
pub struct CatalogMutation;

#[guarded]
#[Object]
impl CatalogMutation {
    /// Creates or changes a whole product. It leaves no collection for which you lack `write_collections`.
    #[requires(
        write_products,
        write_collections = "input.collections",
        write_inventory = "input.variants.inventoryQuantities.locationId"
    )]
    async fn product_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product.")] input: ProductSetInput,
        #[graphql(desc = "Which product is meant; a new one when left out.")] identifier: Option<ProductSetIdentifiers>,
        #[graphql(desc = "Whether to wait until it is done: always so.", default_with = "Some(true)")]
        synchronous: Option<bool>,
    ) -> Result<Option<ProductSetPayload>> {
        let _ = synchronous;
        let scope = ctx.scope();
        let mut reader = Reader::new(scope.currency);
        let draft = reader.draft(input, identifier);
        let user_errors: Vec<ProductSetUserError> = reader.refusals();
        if !user_errors.is_empty() {
            return Ok(Some(ProductSetPayload { product: None, user_errors }));
        }
        let (db, app, actor) = (scope.db().clone(), scope.app.clone(), scope.access.actor());
        let (now, key) = (app.clock.now(), key_of(ctx, None)?);
        let grants = scope.grants();
        let work =
            async move { service::product_set(&db, now, &app.entropy, &actor, &grants, key.as_ref(), draft).await };
        let done = scope.act(work).await?.map_err(ApiError::from)?;
        let (id, user_errors) = split(done, |violation| reader.locate(violation))?;
        let product = match id {
            Some(id) => product_by_id(scope, id).await?,
            None => None,
        };
        Ok(Some(ProductSetPayload { product, user_errors }))
    }

    /// Deletes a product with its variants. Orders keep their own copy of what was sold.
    #[requires(delete_products)]
    async fn product_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: ProductDeleteInput,
        #[graphql(desc = "Whether to wait until it is done: always so.", default_with = "Some(true)")]
        synchronous: Option<bool>,
    ) -> Result<Option<ProductDeletePayload>> {
        let _ = synchronous;
        let scope = ctx.scope();
        let mut reader = Reader::new(scope.currency);
        let Some(id) = reader.gid(&input.id, "Product", at!["id"]) else {
            return Ok(Some(ProductDeletePayload { deleted_product_id: None, user_errors: reader.refusals() }));
        };
        let db = scope.db().clone();
        let done = scope.act(async move { service::product_delete(&db, id).await }).await?;
        let (done, user_errors) = split(done, |violation| reader.locate(violation))?;
        let deleted_product_id = done.map(|()| scope.gid("Product", id));
        Ok(Some(ProductDeletePayload { deleted_product_id, user_errors }))
    }

    /// Makes a collection.
    #[requires(write_collections)]
    async fn collection_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The collection.")] input: CollectionInput,
    ) -> Result<Option<CollectionCreatePayload>> {
        let scope = ctx.scope();
        let mut reader = Reader::new(scope.currency);
        let draft = input.into_draft(&mut reader);
        let user_errors: Vec<CollectionUserError> = reader.refusals();
        if !user_errors.is_empty() {
            return Ok(Some(CollectionCreatePayload { collection: None, user_errors }));
        }
        let (db, app, key) = (scope.db().clone(), scope.app.clone(), key_of(ctx, None)?);
        let work =
            async move { service::collection_create(&db, app.clock.now(), &app.entropy, key.as_ref(), draft).await };
        let done = scope.act(work).await?.map_err(ApiError::from)?;
        let (id, user_errors) = split(done, |violation| reader.locate(violation))?;
        Ok(Some(CollectionCreatePayload { collection: read(scope, id).await?, user_errors }))
    }

    /// Puts products at the end of a collection; those that are in it already stay where they are.
    #[requires(write_collections = "id")]
    async fn collection_add_products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The collection's global id.")] id: ID,
        #[graphql(desc = "The products' global ids, at most 250.")] product_ids: Vec<ID>,
    ) -> Result<Option<CollectionAddProductsPayload>> {
        let scope = ctx.scope();
        let mut reader = Reader::new(scope.currency);
        let collection = reader.gid(&id, "Collection", at!["id"]);
        if product_ids.len() > 250 {
            let message = format!("has {} items; at most 250 are allowed", product_ids.len());
            reader.found.push(Violation::new(at!["productIds"], CatalogCode::TooMany, message));
        }
        let products = reader.gids(&product_ids, "Product", "productIds");
        let (Some(collection), []) = (collection, &reader.found[..]) else {
            let user_errors = reader.found.into_iter().map(CollectionUserError::from).collect();
            return Ok(Some(CollectionAddProductsPayload { collection: None, user_errors }));
        };
        let (db, now) = (scope.db().clone(), scope.app.clock.now());
        let work = async move { service::collection_add_products(&db, now, collection, &products).await };
        let (done, user_errors) = split(scope.act(work).await?, std::convert::identity)?;
        let collection = read(scope, done.map(|()| collection)).await?;
        Ok(Some(CollectionAddProductsPayload { collection, user_errors }))
    }
}

async fn read(scope: &Scope, id: Option<Uuid>) -> Result<Option<Collection>> {
    match id {
        Some(id) => collection_by_id(scope, id).await,
        None => Ok(None),
    }
}

/// Names a product to delete.
#[derive(Clone, Debug, InputObject)]
pub struct ProductDeleteInput {
    /// The product's global id.
    id: ID,
}

/// A collection that is to be made.
#[derive(Clone, Debug, InputObject)]
pub struct CollectionInput {
    /// The collection's name. Required.
    title: Option<String>,
    /// The readable part of its URL; made from the title when left out.
    handle: Option<String>,
    /// The description with its markup.
    description_html: Option<Html>,
    /// Its picture.
    image: Option<ImageInput>,
    /// Texts for search engines.
    seo: Option<SEOInput>,
    /// The global ids of its products in order, at most 250.
    products: Option<Vec<ID>>,
}

/// A picture by its address.
#[derive(Clone, Debug, InputObject)]
pub struct ImageInput {
    /// Where it is.
    src: Option<Url>,
    /// What it shows, for those who do not see it.
    alt_text: Option<String>,
}

impl CollectionInput {
    fn into_draft(self, reader: &mut Reader) -> CollectionDraft {
        let (image_url, image_alt) = self.image.map_or((None, None), |image| (image.src, image.alt_text));
        let (seo_title, seo_description) = self.seo.map_or((None, None), |seo| (seo.title, seo.description));
        CollectionDraft {
            title: self.title.unwrap_or_default(),
            handle: self.handle,
            description_html: self.description_html.map(|html| html.0).unwrap_or_default(),
            image_url: image_url.map(|url| url.0),
            image_alt,
            seo_title,
            seo_description,
            products: reader.gids(&self.products.unwrap_or_default(), "Product", "products"),
        }
    }
}

/// What became of a product.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProductSetPayload {
    /// The product as it is now.
    product: Option<Product>,
    /// Why nothing was changed.
    user_errors: Vec<ProductSetUserError>,
}

/// What became of a product that was to be deleted.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProductDeletePayload {
    /// The global id of what was deleted.
    deleted_product_id: Option<ID>,
    /// Why nothing was deleted.
    user_errors: Vec<ProductDeleteUserError>,
}

/// What became of a new collection.
#[derive(Clone, Debug, SimpleObject)]
pub struct CollectionCreatePayload {
    /// The collection.
    collection: Option<Collection>,
    /// Why it was not made.
    user_errors: Vec<CollectionUserError>,
}

/// What became of a collection that products were added to.
#[derive(Clone, Debug, SimpleObject)]
pub struct CollectionAddProductsPayload {
    /// The collection as it is now.
    collection: Option<Collection>,
    /// Why nothing was added.
    user_errors: Vec<CollectionUserError>,
}
