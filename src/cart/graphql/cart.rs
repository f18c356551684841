//! `Cart` itself.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject, Union};

use super::absent::{AppliedGiftCard, CartDiscountAllocation, PurchasingCompany};
use super::delivery::{CartDelivery, CartDeliveryGroupConnection, CartPreferences, lines_page, options_of};
use super::line::BaseCartLineConnection;
use crate::address::graphql::MailingAddress;
use crate::attribute::Attribute;
use crate::cart::key::CartKey;
use crate::cart::model::{self, Totals};
use crate::country::Country;
use crate::customer::graphql::{Customer, customer_of_cart};
use crate::error::Fault;
use crate::graphql::connection::PageArgs;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::scalars::{DateTime, Url};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::money::graphql::MoneyV2;
use crate::shipping::model::selected;
use crate::shop::loaders::TheShop;

/// What a shopper is about to buy. Whoever has its id has the cart: the id carries its key.
#[derive(Clone, Debug, Description)]
pub struct Cart {
    pub cart: Arc<model::Cart>,
    pub key: CartKey,
}

/// What a cart comes to, with the delivery option that counts.
async fn totals(scope: &Scope, cart: &model::Cart) -> Result<Totals, Fault> {
    let options = options_of(scope, cart).await?;
    Ok(cart.totals(selected(&options, cart.delivery_handle.as_deref())))
}

#[Object(use_type_description)]
impl Cart {
    /// The cart's global id, which carries its key: whoever has it has the cart.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ID(self.key.gid(ctx.scope().request.namespace))
    }

    /// Where the buyer completes the purchase.
    async fn checkout_url(&self, ctx: &Context<'_>) -> Result<Url> {
        let scope = ctx.scope();
        let shop = scope.snapshot().loaders.load(TheShop).await?;
        let (id, secret, tenant) = (self.key.id.to_string(), self.key.reveal(), scope.tenant());
        Ok(Url(match shop.as_ref().and_then(|shop| shop.checkout_url_template.as_deref()) {
            Some(template) => template.replace("{cart_id}", &id).replace("{key}", secret),
            None => format!("{}/checkout/{tenant}/{id}?key={secret}", scope.app.config.http.public_url),
        }))
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.cart.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.cart.updated_at)
    }

    /// What the buyer wants to tell the merchant.
    async fn note(&self) -> Option<&str> {
        Some(&self.cart.note)
    }

    /// How many things are in it.
    async fn total_quantity(&self) -> i32 {
        self.cart.quantity()
    }

    /// What the buyer or the storefront remarks under a key.
    async fn attribute(&self, #[graphql(desc = "The key.")] key: String) -> Option<Attribute> {
        self.cart.attributes.get(&key).cloned()
    }

    /// What the buyer or the storefront remarks.
    async fn attributes(&self) -> Vec<Attribute> {
        self.cart.attributes.0.clone()
    }

    /// Who buys.
    async fn buyer_identity(&self) -> CartBuyerIdentity {
        CartBuyerIdentity(self.cart.clone())
    }

    /// What it costs.
    async fn cost(&self) -> CartCost {
        CartCost(self.cart.clone())
    }

    /// What it costs.
    #[graphql(deprecation = "Use `cost`.")]
    async fn estimated_cost(&self) -> CartEstimatedCost {
        CartEstimatedCost(self.cart.clone())
    }

    /// What is in it, in the order in which it was added.
    async fn lines(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<BaseCartLineConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        Ok(BaseCartLineConnection(lines_page(&page, self.cart.lines.clone())))
    }

    /// Where it can go.
    async fn delivery(&self) -> CartDelivery {
        CartDelivery(self.cart.clone())
    }

    /// How its lines are delivered: one group, as soon as there is a selected address and something to deliver.
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn delivery_groups(
        &self,
        #[graphql(desc = "How many, from the start: at most 250; all when neither end is named.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "Whether to ask carriers for their rates; rates are flat.", default_with = "Some(false)")]
        with_carrier_rates: Option<bool>,
    ) -> Result<CartDeliveryGroupConnection> {
        let _ = with_carrier_rates;
        let first = first.or(last.is_none().then_some(1));
        CartDeliveryGroupConnection::of(&self.cart, PageArgs { first, after, last, before, reverse })
    }

    /// What discounts take off the whole cart; there are none yet.
    async fn discount_allocations(&self) -> Vec<CartDiscountAllocation> {
        vec![]
    }

    /// The discount codes that were given.
    async fn discount_codes(&self) -> Vec<CartDiscountCode> {
        let code = |code: &String| CartDiscountCode { code: code.clone(), applicable: false };
        self.cart.discount_codes.iter().map(code).collect()
    }

    /// The gift cards that pay for it; there are none yet.
    async fn applied_gift_cards(&self) -> Vec<AppliedGiftCard> {
        vec![]
    }

    /// A named value that the merchant has added.
    pub(crate) async fn metafield(
        &self,
        #[graphql(desc = "The group of keys.")] namespace: Option<String>,
        #[graphql(desc = "The name within the namespace.")] key: String,
    ) -> Option<Metafield> {
        let _ = (namespace, key);
        None
    }

    /// Several named values, in the order asked for.
    pub(crate) async fn metafields(
        &self,
        #[graphql(desc = "Which ones.", validator(max_items = 250))] identifiers: Vec<HasMetafieldsIdentifier>,
    ) -> Vec<Option<Metafield>> {
        none_of(&identifiers)
    }
}

/// A discount code that was given.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartDiscountCode {
    /// The code.
    code: String,
    /// Whether it takes anything off.
    applicable: bool,
}

/// Who buys.
#[derive(Clone, Debug, Description)]
pub struct CartBuyerIdentity(Arc<model::Cart>);

/// Where a buyer would like to have things.
#[derive(Clone, Debug, Union)]
pub enum DeliveryAddress {
    MailingAddress(MailingAddress),
}

#[Object(use_type_description)]
impl CartBuyerIdentity {
    /// The buyer's country.
    async fn country_code(&self) -> Option<Country> {
        self.0.buyer.country
    }

    /// The buyer's email address.
    async fn email(&self) -> Option<&str> {
        self.0.buyer.email.as_deref()
    }

    /// The buyer's phone number.
    async fn phone(&self) -> Option<&str> {
        self.0.buyer.phone.as_deref()
    }

    /// The customer to whom the cart is tied: their name, address and number. What else they have is shown for their
    /// access token, `customer(customerAccessToken:)`.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        match self.0.customer_id {
            Some(id) => customer_of_cart(ctx.scope(), id).await,
            None => Ok(None),
        }
    }

    /// Where the buyer would like to have things.
    #[graphql(deprecation = "Use the cart's `delivery`.")]
    async fn delivery_address_preferences(&self) -> Vec<DeliveryAddress> {
        let address = |to: &Arc<model::CartAddress>| MailingAddress { id: to.id, address: to.address.clone() };
        self.0.addresses.iter().map(|to| DeliveryAddress::MailingAddress(address(to))).collect()
    }

    /// How the buyer would like to get things; not kept yet.
    async fn preferences(&self) -> Option<CartPreferences> {
        None
    }

    /// The company for which is bought; there are none yet.
    async fn purchasing_company(&self) -> Option<PurchasingCompany> {
        None
    }
}

/// What a cart costs. Prices include taxes.
#[derive(Clone, Debug, Description)]
pub struct CartCost(Arc<model::Cart>);

#[Object(use_type_description)]
impl CartCost {
    /// What is paid at the checkout.
    async fn checkout_charge_amount(&self, ctx: &Context<'_>) -> Result<MoneyV2> {
        Ok(ctx.scope().money(totals(ctx.scope(), &self.0).await?.total))
    }

    /// The lines' sum.
    async fn subtotal_amount(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.subtotal())
    }

    /// Whether the lines' sum may still change.
    async fn subtotal_amount_estimated(&self) -> bool {
        false
    }

    /// The lines and their delivery.
    async fn total_amount(&self, ctx: &Context<'_>) -> Result<MoneyV2> {
        Ok(ctx.scope().money(totals(ctx.scope(), &self.0).await?.total))
    }

    /// Whether the sum may still change: while there is no destination, its delivery is not in it.
    async fn total_amount_estimated(&self) -> bool {
        self.0.requires_shipping() && self.0.destination().is_none()
    }

    /// Duties; not known.
    #[graphql(deprecation = "Duties are not computed.")]
    async fn total_duty_amount(&self) -> Option<MoneyV2> {
        None
    }

    /// Whether the duties may still change.
    #[graphql(deprecation = "Duties are not computed.")]
    async fn total_duty_amount_estimated(&self) -> bool {
        false
    }

    /// Taxes; they are in the prices and not told apart.
    #[graphql(deprecation = "Taxes are in the prices and not told apart.")]
    async fn total_tax_amount(&self) -> Option<MoneyV2> {
        None
    }

    /// Whether the taxes may still change.
    #[graphql(deprecation = "Taxes are in the prices and not told apart.")]
    async fn total_tax_amount_estimated(&self) -> bool {
        false
    }
}

/// What a cart costs, under the names of before.
#[derive(Clone, Debug, Description)]
pub struct CartEstimatedCost(Arc<model::Cart>);

#[Object(use_type_description)]
impl CartEstimatedCost {
    /// What is paid at the checkout.
    async fn checkout_charge_amount(&self, ctx: &Context<'_>) -> Result<MoneyV2> {
        Ok(ctx.scope().money(totals(ctx.scope(), &self.0).await?.total))
    }

    /// The lines' sum.
    async fn subtotal_amount(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.subtotal())
    }

    /// The lines and their delivery.
    async fn total_amount(&self, ctx: &Context<'_>) -> Result<MoneyV2> {
        Ok(ctx.scope().money(totals(ctx.scope(), &self.0).await?.total))
    }

    /// Duties; not known.
    async fn total_duty_amount(&self) -> Option<MoneyV2> {
        None
    }

    /// Taxes; they are in the prices and not told apart.
    async fn total_tax_amount(&self) -> Option<MoneyV2> {
        None
    }
}
