//! Collections by hand.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{handle, membership};
use crate::catalog::model::{CollectionDraft, WholeCollection, check_collection};
use crate::catalog::rule::{CatalogCode, CatalogRule, Violation, at};
use crate::catalog::store;
use crate::clock::Entropy;
use crate::db::idempotency::{Key, Once, once};
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
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
    let handles = match draft.handle.take() {
        Some(handle) => vec![handle],
        None => free_handles(tx, entropy, &draft.title).await?,
    };
    let id = entropy.uuid_v7(now);
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let mut collection = WholeCollection {
        id,
        handle: String::new(),
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
    for handle in handles {
        collection.handle = handle;
        if store::insert_collection(tx, &collection).await? {
            let known = store::hold_products(tx, &draft.products).await?;
            add_products(tx, now, id, &draft.products, &known, "products").await?;
            return Ok(id);
        }
    }
    Err(refused(at!["handle"], CatalogCode::HandleTaken, "the handle is taken"))
}

/// Puts products at the end of a collection, in this order; one that is there keeps its place.
pub async fn collection_add_products(
    db: &TenantDb,
    now: DateTime<Utc>,
    id: Uuid,
    products: &[Uuid],
) -> ServiceResult<(), CatalogRule> {
    db.write(async |tx| {
        // Products before collections, as `productSet` locks them: the other way round two could wait for each other.
        let known = store::hold_products(tx, products).await?;
        if store::lock_collections(tx, &[id]).await?.is_empty() {
            return Err(refused(at!["id"], CatalogCode::NotFound, "there is no such collection"));
        }
        add_products(tx, now, id, products, &known, "productIds").await
    })
    .await
}

/// These of the ids that are collections.
pub async fn collections_among(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    store::collections_among(conn, ids).await
}

async fn add_products(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    id: Uuid,
    products: &[Uuid],
    known: &HashSet<Uuid>,
    field: &str,
) -> ServiceResult<(), CatalogRule> {
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

/// Handles made from a title that nobody has, as far as can be seen: what others take meanwhile is skipped.
async fn free_handles(tx: &mut TenantTx<'_>, entropy: &Entropy, title: &str) -> QueryResult<Vec<String>> {
    let suggestions: Vec<String> = handle::suggestions(title).collect();
    let taken = store::collection_handles(tx.conn(), &suggestions).await?;
    let free = suggestions.into_iter().filter(|handle| !taken.contains_key(handle));
    Ok(free.chain([handle::unique(title, entropy)]).collect())
}

fn refused(field: Vec<String>, code: CatalogCode, message: &str) -> ServiceError<CatalogRule> {
    ServiceError::Rule(Violation::new(field, code, message).into())
}
