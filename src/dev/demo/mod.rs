//! The demo store "Fjord & Field": products.csv and store.json, brought in through the same doors as a merchant's.
//!
//! Made once; every step looks first whether it has been done, so that an interrupted first start is completed by
//! the second. What a developer changes in the store later is left alone.

mod file;

use anyhow::{Context, anyhow, bail};
use uuid::Uuid;

use super::home::{Home, Secrets, random_password};
use super::progress;
use crate::access::SystemRole;
use crate::api_key::service::{FirstKeys, first_keys_again};
use crate::app::App;
use crate::catalog::model::CollectionDraft;
use crate::catalog::{service as catalog, store as catalog_store};
use crate::content::model::{NewMenu, NewMenuItem, NewPage, Resource, ResourceKind, Target};
use crate::content::service as content;
use crate::db::TenantDb;
use crate::error::{Fault, ServiceError};
use crate::identity::model::{NewStaff, StaffStatus};
use crate::identity::service::{password_set_by_operator, staff_by_email, staff_create};
use crate::ids::TenantId;
use crate::import;
use crate::provision::store_create;
use crate::tenant::resolve::Refusal;
use crate::tenant::service::{TenantRule, tenant_find};
use file::{Item, StoreFile};

const PRODUCTS: &str = include_str!("products.csv");
/// What stands for the API's own address in both files.
const BASE_URL: &str = "{base_url}";
const HANDLE: &str = "demo";
/// By which the store's owner signs in.
pub const STAFF_EMAIL: &str = "owner@demo.example";

/// Makes what is missing of the store; its keys are kept in `secrets`.
pub async fn provision(app: &App, home: &Home, secrets: &mut Secrets, public_url: &str) -> anyhow::Result<()> {
    let file = StoreFile::read(public_url)?;
    let tenant = tenant(app, home, secrets, &file).await?;
    let db = app.db.tenant(tenant);
    staff(app, &db, home, secrets).await?;
    match secrets.demo_url.as_deref() {
        Some(url) if url == public_url => return Ok(()),
        Some(url) => {
            let (from, to) = (format!("{url}/demo/images/"), format!("{public_url}/demo/images/"));
            catalog::image_urls_move(&db, &from, &to).await?;
        }
        None => fill(app, &db, &file, public_url).await?,
    }
    secrets.demo_url = Some(public_url.to_owned());
    home.keep(secrets)
}

/// The tenant with keys that work, whatever became of earlier ones.
async fn tenant(app: &App, home: &Home, secrets: &mut Secrets, file: &StoreFile) -> anyhow::Result<TenantId> {
    let (tenant, keys) = match tenant_find(&app.db, HANDLE).await {
        Ok(tenant) => {
            let (publishable, secret) = (&secrets.publishable_key, &secrets.secret_key);
            if works(app, publishable.as_deref()).await? && works(app, secret.as_deref()).await? {
                return Ok(tenant);
            }
            (tenant, first_keys_again(&app.db, &*app.clock, &app.entropy, tenant).await?)
        }
        Err(ServiceError::Rule(TenantRule::NotFound)) => {
            progress(&format!("making the demo store {}", file.name));
            // Whatever an earlier database held.
            secrets.demo_url = None;
            let made = store_create(app, &file.new_store(HANDLE)?).await.map_err(|error| anyhow!("{error:?}"))?;
            (made.tenant, made.keys.context("the demo store has no external id")?)
        }
        Err(error) => bail!("looking for the demo store: {error:?}"),
    };
    let FirstKeys { publishable, secret } = keys;
    secrets.publishable_key = Some(publishable.reveal().to_owned());
    secrets.secret_key = Some(secret.reveal().to_owned());
    home.keep(secrets)?;
    Ok(tenant)
}

/// The store's owner, who can sign in.
async fn staff(app: &App, db: &TenantDb, home: &Home, secrets: &mut Secrets) -> anyhow::Result<()> {
    let password = secrets.staff_password.get_or_insert_with(|| random_password(&app.entropy)).clone();
    // Kept before it counts: a password that nobody knows would open nothing.
    home.keep(secrets)?;
    let found = db.read(async |conn| Ok::<_, Fault>(staff_by_email(conn, STAFF_EMAIL).await?)).await?;
    let member = match found {
        Some(member) if member.status == StaffStatus::Invited => member,
        Some(_) => return Ok(()),
        None => {
            let role = SystemRole::Owner.handle().to_owned();
            let new = NewStaff { email: STAFF_EMAIL.to_owned(), name: "Demo Owner".to_owned(), role };
            staff_create(app, db, &new).await.map_err(refused)?
        }
    };
    password_set_by_operator(app, db, member.id, &password).await.map_err(refused)
}

async fn works(app: &App, key: Option<&str>) -> anyhow::Result<bool> {
    let Some(key) = key else { return Ok(false) };
    match app.resolver.by_key(key).await {
        Ok(_) | Err(Refusal::Suspended) => Ok(true),
        Err(Refusal::Fault(fault)) => Err(fault.into()),
        Err(_) => Ok(false),
    }
}

async fn fill(app: &App, db: &TenantDb, file: &StoreFile, public_url: &str) -> anyhow::Result<()> {
    progress("importing products");
    let csv = std::io::Cursor::new(PRODUCTS.replace(BASE_URL, public_url).into_bytes());
    let report = import::products(app, db.tenant(), csv, import::Options::default(), &|_| {}).await?;
    if !report.is_clean() {
        bail!("the demo store's products are damaged: {:?}", report.rejections);
    }
    progress("adding collections, pages and menus");
    for collection in &file.collections {
        if collection_id(db, &collection.handle).await?.is_none() {
            collection_create(app, db, collection)
                .await
                .with_context(|| format!("collection {}", collection.handle))?;
        }
    }
    for page in &file.pages {
        if page_id(db, &page.handle).await?.is_none() {
            let new = NewPage {
                title: page.title.clone(),
                handle: Some(page.handle.clone()),
                body_html: page.body_html.clone(),
                seo_title: page.seo_title.clone(),
                seo_description: page.seo_description.clone(),
                published_at: Some(app.clock.now()),
            };
            content::page_create(app, db, None, &new).await?.map_err(refused).with_context(|| page.handle.clone())?;
        }
    }
    for menu in &file.menus {
        if !db.read(async |conn| Ok::<_, Fault>(content::has_menu(conn, &menu.handle).await?)).await? {
            let items = Box::pin(items(db, &menu.items)).await?;
            let new = NewMenu { title: menu.title.clone(), handle: menu.handle.clone(), items };
            content::menu_create(app, db, None, &new).await?.map_err(refused).with_context(|| menu.handle.clone())?;
        }
    }
    Ok(())
}

async fn collection_create(app: &App, db: &TenantDb, collection: &file::Collection) -> anyhow::Result<()> {
    let handles = &collection.products;
    let found = db.read(async |conn| Ok::<_, Fault>(catalog_store::product_handles(conn, handles).await?)).await?;
    let draft = CollectionDraft {
        title: collection.title.clone(),
        handle: Some(collection.handle.clone()),
        description_html: collection.description_html.clone(),
        image_url: collection.image.clone(),
        image_alt: Some(collection.title.clone()),
        seo_title: collection.seo_title.clone(),
        seo_description: collection.seo_description.clone(),
        products: handles.iter().filter_map(|handle| found.get(handle).copied()).collect(),
    };
    catalog::collection_create(db, app.clock.now(), &app.entropy, None, draft).await?.map_err(refused)?;
    Ok(())
}

async fn items(db: &TenantDb, given: &[Item]) -> anyhow::Result<Vec<NewMenuItem>> {
    let mut made = Vec::with_capacity(given.len());
    for item in given {
        made.push(NewMenuItem {
            title: item.title.clone(),
            target: target(db, item).await.with_context(|| format!("menu item {}", item.title))?,
            tags: Vec::new(),
            items: Box::pin(items(db, &item.items)).await?,
        });
    }
    Ok(made)
}

async fn target(db: &TenantDb, item: &Item) -> anyhow::Result<Target> {
    let handle = item.handle.as_deref().unwrap_or_default();
    let resource = |kind, id: Option<Uuid>| {
        let id = id.with_context(|| format!("there is no {handle}"))?;
        Ok(Target::Resource(Resource { kind, id }))
    };
    match item.kind.as_str() {
        "FRONTPAGE" => Ok(Target::FrontPage),
        "CATALOG" => Ok(Target::Catalog),
        "HTTP" => Ok(Target::Http(item.url.clone().context("a link without url")?)),
        "COLLECTION" => resource(ResourceKind::Collection, collection_id(db, handle).await?),
        "PAGE" => resource(ResourceKind::Page, page_id(db, handle).await?),
        kind => bail!("unknown kind {kind}"),
    }
}

async fn collection_id(db: &TenantDb, handle: &str) -> Result<Option<Uuid>, Fault> {
    let handles = [handle.to_owned()];
    let mut found =
        db.read(async |conn| Ok::<_, Fault>(catalog_store::collection_handles(conn, &handles).await?)).await?;
    Ok(found.remove(handle))
}

async fn page_id(db: &TenantDb, handle: &str) -> Result<Option<Uuid>, Fault> {
    db.read(async |conn| Ok(content::page_id(conn, handle).await?)).await
}

fn refused<R: std::fmt::Debug>(error: ServiceError<R>) -> anyhow::Error {
    anyhow!("{error:?}")
}
