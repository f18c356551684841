//! `Menu` and `MenuItem`.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, Result, Union};
use uuid::Uuid;

use super::blog::{Article, Blog};
use super::metaobject::Metaobject;
use super::page::Page;
use crate::catalog::graphql::{Collection, Product, audience};
use crate::catalog::model::Audience;
use crate::content::loaders::PlaceOf;
use crate::content::model::{self, Place, ResourceKind, Target};
use crate::content::store;
use crate::graphql::node::{self, Node};
use crate::graphql::scalars::Url;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::shop::graphql::{ShopPolicy, storefront};

/// Links under a handle, like "main-menu".
#[derive(Clone, Debug, Description)]
pub struct Menu(pub Arc<model::Menu>);

/// The menu with this id.
pub async fn menu_by_id(scope: &Scope, id: Uuid) -> Result<Option<Menu>> {
    let found = scope.read(async |conn| store::menu_by_id(conn, id).await).await?;
    Ok(found.map(|menu| Menu(Arc::new(menu))))
}

/// The link with this id.
pub async fn menu_item_by_id(scope: &Scope, id: Uuid) -> Result<Option<MenuItem>> {
    let menu = scope.read(async |conn| store::menu_of_item(conn, id).await).await?;
    Ok(menu.and_then(|menu| menu.item(id)).map(MenuItem))
}

/// The menu with this handle.
pub async fn menu_by_handle(scope: &Scope, handle: &str) -> Result<Option<Menu>> {
    let found = scope.read(async |conn| store::menu_by_handle(conn, handle).await).await?;
    Ok(found.map(|menu| Menu(Arc::new(menu))))
}

#[Object(use_type_description)]
impl Menu {
    /// The menu's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Menu", self.0.id)
    }

    /// The name by which storefronts ask for it.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// The menu's title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The links of the first level.
    async fn items(&self) -> Vec<MenuItem> {
        self.0.items.iter().cloned().map(MenuItem).collect()
    }

    /// How many links the first level has.
    async fn items_count(&self) -> i32 {
        i32::try_from(self.0.items.len()).unwrap_or(i32::MAX)
    }
}

/// One link of a menu.
#[derive(Clone, Debug, Description)]
pub struct MenuItem(Arc<model::MenuItem>);

#[Object(use_type_description)]
impl MenuItem {
    /// The link's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("MenuItem", self.0.id)
    }

    /// The link's text.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it leads to.
    #[graphql(name = "type")]
    async fn kind(&self) -> MenuItemType {
        MenuItemType::of(&self.0.target)
    }

    /// Its address in the storefront; null when what it led to is gone or not published.
    async fn url(&self, ctx: &Context<'_>) -> Result<Option<Url>> {
        let scope = ctx.scope();
        let place = self.place(scope).await?;
        Ok(self.0.target.url(&storefront(scope).await?, place.as_ref()).map(Url))
    }

    /// The global id of what it leads to; null when that is gone or not published.
    async fn resource_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        let Target::Resource(resource) = self.0.target else { return Ok(None) };
        let place = self.place(ctx.scope()).await?;
        Ok(place.map(|_| ctx.scope().gid(resource.kind.type_name(), resource.id)))
    }

    /// What it leads to; null when that is gone or not published.
    async fn resource(&self, ctx: &Context<'_>) -> Result<Option<MenuItemResource>> {
        let Some(id) = self.resource_id(ctx).await? else { return Ok(None) };
        Ok(match node::resolve(ctx.scope(), &id).await? {
            Some(Node::Product(product)) => Some(MenuItemResource::Product(product)),
            Some(Node::Collection(collection)) => Some(MenuItemResource::Collection(collection)),
            Some(Node::Page(page)) => Some(MenuItemResource::Page(page)),
            _ => None,
        })
    }

    /// The tags by which a collection's products are narrowed.
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// The links below it.
    async fn items(&self) -> Vec<MenuItem> {
        self.0.items.iter().cloned().map(MenuItem).collect()
    }
}

impl MenuItem {
    async fn place(&self, scope: &Scope) -> Result<Option<Place>> {
        let Target::Resource(resource) = self.0.target else { return Ok(None) };
        let place = scope.snapshot().loaders.load(PlaceOf(resource)).await?;
        Ok(place.filter(|place| match audience(scope) {
            Audience::Merchant => true,
            Audience::Shopper { now } => place.visible_from.is_some_and(|from| from <= now),
        }))
    }
}

/// What a link can lead to.
#[derive(Clone, Debug, Union)]
pub enum MenuItemResource {
    Article(Article),
    Blog(Blog),
    Collection(Collection),
    Metaobject(Metaobject),
    Page(Page),
    Product(Product),
    ShopPolicy(ShopPolicy),
}

/// The kinds of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MenuItemType {
    /// An article of a blog.
    Article,
    /// A blog.
    Blog,
    /// All products.
    Catalog,
    /// One collection.
    Collection,
    /// The list of collections.
    Collections,
    /// The customer's own page.
    CustomerAccountPage,
    /// The storefront's first page.
    Frontpage,
    /// Any address.
    Http,
    /// A metaobject.
    Metaobject,
    /// One page.
    Page,
    /// One product.
    Product,
    /// The search page.
    Search,
    /// One of the shop's policies.
    ShopPolicy,
}

impl MenuItemType {
    fn of(target: &Target) -> Self {
        match target {
            Target::FrontPage => Self::Frontpage,
            Target::Catalog => Self::Catalog,
            Target::Collections => Self::Collections,
            Target::Search => Self::Search,
            Target::Http(_) => Self::Http,
            Target::Resource(resource) => match resource.kind {
                ResourceKind::Collection => Self::Collection,
                ResourceKind::Product => Self::Product,
                ResourceKind::Page => Self::Page,
            },
        }
    }
}
