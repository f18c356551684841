//! `pageCreate` and `menuCreate`.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::menu::{Menu, MenuItemType, menu_by_id};
use super::page::{Page, page_by_id};
use crate::content::model::{NewMenu, NewMenuItem, NewPage, Resource, ResourceKind, Target};
use crate::content::rule::{ContentRule, Refused};
use crate::content::service;
use crate::error::ServiceError;
use crate::graphql::error::ApiError;
use crate::graphql::idempotent::key_of;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::ids::Gid;
use crate::user_error;

#[derive(Default)]
pub struct ContentMutation;

#[guarded]
#[Object]
impl ContentMutation {
    /// Makes a page.
    #[requires(write_content)]
    async fn page_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The page.")] page: PageCreateInput,
    ) -> Result<Option<PageCreatePayload>> {
        let scope = ctx.scope();
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let (page, key) = (page.into_model(app.clock.now()), key_of(ctx, None)?);
        let made = scope.act(async move { service::page_create(&app, &db, key.as_ref(), &page).await }).await?;
        match made.map_err(ApiError::from)? {
            Ok(id) => Ok(Some(PageCreatePayload { page: page_by_id(scope, id).await?, user_errors: Vec::new() })),
            Err(ServiceError::Rule(refused)) => {
                let user_errors = refused.into_iter().map(PageCreateUserError::from).collect();
                Ok(Some(PageCreatePayload { page: None, user_errors }))
            }
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Makes a menu with all its items, at most three levels deep.
    #[requires(write_content)]
    async fn menu_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The menu's title.")] title: String,
        #[graphql(desc = "The name by which storefronts ask for it.")] handle: String,
        #[graphql(desc = "The links, at most 250 in all.")] items: Vec<MenuItemCreateInput>,
    ) -> Result<Option<MenuCreatePayload>> {
        let scope = ctx.scope();
        let mut refused = Vec::new();
        let items = menu_items(items, &mut vec!["items".to_owned()], &mut refused);
        if !refused.is_empty() {
            return Ok(Some(MenuCreatePayload::refused(refused)));
        }
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let (menu, key) = (NewMenu { title, handle, items }, key_of(ctx, None)?);
        let made = scope.act(async move { service::menu_create(&app, &db, key.as_ref(), &menu).await }).await?;
        match made.map_err(ApiError::from)? {
            Ok(id) => Ok(Some(MenuCreatePayload { menu: menu_by_id(scope, id).await?, user_errors: Vec::new() })),
            Err(ServiceError::Rule(refused)) => Ok(Some(MenuCreatePayload::refused(refused))),
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }
}

/// A page that is to be made.
#[derive(Clone, Debug, InputObject)]
pub struct PageCreateInput {
    /// The page's title.
    title: String,
    /// The readable part of its URL; made from the title when left out.
    handle: Option<String>,
    /// The text, with markup.
    body: Option<String>,
    /// Whether shoppers see it; they do unless this says no.
    is_published: Option<bool>,
    /// From when on shoppers see it; at once when left out.
    publish_date: Option<DateTime>,
    /// Texts for search engines.
    seo: Option<SeoInput>,
}

/// Texts for search engines.
#[derive(Clone, Debug, InputObject)]
#[graphql(name = "PageSEOInput")]
pub struct SeoInput {
    /// The title that a result shows.
    title: Option<String>,
    /// The text that a result shows.
    description: Option<String>,
}

impl PageCreateInput {
    fn into_model(self, now: chrono::DateTime<chrono::Utc>) -> NewPage {
        let published_at = match (self.is_published, self.publish_date) {
            (Some(false), _) => None,
            (_, Some(date)) => Some(date.0),
            (_, None) => Some(now),
        };
        let (seo_title, seo_description) = self.seo.map_or((None, None), |seo| (seo.title, seo.description));
        let body_html = self.body.unwrap_or_default();
        NewPage { title: self.title, handle: self.handle, body_html, seo_title, seo_description, published_at }
    }
}

/// A link that is to be made.
#[derive(Clone, Debug, InputObject)]
pub struct MenuItemCreateInput {
    /// The link's text.
    title: String,
    /// What it leads to.
    #[graphql(name = "type")]
    kind: MenuItemType,
    /// The global id of the collection, product or page it leads to.
    resource_id: Option<ID>,
    /// For links of the type `HTTP`: a URL, or a path of the storefront.
    url: Option<String>,
    /// The tags by which a collection's products are narrowed.
    tags: Option<Vec<String>>,
    /// The links below it.
    items: Option<Vec<MenuItemCreateInput>>,
}

/// Copies the links; what has no meaning here is put into `refused` with its path.
fn menu_items(items: Vec<MenuItemCreateInput>, path: &mut Vec<String>, refused: &mut Vec<Refused>) -> Vec<NewMenuItem> {
    let mut made = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        path.push(at.to_string());
        let target = target(item.kind, item.resource_id.as_ref().map(|id| id.as_str()), item.url).unwrap_or_else(
            |(field, message)| {
                let field = path.iter().cloned().chain([field.to_owned()]).collect();
                refused.push(Refused { field, rule: ContentRule::Invalid, message: message.to_owned() });
                Target::FrontPage
            },
        );
        path.push("items".to_owned());
        let items = menu_items(item.items.unwrap_or_default(), path, refused);
        path.truncate(path.len() - 2);
        made.push(NewMenuItem { title: item.title, target, tags: item.tags.unwrap_or_default(), items });
    }
    made
}

fn target(
    kind: MenuItemType,
    resource_id: Option<&str>,
    url: Option<String>,
) -> Result<Target, (&'static str, &'static str)> {
    let resource = |kind: ResourceKind| {
        let id = resource_id.and_then(|id| Gid::of(id, kind.type_name()));
        let id = id.ok_or(("resourceId", "must be the global id of a thing of the item's type"))?;
        Ok(Target::Resource(Resource { kind, id }))
    };
    match kind {
        MenuItemType::Frontpage => Ok(Target::FrontPage),
        MenuItemType::Catalog => Ok(Target::Catalog),
        MenuItemType::Collections => Ok(Target::Collections),
        MenuItemType::Search => Ok(Target::Search),
        MenuItemType::Collection => resource(ResourceKind::Collection),
        MenuItemType::Product => resource(ResourceKind::Product),
        MenuItemType::Page => resource(ResourceKind::Page),
        MenuItemType::Http => url.map(Target::Http).ok_or(("url", "is needed for a link of the type HTTP")),
        MenuItemType::Article
        | MenuItemType::Blog
        | MenuItemType::CustomerAccountPage
        | MenuItemType::Metaobject
        | MenuItemType::ShopPolicy => Err(("type", "is not supported yet")),
    }
}

/// What `pageCreate` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageCreatePayload {
    /// The new page; null when it was refused.
    page: Option<Page>,
    /// Why it was refused.
    user_errors: Vec<PageCreateUserError>,
}

/// What `menuCreate` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct MenuCreatePayload {
    /// The new menu; null when it was refused.
    menu: Option<Menu>,
    /// Why it was refused.
    user_errors: Vec<MenuCreateUserError>,
}

impl MenuCreatePayload {
    fn refused(refused: Vec<Refused>) -> Self {
        Self { menu: None, user_errors: refused.into_iter().map(MenuCreateUserError::from).collect() }
    }
}

user_error!(PageCreateUserError, PageCreateUserErrorCode);
user_error!(MenuCreateUserError, MenuCreateUserErrorCode);

impl From<Refused> for PageCreateUserError {
    fn from(refused: Refused) -> Self {
        let code = match refused.rule {
            ContentRule::Blank => PageCreateUserErrorCode::Blank,
            ContentRule::TooLong => PageCreateUserErrorCode::TooLong,
            ContentRule::Taken => PageCreateUserErrorCode::Taken,
            _ => PageCreateUserErrorCode::Invalid,
        };
        Self { field: Some(refused.field), message: refused.message, code: Some(code) }
    }
}

impl From<Refused> for MenuCreateUserError {
    fn from(refused: Refused) -> Self {
        let code = match refused.rule {
            ContentRule::Blank => MenuCreateUserErrorCode::Blank,
            ContentRule::TooLong => MenuCreateUserErrorCode::TooLong,
            ContentRule::Taken => MenuCreateUserErrorCode::Taken,
            ContentRule::Invalid => MenuCreateUserErrorCode::Invalid,
            ContentRule::NotFound => MenuCreateUserErrorCode::NotFound,
            ContentRule::TooManyItems => MenuCreateUserErrorCode::TooManyItems,
            ContentRule::TooDeep => MenuCreateUserErrorCode::NestingTooDeep,
        };
        Self { field: Some(refused.field), message: refused.message, code: Some(code) }
    }
}

/// Why a page was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PageCreateUserErrorCode {
    /// Something that is needed is blank.
    Blank,
    /// Something is not of the right form.
    Invalid,
    /// Another page has the handle.
    Taken,
    /// Something is longer than it may be.
    TooLong,
}

/// Why a menu was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MenuCreateUserErrorCode {
    /// Something that is needed is blank.
    Blank,
    /// Something is not of the right form.
    Invalid,
    /// More levels of links than a menu may have.
    NestingTooDeep,
    /// What a link leads to does not exist.
    NotFound,
    /// Another menu has the handle.
    Taken,
    /// Something is longer than it may be.
    TooLong,
    /// More links than a menu may have.
    TooManyItems,
}
