//! What merchants do with pages and menus.

use uuid::Uuid;

use super::model::{NewMenu, NewMenuItem, NewPage, Resource, Target};
use super::rule::{self, ContentRule};
use super::store;
use crate::app::App;
use crate::catalog::model::{Audience, handle_from_title};
use crate::db::idempotency::{Key, Once, once};
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{ServiceError, ServiceResult};

pub use super::rule::Refused;

pub type ContentResult<T> = ServiceResult<T, Vec<Refused>>;

/// The page with this handle, published or not.
pub async fn page_id(conn: &mut TenantConn<'_>, handle: &str) -> QueryResult<Option<Uuid>> {
    Ok(store::page_by_handle(conn, Audience::Merchant, handle).await?.map(|page| page.id))
}

/// Whether there is a menu with this handle.
pub async fn has_menu(conn: &mut TenantConn<'_>, handle: &str) -> QueryResult<bool> {
    Ok(store::menu_by_handle(conn, handle).await?.is_some())
}

/// Makes a page, once for a key. Without a handle it gets one from its title, with a number behind it when that is
/// taken.
pub async fn page_create(app: &App, db: &TenantDb, key: Option<&Key>, page: &NewPage) -> Once<Uuid, Vec<Refused>> {
    once(db, app.clock.now(), key, async |tx| {
        refuse(rule::check_page(page))?;
        page_create_in_tx(app, tx, page).await
    })
    .await
}

async fn page_create_in_tx(app: &App, tx: &mut TenantTx<'_>, page: &NewPage) -> ContentResult<Uuid> {
    let now = app.clock.now();
    let id = app.entropy.uuid_v7(now);
    for handle in handles(page) {
        if store::insert_page(tx, id, &handle, page, now).await? {
            return Ok(id);
        }
    }
    let message = "another page has this handle".to_owned();
    let field = vec!["page".to_owned(), "handle".to_owned()];
    Err(ServiceError::Rule(vec![Refused { field, rule: ContentRule::Taken, message }]))
}

/// How many handles are tried for a page that does not bring its own.
const ATTEMPTS: usize = 50;

/// The handles that a page may get, the first free one counts.
fn handles(page: &NewPage) -> Vec<String> {
    if let Some(handle) = &page.handle {
        return vec![handle.trim().to_lowercase()];
    }
    let made = handle_from_title(&page.title);
    std::iter::once(made.clone()).chain((1..ATTEMPTS).map(|number| format!("{made}-{number}"))).collect()
}

/// Makes a menu with all its items, once for a key.
pub async fn menu_create(app: &App, db: &TenantDb, key: Option<&Key>, menu: &NewMenu) -> Once<Uuid, Vec<Refused>> {
    once(db, app.clock.now(), key, async |tx| {
        refuse(rule::check_menu(menu))?;
        menu_create_in_tx(app, tx, menu).await
    })
    .await
}

async fn menu_create_in_tx(app: &App, tx: &mut TenantTx<'_>, menu: &NewMenu) -> ContentResult<Uuid> {
    refuse(missing_resources(tx, menu).await?)?;
    let now = app.clock.now();
    let id = app.entropy.uuid_v7(now);
    if !store::insert_menu(tx, id, menu, now).await? {
        let message = "another menu has this handle".to_owned();
        let field = vec!["handle".to_owned()];
        return Err(ServiceError::Rule(vec![Refused { field, rule: ContentRule::Taken, message }]));
    }
    store::insert_items(tx, id, &menu.items, &app.entropy, now).await?;
    Ok(id)
}

/// The items that lead to nothing.
async fn missing_resources(tx: &mut TenantTx<'_>, menu: &NewMenu) -> ContentResult<Vec<Refused>> {
    let mut linked = Vec::new();
    collect(&mut linked, &mut vec!["items".to_owned()], &menu.items);
    let resources: Vec<Resource> = linked.iter().map(|(_, resource)| *resource).collect();
    let found = store::places(tx.conn(), &resources).await?;
    let is_missing = |resource: &Resource| !found.iter().any(|(one, _)| one == resource);
    Ok(linked
        .into_iter()
        .filter(|(_, resource)| is_missing(resource))
        .map(|(field, resource)| {
            let message = format!("there is no such {}", resource.kind.type_name().to_lowercase());
            Refused { field, rule: ContentRule::NotFound, message }
        })
        .collect())
}

fn collect(linked: &mut Vec<(Vec<String>, Resource)>, path: &mut Vec<String>, items: &[NewMenuItem]) {
    for (at, item) in items.iter().enumerate() {
        path.push(at.to_string());
        if let Target::Resource(resource) = item.target {
            linked.push((path.iter().cloned().chain(["resourceId".to_owned()]).collect(), resource));
        }
        path.push("items".to_owned());
        collect(linked, path, &item.items);
        path.truncate(path.len() - 2);
    }
}

fn refuse(found: Vec<Refused>) -> ContentResult<()> {
    if found.is_empty() { Ok(()) } else { Err(ServiceError::Rule(found)) }
}
