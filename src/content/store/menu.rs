//! Menus and their items.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::clock::Entropy;
use crate::content::model::{Menu, MenuItem, NewMenu, NewMenuItem, Resource, ResourceKind, Target};
use crate::db::schema::{menu_items, menus};
use crate::db::{TenantConn, TenantTx};

pub async fn menu_by_handle(conn: &mut TenantConn<'_>, handle: &str) -> QueryResult<Option<Menu>> {
    let found: Option<(Uuid, String, String)> = menus::table
        .filter(menus::tenant_id.eq(conn.tenant()).and(menus::handle.eq(handle)))
        .select((menus::id, menus::handle, menus::title))
        .first(conn)
        .await
        .optional()?;
    with_items(conn, found).await
}

pub async fn menu_by_id(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<Menu>> {
    let found: Option<(Uuid, String, String)> = menus::table
        .filter(menus::tenant_id.eq(conn.tenant()).and(menus::id.eq(id)))
        .select((menus::id, menus::handle, menus::title))
        .first(conn)
        .await
        .optional()?;
    with_items(conn, found).await
}

/// The menu that holds this item.
pub async fn menu_of_item(conn: &mut TenantConn<'_>, item_id: Uuid) -> QueryResult<Option<Menu>> {
    let menu_id: Option<Uuid> = menu_items::table
        .filter(menu_items::tenant_id.eq(conn.tenant()).and(menu_items::id.eq(item_id)))
        .select(menu_items::menu_id)
        .first(conn)
        .await
        .optional()?;
    match menu_id {
        Some(id) => menu_by_id(conn, id).await,
        None => Ok(None),
    }
}

async fn with_items(conn: &mut TenantConn<'_>, menu: Option<(Uuid, String, String)>) -> QueryResult<Option<Menu>> {
    let Some((id, handle, title)) = menu else { return Ok(None) };
    let rows: Vec<ItemRow> = menu_items::table
        .filter(menu_items::tenant_id.eq(conn.tenant()).and(menu_items::menu_id.eq(id)))
        .order((menu_items::position, menu_items::id))
        .select(ItemRow::as_select())
        .load(conn)
        .await?;
    let mut by_parent: HashMap<Option<Uuid>, Vec<ItemRow>> = HashMap::new();
    for row in rows {
        by_parent.entry(row.parent_id).or_default().push(row);
    }
    Ok(Some(Menu { id, handle, title, items: below(&mut by_parent, None) }))
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = menu_items, check_for_backend(Pg))]
struct ItemRow {
    tenant_id: Uuid,
    id: Uuid,
    menu_id: Uuid,
    parent_id: Option<Uuid>,
    position: i32,
    title: String,
    kind: String,
    url: Option<String>,
    resource_id: Option<Uuid>,
    tags: Vec<String>,
}

fn below(by_parent: &mut HashMap<Option<Uuid>, Vec<ItemRow>>, parent: Option<Uuid>) -> Vec<Arc<MenuItem>> {
    let rows = by_parent.remove(&parent).unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            let items = below(by_parent, Some(row.id));
            let target = target(&row.kind, row.url, row.resource_id);
            Arc::new(MenuItem { id: row.id, title: row.title, target, tags: row.tags, items })
        })
        .collect()
}

fn target(kind: &str, url: Option<String>, resource_id: Option<Uuid>) -> Target {
    let resource = |kind| Target::Resource(Resource { kind, id: resource_id.unwrap_or_default() });
    match kind {
        "FRONTPAGE" => Target::FrontPage,
        "CATALOG" => Target::Catalog,
        "COLLECTIONS" => Target::Collections,
        "SEARCH" => Target::Search,
        "COLLECTION" => resource(ResourceKind::Collection),
        "PRODUCT" => resource(ResourceKind::Product),
        "PAGE" => resource(ResourceKind::Page),
        _ => Target::Http(url.unwrap_or_default()),
    }
}

fn columns(target: &Target) -> (&'static str, Option<String>, Option<Uuid>) {
    match target {
        Target::FrontPage => ("FRONTPAGE", None, None),
        Target::Catalog => ("CATALOG", None, None),
        Target::Collections => ("COLLECTIONS", None, None),
        Target::Search => ("SEARCH", None, None),
        Target::Http(url) => ("HTTP", Some(url.clone()), None),
        Target::Resource(Resource { kind: ResourceKind::Collection, id }) => ("COLLECTION", None, Some(*id)),
        Target::Resource(Resource { kind: ResourceKind::Product, id }) => ("PRODUCT", None, Some(*id)),
        Target::Resource(Resource { kind: ResourceKind::Page, id }) => ("PAGE", None, Some(*id)),
    }
}

/// Puts a menu in, without its items; answers false when the handle is taken.
pub async fn insert_menu(tx: &mut TenantTx<'_>, id: Uuid, menu: &NewMenu, now: DateTime<Utc>) -> QueryResult<bool> {
    let inserted = diesel::insert_into(menus::table)
        .values((
            menus::tenant_id.eq(tx.tenant()),
            menus::id.eq(id),
            menus::handle.eq(menu.handle.trim().to_lowercase()),
            menus::title.eq(&menu.title),
            menus::created_at.eq(now),
            menus::updated_at.eq(now),
        ))
        .on_conflict((menus::tenant_id, menus::handle))
        .do_nothing()
        .execute(tx)
        .await?;
    Ok(inserted == 1)
}

/// Puts all items of a new menu in with one statement.
pub async fn insert_items(
    tx: &mut TenantTx<'_>,
    menu_id: Uuid,
    items: &[NewMenuItem],
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let mut rows = Vec::new();
    flatten(&mut rows, tx.tenant(), menu_id, None, items, entropy, now);
    if !rows.is_empty() {
        diesel::insert_into(menu_items::table).values(rows).execute(tx).await?;
    }
    Ok(())
}

fn flatten(
    rows: &mut Vec<ItemRow>,
    tenant_id: Uuid,
    menu_id: Uuid,
    parent_id: Option<Uuid>,
    items: &[NewMenuItem],
    entropy: &Entropy,
    now: DateTime<Utc>,
) {
    for (position, item) in (1..).zip(items) {
        let (kind, url, resource_id) = columns(&item.target);
        let id = entropy.uuid_v7(now);
        rows.push(ItemRow {
            tenant_id,
            id,
            menu_id,
            parent_id,
            position,
            title: item.title.clone(),
            kind: kind.to_owned(),
            url,
            resource_id,
            tags: item.tags.clone(),
        });
        flatten(rows, tenant_id, menu_id, Some(id), &item.items, entropy, now);
    }
}
