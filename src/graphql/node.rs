//! Everything with a global id, and how to find it again.
//!
//! A slice adds a variant to [`Node`] and an arm to [`resolve`]. What the caller may not see, what belongs to another
//! tenant and what never existed are all the same here: null.

use async_graphql::{Context, ID, Interface, Object, Result};
use emporia_macros::guarded;
use futures_util::future::try_join_all;

use super::error::ApiError;
use super::metafield::Metafield;
use super::scope::{Scope, ScopeExt};
use crate::address::graphql::MailingAddress;
use crate::api_key::graphql::{ApiKey, api_key_by_id};
use crate::billing::graphql::{Invoice, invoice_of_merchant};
use crate::cart::graphql::{
    AppliedGiftCard, Cart, CartLine, Company, CompanyContact, CompanyLocation, ComponentizableCartLine, cart_by_gid,
};
use crate::catalog::graphql::{
    Collection, ExternalVideo, GenericFile, MediaImage, MediaPresentation, Model3d, Product, ProductOption,
    ProductOptionValue, ProductVariant, TaxonomyCategory, Video, collection_by_id, media_image_by_id, option_by_id,
    option_value_by_id, product_by_id, variant_by_id,
};
use crate::content;
use crate::content::graphql::{Article, Blog, Comment, Menu, MenuItem, Metaobject, Page, UrlRedirect};
use crate::customer::graphql::{Customer, customer_of_merchant};
use crate::domain::graphql::{CustomDomain, domain_by_id};
use crate::identity::graphql::{StaffMember, StaffSession, member_of, session_of};
use crate::ids::Gid;
use crate::job::graphql::{Job, job_of_merchant};
use crate::ledger::graphql::{LedgerPosting, posting_of_merchant};
use crate::order::graphql::{
    FulfillmentOrder, FulfillmentOrderLineItem, LineItem, Order, line_of_merchant, order_of_merchant,
};
use crate::page::MAX_PAGE;
use crate::role::graphql::{Role, role_by_id};
use crate::shipping::graphql::{DeliveryProfile, profile_of_merchant};
use crate::shop::graphql::{Location, Market, Shop, ShopPolicy, location_by_id, the_shop};
use crate::support_access::graphql::{SupportAccess, support_access_by_id};
use crate::trusted_document::graphql::{TrustedDocument, document_of_merchant};
use crate::webhook::graphql::{WebhookDelivery, WebhookSubscription, delivery_of_merchant, subscription_of_merchant};

/// Anything that has a global id.
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub enum Node {
    Product(Product),
    ProductVariant(ProductVariant),
    ProductOption(ProductOption),
    ProductOptionValue(ProductOptionValue),
    MediaImage(MediaImage),
    Collection(Collection),
    Page(Page),
    Menu(Menu),
    MenuItem(MenuItem),
    Shop(Shop),
    Market(Market),
    Location(Location),
    Cart(Cart),
    CartLine(CartLine),
    ComponentizableCartLine(ComponentizableCartLine),
    Customer(Customer),
    Order(Order),
    LineItem(LineItem),
    FulfillmentOrder(FulfillmentOrder),
    FulfillmentOrderLineItem(FulfillmentOrderLineItem),
    Article(Article),
    Blog(Blog),
    Comment(Comment),
    Metafield(Metafield),
    Metaobject(Metaobject),
    ShopPolicy(ShopPolicy),
    UrlRedirect(UrlRedirect),
    WebhookSubscription(WebhookSubscription),
    WebhookDelivery(WebhookDelivery),
    Job(Job),
    LedgerPosting(LedgerPosting),
    Invoice(Invoice),
    DeliveryProfile(DeliveryProfile),
    TrustedDocument(TrustedDocument),
    CustomDomain(CustomDomain),
    ApiKey(ApiKey),
    SupportAccess(SupportAccess),
    Role(Role),
    StaffMember(StaffMember),
    StaffSession(StaffSession),
    MailingAddress(MailingAddress),
    AppliedGiftCard(AppliedGiftCard),
    Company(Company),
    CompanyContact(CompanyContact),
    CompanyLocation(CompanyLocation),
    ExternalVideo(ExternalVideo),
    GenericFile(GenericFile),
    MediaPresentation(MediaPresentation),
    Model3d(Model3d),
    TaxonomyCategory(TaxonomyCategory),
    Video(Video),
}

/// The thing with this id, if the caller may see it.
pub async fn resolve(scope: &Scope, gid: &str) -> Result<Option<Node>> {
    let Ok(Gid { kind, id, .. }) = Gid::parse(gid) else { return Ok(None) };
    let found = match kind.as_str() {
        "Product" => product_by_id(scope, id).await?.map(Node::Product),
        "ProductVariant" => variant_by_id(scope, id).await?.map(Node::ProductVariant),
        "ProductOption" => option_by_id(scope, id).await?.map(Node::ProductOption),
        "ProductOptionValue" => option_value_by_id(scope, id).await?.map(Node::ProductOptionValue),
        "MediaImage" => media_image_by_id(scope, id).await?.map(Node::MediaImage),
        "Collection" => collection_by_id(scope, id).await?.map(Node::Collection),
        "Page" => content::graphql::page_by_id(scope, id).await?.map(Node::Page),
        "Menu" => content::graphql::menu_by_id(scope, id).await?.map(Node::Menu),
        "MenuItem" => content::graphql::menu_item_by_id(scope, id).await?.map(Node::MenuItem),
        "Shop" if id == scope.tenant().0 => Some(Node::Shop(Shop(the_shop(scope).await?))),
        "Market" if id == scope.tenant().0 => Some(Node::Market(Market)),
        "Location" => location_by_id(scope, id).await?.map(Node::Location),
        // By its key alone. Lines are read through their cart.
        "Cart" => cart_by_gid(scope, gid).await?.map(Node::Cart),
        "Customer" => customer_of_merchant(scope, id).await?.map(Node::Customer),
        "Order" => order_of_merchant(scope, id).await?.map(Node::Order),
        "LineItem" => line_of_merchant(scope, id).await?.map(Node::LineItem),
        // What is to be sent of an order goes by the order's id, and a line of that by the order line's.
        "FulfillmentOrder" => {
            order_of_merchant(scope, id).await?.map(|order| Node::FulfillmentOrder(FulfillmentOrder(order.0)))
        }
        "FulfillmentOrderLineItem" => {
            let line = line_of_merchant(scope, id).await?;
            line.map(|line| Node::FulfillmentOrderLineItem(FulfillmentOrderLineItem(line)))
        }
        "WebhookSubscription" => subscription_of_merchant(scope, id).await?.map(Node::WebhookSubscription),
        "WebhookDelivery" => delivery_of_merchant(scope, id).await?.map(Node::WebhookDelivery),
        "Job" => job_of_merchant(scope, id).await?.map(Node::Job),
        "LedgerPosting" => Box::pin(posting_of_merchant(scope, id)).await?.map(Node::LedgerPosting),
        "Invoice" => Box::pin(invoice_of_merchant(scope, id)).await?.map(Node::Invoice),
        "DeliveryProfile" => profile_of_merchant(scope, id).await?.map(Node::DeliveryProfile),
        "CustomDomain" => domain_by_id(scope, id).await?.map(Node::CustomDomain),
        "Role" => role_by_id(scope, id).await?.map(Node::Role),
        "SupportAccess" => support_access_by_id(scope, id).await?.map(Node::SupportAccess),
        "ApiKey" => api_key_by_id(scope, id).await?.map(Node::ApiKey),
        "StaffMember" => member_of(scope, id).await?.map(Node::StaffMember),
        "StaffSession" => session_of(scope, id).await?.map(Node::StaffSession),
        "TrustedDocument" => document_of_merchant(scope, id).await?.map(Node::TrustedDocument),
        _ => None,
    };
    Ok(found)
}

#[derive(Default)]
pub struct NodeQuery;

#[guarded]
#[Object]
impl NodeQuery {
    /// The thing with a global id; null when there is none that the caller may see.
    #[public]
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The global id.")] id: ID) -> Result<Option<Node>> {
        resolve(ctx.scope(), &id).await
    }

    /// The things with these global ids, in their order, with null for each that there is not.
    #[public]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global ids, at most 250.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MAX_PAGE as usize {
            return Err(ApiError::bad_input(format!("`ids` has {}; at most {MAX_PAGE}", ids.len())).into());
        }
        try_join_all(ids.iter().map(|id| resolve(ctx.scope(), id))).await
    }
}
