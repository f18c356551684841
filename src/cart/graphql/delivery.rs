//! Where a cart goes and how it gets there.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, Result, SimpleObject, Union};

use super::line::{AnyCartLine, BaseCartLine, BaseCartLineConnection, CartLine};
use crate::address::Address;
use crate::address::graphql::MailingAddress;
use crate::cart::model;
use crate::connection;
use crate::error::Fault;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::shown::Shown;
use crate::money::graphql::MoneyV2;
use crate::shipping::loaders::OptionsFor;
use crate::shipping::model::{DeliveryOption, selected};

/// The options that a cart's destination has to offer; none while it has no destination or nothing to deliver.
pub async fn options_of(scope: &Scope, cart: &model::Cart) -> Result<Arc<[DeliveryOption]>, Fault> {
    match cart.ships_to() {
        Some(country) => Ok(scope.snapshot().loaders.load(OptionsFor(country)).await?.unwrap_or_default()),
        None => Ok(Arc::default()),
    }
}

/// A cart's addresses.
#[derive(Clone, Debug, Description)]
pub struct CartDelivery(pub Arc<model::Cart>);

#[Object(use_type_description)]
impl CartDelivery {
    /// The addresses, in the order in which they were added.
    async fn addresses(
        &self,
        #[graphql(desc = "Only the one that is selected.", default_with = "Some(false)")] selected: Option<bool>,
    ) -> Vec<CartSelectableAddress> {
        let addresses = self.0.addresses.iter().filter(|address| address.selected || selected != Some(true));
        addresses.cloned().map(CartSelectableAddress).collect()
    }
}

/// An address of a cart.
#[derive(Clone, Debug, Description)]
pub struct CartSelectableAddress(Arc<model::CartAddress>);

#[Object(use_type_description)]
impl CartSelectableAddress {
    /// The address's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("CartSelectableAddress", self.0.id)
    }

    /// The address.
    async fn address(&self) -> CartAddress {
        CartAddress::CartDeliveryAddress(CartDeliveryAddress(self.0.address.clone()))
    }

    /// Whether the cart goes there.
    async fn selected(&self) -> bool {
        self.0.selected
    }

    /// Whether it is not to be kept in the buyer's address book.
    async fn one_time_use(&self) -> bool {
        self.0.one_time_use
    }
}

/// Where a cart can go.
#[derive(Clone, Debug, Union)]
pub enum CartAddress {
    CartDeliveryAddress(CartDeliveryAddress),
}

/// A postal address of a cart.
#[derive(Clone, Debug, Description)]
pub struct CartDeliveryAddress(Arc<Address>);

#[Object(use_type_description)]
impl CartDeliveryAddress {
    /// The recipient's first name.
    async fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The recipient's last name.
    async fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// First and last name together.
    async fn name(&self) -> Option<String> {
        self.0.name()
    }

    /// The recipient's company.
    async fn company(&self) -> Option<&str> {
        self.0.company.as_deref()
    }

    /// The street and number, or the post box.
    async fn address1(&self) -> Option<&str> {
        self.0.address1.as_deref()
    }

    /// What more there is to find the place: flat, floor, suite.
    async fn address2(&self) -> Option<&str> {
        self.0.address2.as_deref()
    }

    /// City, town or village.
    async fn city(&self) -> Option<&str> {
        self.0.city.as_deref()
    }

    /// The postal code.
    async fn zip(&self) -> Option<&str> {
        self.0.zip.as_deref()
    }

    /// The code of the state, province or region.
    async fn province_code(&self) -> Option<&str> {
        self.0.province_code.as_deref()
    }

    /// The country's code.
    async fn country_code(&self) -> Option<&str> {
        Some(self.0.country.code())
    }

    /// The recipient's phone number.
    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    /// The address as the lines of a label.
    async fn formatted(
        &self,
        #[graphql(desc = "Whether the recipient's name is among the lines.", default_with = "Some(false)")]
        with_name: Option<bool>,
        #[graphql(desc = "Whether the company is among the lines.", default_with = "Some(true)")] with_company: Option<
            bool,
        >,
    ) -> Vec<String> {
        self.0.formatted(with_name == Some(true), with_company != Some(false))
    }

    /// City, province and country in one line.
    async fn formatted_area(&self) -> Option<String> {
        self.0.area()
    }

    /// Degrees north; not known yet.
    async fn latitude(&self) -> Option<f64> {
        None
    }

    /// Degrees east; not known yet.
    async fn longitude(&self) -> Option<f64> {
        None
    }
}

/// Lines that are delivered together. A cart has one group as soon as it has a destination and something to deliver.
#[derive(Clone, Debug, Description)]
pub struct CartDeliveryGroup {
    cart: Arc<model::Cart>,
    destination: Arc<model::CartAddress>,
}

connection!(CartDeliveryGroupConnection, CartDeliveryGroupEdge, CartDeliveryGroup);

impl CartDeliveryGroupConnection {
    /// The groups of a cart.
    pub fn of(cart: &Arc<model::Cart>, args: PageArgs) -> Result<Self> {
        let page = args.check()?;
        let destination = cart.destination().filter(|_| cart.requires_shipping());
        let groups = destination.map(|to| CartDeliveryGroup { cart: cart.clone(), destination: to.clone() });
        Ok(Self(Page::from_list(&page, groups.into_iter().collect(), |group| Cursor::by_id(group.cart.id))))
    }
}

#[Object(use_type_description)]
impl CartDeliveryGroup {
    /// The group's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("CartDeliveryGroup", self.cart.id)
    }

    /// The lines that are delivered.
    async fn cart_lines(
        &self,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<BaseCartLineConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let lines = self.cart.lines.iter().filter(|line| line.merchandise.requires_shipping).cloned().collect();
        Ok(BaseCartLineConnection(lines_page(&page, lines)))
    }

    /// Where they go.
    async fn delivery_address(&self) -> MailingAddress {
        MailingAddress { id: self.destination.id, address: self.destination.address.clone() }
    }

    /// In which ways they can be delivered, the cheapest first.
    async fn delivery_options(&self, ctx: &Context<'_>) -> Result<Vec<CartDeliveryOption>> {
        let options = options_of(ctx.scope(), &self.cart).await?;
        Ok(options.iter().cloned().map(CartDeliveryOption).collect())
    }

    /// In which way they are delivered: the one chosen, otherwise the first.
    async fn selected_delivery_option(&self, ctx: &Context<'_>) -> Result<Option<CartDeliveryOption>> {
        let options = options_of(ctx.scope(), &self.cart).await?;
        Ok(selected(&options, self.cart.delivery_handle.as_deref()).cloned().map(CartDeliveryOption))
    }

    /// How they are bought.
    async fn group_type(&self) -> CartDeliveryGroupType {
        CartDeliveryGroupType::OneTimePurchase
    }
}

pub fn lines_page(page: &crate::page::PageQuery, lines: Vec<Arc<model::Line>>) -> Page<AnyCartLine> {
    let any = |line| Shown(BaseCartLine::CartLine(CartLine(line)));
    Page::from_list(page, lines, |line| Cursor::by_id(line.id)).map(any)
}

/// How a group's lines are bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CartDeliveryGroupType {
    /// Once.
    OneTimePurchase,
    /// Again and again.
    Subscription,
}

/// A way of delivery.
#[derive(Clone, Debug, Description)]
pub struct CartDeliveryOption(DeliveryOption);

#[Object(use_type_description)]
impl CartDeliveryOption {
    /// Names the option when it is chosen.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// The option's name.
    async fn title(&self) -> Option<&str> {
        Some(&self.0.title)
    }

    /// The option's code: its name.
    async fn code(&self) -> Option<&str> {
        Some(&self.0.title)
    }

    /// What the merchant says about it; nothing is kept yet.
    async fn description(&self) -> Option<&str> {
        None
    }

    /// What it costs.
    async fn estimated_cost(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.price_minor)
    }

    /// How it gets there.
    async fn delivery_method_type(&self) -> DeliveryMethodType {
        DeliveryMethodType::Shipping
    }
}

/// How something gets to its buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DeliveryMethodType {
    /// By someone from nearby.
    Local,
    /// Not at all.
    None,
    /// To a point where it is picked up.
    PickupPoint,
    /// The buyer comes for it.
    PickUp,
    /// The buyer takes it along in the shop.
    Retail,
    /// By a carrier.
    Shipping,
}

/// How a buyer would like to get their things.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartPreferences {
    /// About the delivery.
    delivery: Option<CartDeliveryPreference>,
    /// Which wallets to offer.
    wallet: Option<Vec<String>>,
}

/// How a buyer would like things delivered.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartDeliveryPreference {
    /// Around which point.
    coordinates: Option<CartDeliveryCoordinatesPreference>,
    /// In which ways.
    delivery_method: Vec<PreferenceDeliveryMethodType>,
    /// To which points to pick up from.
    pickup_handle: Vec<String>,
}

/// A point on the map.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartDeliveryCoordinatesPreference {
    /// The country.
    country_code: crate::country::Country,
    /// Degrees north.
    latitude: f64,
    /// Degrees east.
    longitude: f64,
}

/// How a buyer would like to get their things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PreferenceDeliveryMethodType {
    /// At a point where they are picked up.
    PickupPoint,
    /// In the shop.
    PickUp,
    /// By a carrier.
    Shipping,
}
