//! Writing many whole products: recognise, plan, compare, write what differs.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::handle::{suggestions, unique};
use super::membership;
use crate::access::Grants;
use crate::catalog::model::{
    Planning, ProductDraft, ProductKey, WholeProduct, Written, WrittenProduct, check, parse_handle, plan,
};
use crate::catalog::rule::{CatalogCode, Violation, at};
use crate::catalog::store;
use crate::clock::Entropy;
use crate::db::TenantTx;
use crate::error::{Fault, ServiceError};
use crate::inventory;
use crate::inventory::model::StockChange;
use crate::plan::model::Resource;
use crate::plan::service::{Left, hold_in_tx};

/// How many products one call may write: bounds memory and the statements' size.
pub const MAX_DRAFTS: usize = 500;

/// What became of one draft: written, or refused for these reasons.
pub type Outcome = Result<WrittenProduct, Vec<Violation>>;

/// Creates or updates many whole products with a few statements; answers for each draft, in order.
///
/// A refused draft leaves nothing behind and does not hold up the others. Existing variants keep their ids and their
/// stock; a product that is already as its draft says is not written at all; one that would leave a collection which the
/// caller may not change is refused. At most [`MAX_DRAFTS`] at once.
pub async fn products_upsert_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    grants: &Grants,
    products: Vec<ProductDraft>,
) -> Result<Vec<Outcome>, Fault> {
    if products.len() > MAX_DRAFTS {
        return Err(Fault::internal(format!("{} products in one write", products.len())));
    }
    let mut drafts: Vec<Result<ProductDraft, Vec<Violation>>> = products.into_iter().map(checked).collect();
    // Before any product is locked. What names its product by its id makes none.
    let makes = drafts.iter().flatten().any(|draft| !matches!(draft.key, ProductKey::Id(_)));
    let room = if makes { Some(hold_in_tx(tx, Resource::Products, now)?) } else { None };
    let stored = lock_stored(tx, &drafts).await?;
    recognise(&mut drafts, &stored);
    membership::check(tx, &mut drafts).await?;
    membership::check_leaving(tx, grants, &mut drafts, |draft| Some(stored.find(&draft.key)?.fields.id)).await?;
    check_locations(tx, &mut drafts).await?;
    assign_handles(tx, entropy, &mut drafts, &stored).await?;

    let mut planned = Vec::with_capacity(drafts.len());
    let mut new_id = || entropy.uuid_v7(now);
    for draft in drafts {
        planned.push(draft.and_then(|draft| {
            let before = stored.find(&draft.key);
            let handle = draft.handle.clone().unwrap_or_default();
            let after = plan(&draft, before, &mut Planning { now, new_id: &mut new_id, handle })?;
            Ok(Planned { draft, before, after })
        }));
    }
    if let Some(mut room) = room
        && planned.iter().flatten().any(|planned| planned.before.is_none())
        && let Some(left) = room.left(tx.conn()).await?
    {
        keep_to(left, &mut planned);
    }
    write(tx, now, entropy, actor, &planned).await?;
    let moved = membership::set(tx, now, &planned_collections(&planned)).await?;
    Ok(planned.into_iter().map(|planned| planned.map(|planned| planned.outcome(&moved))).collect())
}

/// Refuses those of the new products, the last of them, for which the plan has no room.
fn keep_to(left: Left, planned: &mut [Result<Planned<'_>, Vec<Violation>>]) {
    let mut more = left.more;
    for slot in planned {
        if !matches!(slot, Ok(planned) if planned.before.is_none()) {
            continue;
        }
        if more > 0 {
            more -= 1;
        } else {
            *slot = Err(vec![Violation::new(at![], CatalogCode::PlanLimitReached, left.full.to_string())]);
        }
    }
}

/// A draft with what it starts from and what it leads to.
struct Planned<'a> {
    draft: ProductDraft,
    before: Option<&'a WholeProduct>,
    after: WholeProduct,
}

impl Planned<'_> {
    fn is_new(&self, variant_id: Uuid) -> bool {
        !self.before.is_some_and(|before| before.variants.iter().any(|variant| variant.id == variant_id))
    }

    fn outcome(self, moved: &HashSet<Uuid>) -> WrittenProduct {
        let fields = &self.after.fields;
        let written = match self.before {
            None => Written::Created,
            Some(before) if *before == self.after && !moved.contains(&fields.id) => Written::Unchanged,
            Some(_) => Written::Updated,
        };
        let variants = self.after.variants.iter().map(|variant| (variant.id, self.is_new(variant.id))).collect();
        WrittenProduct { id: fields.id, handle: fields.handle.clone(), written, variants }
    }
}

fn planned_collections(planned: &[Result<Planned<'_>, Vec<Violation>>]) -> Vec<(Uuid, Vec<Uuid>)> {
    let wanted = |planned: &Planned<'_>| Some((planned.after.fields.id, planned.draft.collections.clone()?));
    planned.iter().flatten().filter_map(wanted).collect()
}

fn checked(mut draft: ProductDraft) -> Result<ProductDraft, Vec<Violation>> {
    let mut violations = check(&mut draft);
    for handle in [&mut draft.handle].into_iter().flatten().chain(match &mut draft.key {
        ProductKey::Handle(handle) => Some(handle),
        ProductKey::New | ProductKey::Id(_) => None,
    }) {
        match parse_handle(handle) {
            Ok(parsed) => *handle = parsed,
            Err(bad) => violations.push(Violation::new(at!["handle"], CatalogCode::Invalid, bad.to_string())),
        }
    }
    if violations.is_empty() { Ok(draft) } else { Err(violations) }
}

/// What is stored of the products that the drafts name.
struct Stored {
    products: Vec<WholeProduct>,
    by_id: HashMap<Uuid, usize>,
    by_handle: HashMap<String, usize>,
}

impl Stored {
    fn find(&self, key: &ProductKey) -> Option<&WholeProduct> {
        let at = match key {
            ProductKey::New => None,
            ProductKey::Id(id) => self.by_id.get(id),
            ProductKey::Handle(handle) => self.by_handle.get(handle),
        };
        at.map(|at| &self.products[*at])
    }
}

async fn lock_stored(tx: &mut TenantTx<'_>, drafts: &[Result<ProductDraft, Vec<Violation>>]) -> Result<Stored, Fault> {
    let (mut ids, mut handles) = (Vec::new(), Vec::new());
    for draft in drafts.iter().flatten() {
        match &draft.key {
            ProductKey::New => {}
            ProductKey::Id(id) => ids.push(*id),
            ProductKey::Handle(handle) => handles.push(handle.clone()),
        }
    }
    let products = match (&ids[..], &handles[..]) {
        ([], []) => Vec::new(),
        _ => store::lock_whole_products(tx, &ids, &handles).await?,
    };
    let place = |at: usize, product: &WholeProduct| (product.fields.id, (product.fields.handle.clone(), at));
    let places: Vec<_> = products.iter().enumerate().map(|(at, product)| place(at, product)).collect();
    Ok(Stored {
        by_id: places.iter().map(|(id, (_, at))| (*id, *at)).collect(),
        by_handle: places.into_iter().map(|(_, place)| place).collect(),
        products,
    })
}

/// Refuses what names a product that is not there, or one that an earlier draft names.
fn recognise(drafts: &mut [Result<ProductDraft, Vec<Violation>>], stored: &Stored) {
    let mut seen = HashSet::new();
    for slot in drafts {
        let Ok(draft) = slot else { continue };
        let found = stored.find(&draft.key);
        let violation = match &draft.key {
            ProductKey::Id(_) if found.is_none() => {
                Some(Violation::new(at!["id"], CatalogCode::NotFound, "there is no such product"))
            }
            _ if found.is_some_and(|found| !seen.insert(found.fields.id)) => {
                Some(Violation::new(at!["handle"], CatalogCode::HandleTaken, "the same product is written twice"))
            }
            _ => None,
        };
        if let Some(violation) = violation {
            *slot = Err(vec![violation]);
        }
    }
}

/// Refuses stock at locations that are not there.
async fn check_locations(
    tx: &mut TenantTx<'_>,
    drafts: &mut [Result<ProductDraft, Vec<Violation>>],
) -> Result<(), Fault> {
    let quantities = |draft: &ProductDraft| -> Vec<(usize, usize, Uuid)> {
        let variants = draft.variants.iter().flatten().enumerate();
        variants
            .flat_map(|(at, variant)| {
                variant.quantities.iter().enumerate().map(move |(place, (location, _))| (at, place, *location))
            })
            .collect()
    };
    let mut ids: Vec<Uuid> = drafts.iter().flatten().flat_map(quantities).map(|(_, _, location)| location).collect();
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    let known = inventory::service::locations_among(tx.conn(), &ids).await?;
    for slot in drafts {
        let Ok(draft) = slot else { continue };
        let unknown = quantities(draft).into_iter().filter(|(_, _, location)| !known.contains(location));
        let violations: Vec<_> = unknown
            .map(|(at, place, _)| {
                let field = at!["variants", at, "inventoryQuantities", place, "locationId"];
                Violation::new(field, CatalogCode::NotFound, "there is no such location")
            })
            .collect();
        if !violations.is_empty() {
            *slot = Err(violations);
        }
    }
    Ok(())
}

/// Gives every draft its final handle: the wanted one, the one it has, or one made from the title.
async fn assign_handles(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    drafts: &mut [Result<ProductDraft, Vec<Violation>>],
    stored: &Stored,
) -> Result<(), Fault> {
    let mut candidates = Vec::new();
    for draft in drafts.iter_mut().flatten() {
        if draft.handle.is_none() {
            draft.handle = match (&draft.key, stored.find(&draft.key)) {
                (_, Some(found)) => Some(found.fields.handle.clone()),
                (ProductKey::Handle(handle), None) => Some(handle.clone()),
                (ProductKey::New | ProductKey::Id(_), None) => None,
            };
        }
        match &draft.handle {
            Some(handle) => candidates.push(handle.clone()),
            None => candidates.extend(suggestions(title(draft))),
        }
    }
    let owners = store::product_handles(tx.conn(), &candidates).await?;
    let mut given = HashSet::new();
    for slot in drafts {
        let Ok(draft) = slot else { continue };
        let own = stored.find(&draft.key).map(|found| found.fields.id);
        let handle = match &draft.handle {
            Some(handle) => handle.clone(),
            None => {
                let is_free = |handle: &String| !owners.contains_key(handle) && !given.contains(handle);
                let free = suggestions(title(draft)).find(is_free);
                free.unwrap_or_else(|| unique(title(draft), entropy))
            }
        };
        // Whoever has the handle that names the draft's product came after we looked for that: the write will tell.
        let is_key = matches!(&draft.key, ProductKey::Handle(key) if *key == handle);
        let is_owned = !is_key && owners.get(&handle).is_some_and(|owner| Some(*owner) != own);
        if is_owned || !given.insert(handle.clone()) {
            let message = format!("the handle \"{handle}\" is taken");
            *slot = Err(vec![Violation::new(at!["handle"], CatalogCode::HandleTaken, message)]);
            continue;
        }
        draft.handle = Some(handle);
    }
    Ok(())
}

fn title(draft: &ProductDraft) -> &str {
    draft.title.as_deref().unwrap_or_default()
}

async fn write(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    planned: &[Result<Planned<'_>, Vec<Violation>>],
) -> Result<(), Fault> {
    let mut changes = store::Changes::default();
    let (mut repoliced, mut stock) = (Vec::new(), Vec::new());
    for planned in planned.iter().flatten() {
        changes.add(planned.before, &planned.after);
        let before = planned.before.map_or(&[][..], |before| &before.variants);
        for variant in &planned.after.variants {
            if let Some(stored) = before.iter().find(|stored| stored.id == variant.id)
                && stored.inventory_policy != variant.inventory_policy
            {
                repoliced.push(variant.id);
            }
        }
        let drafts = planned.draft.variants.iter().flatten().zip(&planned.after.variants);
        for (draft, variant) in drafts.filter(|(_, variant)| planned.is_new(variant.id)) {
            let change = |(location_id, delta): &(Uuid, i32)| StockChange {
                variant_id: variant.id,
                location_id: *location_id,
                delta: *delta,
            };
            stock.extend(draft.quantities.iter().filter(|(_, delta)| *delta != 0).map(change));
        }
    }
    let touched: Vec<Uuid> = changes.variants_gone().iter().chain(&repoliced).copied().collect();
    if !touched.is_empty() {
        // With their siblings, which are written as well: a checkout that makes a level holds its variant first.
        let existing =
            planned.iter().flatten().filter_map(|planned| planned.before).flat_map(|before| &before.variants);
        let existing: Vec<Uuid> = existing.map(|variant| variant.id).collect();
        inventory::service::lock_in_tx(tx, &existing).await?;
    }
    store::apply(tx, &changes).await?;
    inventory::service::policies_changed_in_tx(tx, now, &repoliced).await?;
    inventory::service::adjust_in_tx(tx, now, entropy, actor, "initial", None, &stock).await.map_err(
        |error| match error {
            ServiceError::Rule(rule) => Fault::internal(format!("initial stock was refused: {rule}")),
            ServiceError::Fault(fault) => fault,
        },
    )
}
