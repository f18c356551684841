//! Keeping the collections' lists.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::Grants;
use crate::access::permission::WRITE_COLLECTIONS;
use crate::catalog::model::ProductDraft;
use crate::catalog::rule::{CatalogCode, Violation, at};
use crate::catalog::store::{self, Place};
use crate::db::{QueryResult, TenantTx};

/// Refuses drafts that name collections which are not there; the others are locked.
pub async fn check(tx: &mut TenantTx<'_>, drafts: &mut [Result<ProductDraft, Vec<Violation>>]) -> QueryResult<()> {
    let ids: HashSet<Uuid> =
        drafts.iter().flatten().filter_map(|draft| draft.collections.as_ref()).flatten().copied().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let known = store::lock_collections(tx, &Vec::from_iter(ids)).await?;
    for slot in drafts {
        let Ok(draft) = slot else { continue };
        let named = draft.collections.iter().flatten().enumerate();
        let violations: Vec<_> = named
            .filter(|(_, id)| !known.contains(id))
            .map(|(at, _)| Violation::new(at!["collections", at], CatalogCode::NotFound, "there is no such collection"))
            .collect();
        if !violations.is_empty() {
            *slot = Err(violations);
        }
    }
    Ok(())
}

/// Refuses drafts that take a product out of a collection which the caller may not change. Which products there are, `id`
/// says.
pub async fn check_leaving(
    tx: &mut TenantTx<'_>,
    grants: &Grants,
    drafts: &mut [Result<ProductDraft, Vec<Violation>>],
    id: impl Fn(&ProductDraft) -> Option<Uuid>,
) -> QueryResult<()> {
    if grants.may_with_all(WRITE_COLLECTIONS) {
        return Ok(());
    }
    let is_about_them = |draft: &&ProductDraft| draft.collections.is_some();
    let ids: Vec<Uuid> = drafts.iter().flatten().filter(is_about_them).filter_map(&id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let stored = store::collections_of(tx.conn(), &ids).await?;
    for slot in drafts {
        let Ok(draft) = slot else { continue };
        let (Some(wanted), Some(id)) = (&draft.collections, id(draft)) else { continue };
        let mut gone = stored.get(&id).into_iter().flatten().filter(|collection| !wanted.contains(collection));
        if gone.any(|collection| !grants.may_with(WRITE_COLLECTIONS, *collection)) {
            let message = "the product would leave a collection that you may not change";
            *slot = Err(vec![Violation::new(at!["collections"], CatalogCode::NotGranted, message)]);
        }
    }
    Ok(())
}

/// Makes these the products' collections; answers the products that moved.
pub async fn set(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    wanted: &[(Uuid, Vec<Uuid>)],
) -> QueryResult<HashSet<Uuid>> {
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    let products: Vec<Uuid> = wanted.iter().map(|(product, _)| *product).collect();
    let stored = store::collections_of(tx.conn(), &products).await?;
    let none = HashSet::new();
    let (mut moved, mut added) = (HashSet::new(), Vec::new());
    for (product, collections) in wanted {
        let (stored, wanted) = (stored.get(product).unwrap_or(&none), HashSet::from_iter(collections.iter().copied()));
        let gone: Vec<Uuid> = stored.difference(&wanted).copied().collect();
        if !gone.is_empty() {
            store::delete_places(tx, *product, &gone).await?;
        }
        let new: Vec<Uuid> = collections.iter().filter(|id| !stored.contains(id)).copied().collect();
        if !gone.is_empty() || !new.is_empty() {
            moved.insert(*product);
        }
        added.extend(new.into_iter().map(|collection| (collection, *product)));
    }
    append(tx, now, &added).await?;
    Ok(moved)
}

/// Puts products at the end of (locked) collections, in this order; one that is there keeps its place.
pub async fn append(tx: &mut TenantTx<'_>, now: DateTime<Utc>, added: &[(Uuid, Uuid)]) -> QueryResult<usize> {
    if added.is_empty() {
        return Ok(0);
    }
    let collections: Vec<Uuid> = HashSet::<Uuid>::from_iter(added.iter().map(|(id, _)| *id)).into_iter().collect();
    let mut last: HashMap<Uuid, i32> = store::last_positions(tx.conn(), &collections).await?;
    let place = |(collection_id, product_id): &(Uuid, Uuid)| {
        let last = last.entry(*collection_id).or_default();
        *last += 1;
        Place { collection_id: *collection_id, product_id: *product_id, position: *last }
    };
    let places: Vec<Place> = added.iter().map(place).collect();
    store::touch_collections(tx, now, &collections).await?;
    store::insert_places(tx, &places).await
}
