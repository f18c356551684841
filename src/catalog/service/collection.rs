//! Collections by hand.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::membership;
use crate::catalog::model::{CollectionDraft, WholeCollection, check_collection, handle_from_title};
use crate::catalog::rule::{CatalogCode, CatalogRule, Violation, at};
use crate::catalog::store;
use crate::clock::Entropy;
use crate::db::error::constraint;
use crate::db::idempotency::{Key, Once, once};
use crate::db::{TenantDb, TenantTx};
use crate::error::{ServiceError, ServiceResult};
use crate::text::plain_of;

/// Makes a collection, once for a key; answers its id.
pub async fn collection_create(
    db: &TenantDb,
    now: DateTime<Utc>,
    entropy: &Entropy,
    key: Option<&Key>,
    draft: CollectionDraft,
) -> Once<Uuid, CatalogRule> {
    once(db, now, key, async |tx| collection_create_in_tx(tx, now, entropy, draft).await).await
}

/// Makes a collection in a running transaction; answers its id.
pub async fn collection_create_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    mut draft: CollectionDraft,
) -> ServiceResult<Uuid, CatalogRule> {
    let violations = check_collection(&mut draft);
    if !violations.is_empty() {
        return Err(ServiceError::Rule(CatalogRule(violations)));
    }
    let handle = match &draft.handle {
        Some(handle) => handle.clone(),
        None => free_handle(tx, &draft.title).await?,
    };
    let id = entropy.uuid_v7(now);
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let collection = WholeCollection {
        id,
        handle,
        description: plain_of(&draft.description_html),
        image_url: text(&draft.image_url),
        image_alt: text(&draft.image_alt),
        seo_title: text(&draft.seo_title),
        seo_description: text(&draft.seo_description),
        title: draft.title,
        description_html: draft.description_html,
        published_at: Some(now),
        at: now,
    };
    store::insert_collection(tx, &collection).await.map_err(|error| match constraint(&error) {
        Some("collections_handle_taken") => refused(at!["handle"], CatalogCode::HandleTaken, "the handle is taken"),
        _ => error.into(),
    })?;
    add_products(tx, now, id, &draft.products, "products").await?;
    Ok(id)
}

/// Puts products at the end of a collection, in this order; one that is there keeps its place.
pub async fn collection_add_products(
    db: &TenantDb,
    now: DateTime<Utc>,
    id: Uuid,
    products: &[Uuid],
) -> ServiceResult<(), CatalogRule> {
    db.write(async |tx| {
        if store::lock_collections(tx, &[id]).await?.is_empty() {
            return Err(refused(at!["id"], CatalogCode::NotFound, "there is no such collection"));
        }
        add_products(tx, now, id, products, "productIds").await
    })
    .await
}

async fn add_products(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    id: Uuid,
    products: &[Uuid],
    field: &str,
) -> ServiceResult<(), CatalogRule> {
    let known = store::hold_products(tx, products).await?;
    let unknown = products.iter().enumerate().filter(|(_, product)| !known.contains(product));
    let violations: Vec<Violation> = unknown
        .map(|(place, _)| Violation::new(at![field, place], CatalogCode::NotFound, "there is no such product"))
        .collect();
    if !violations.is_empty() {
        return Err(ServiceError::Rule(CatalogRule(violations)));
    }
    let mut seen = HashSet::new();
    let added: Vec<(Uuid, Uuid)> =
        products.iter().filter(|product| seen.insert(**product)).map(|product| (id, *product)).collect();
    membership::append(tx, now, &added).await?;
    Ok(())
}

async fn free_handle(tx: &mut TenantTx<'_>, title: &str) -> ServiceResult<String, CatalogRule> {
    let base = handle_from_title(title);
    let suggestions: Vec<String> =
        std::iter::once(base.clone()).chain((1..20).map(|number| format!("{base}-{number}"))).collect();
    let taken = store::collection_handles(tx.conn(), &suggestions).await?;
    suggestions
        .into_iter()
        .find(|handle| !taken.contains_key(handle))
        .ok_or_else(|| refused(at!["handle"], CatalogCode::HandleTaken, "give a handle: many titles are like this"))
}

fn refused(field: Vec<String>, code: CatalogCode, message: &str) -> ServiceError<CatalogRule> {
    ServiceError::Rule(Violation::new(field, code, message).into())
}
