//! `Customer` itself.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, Result};
use uuid::Uuid;

use crate::access::permission::{READ_CUSTOMERS, READ_ORDERS};
use crate::address::graphql::{MailingAddress, MailingAddressConnection};
use crate::connection;
use crate::customer::loaders::{AddressesOf, CustomerById};
use crate::customer::model::{CustomerAddress, SharedCustomer};
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::error::{ApiError, Code};
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield, none_of};
use crate::graphql::scalars::{DateTime, UnsignedInt64};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::order::filter::{self, OrderCondition};
use crate::order::graphql::{Order, OrderConnection, OrderSortKeys};
use crate::order::loaders::CountOfCustomer;
use crate::order::store::{OrderSort, orders_page};
use crate::search::Query;
use crate::shop::graphql::SocialLoginProvider;

/// Someone with an account in the shop, or whom the merchant has entered.
#[derive(Clone, Debug, Description)]
pub struct Customer {
    pub customer: SharedCustomer,
    pub view: View,
}

/// How somebody came to see a customer, which decides what of them they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// By an access token.
    Own,
    /// With a secret key.
    Staff,
    /// By the key of a cart, which shows who buys, and not what else they have.
    Cart,
}

connection!(CustomerConnection, CustomerEdge, Customer);

/// Whether a customer can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CustomerState {
    /// They have not chosen a password.
    Disabled,
    /// They have a password.
    Enabled,
}

/// The merchant's customer with this id. Not for shoppers: they have their access tokens.
pub async fn customer_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<Customer>> {
    let found = scope.load_for(READ_CUSTOMERS, CustomerById(id)).await?;
    Ok(found.map(|customer| Customer { customer, view: View::Staff }))
}

/// The customer to whom a cart is tied, for whoever has the cart.
pub async fn customer_of_cart(scope: &Scope, id: Uuid) -> Result<Option<Customer>> {
    let view = if scope.may(READ_CUSTOMERS) { View::Staff } else { View::Cart };
    let found = scope.snapshot().loaders.load(CustomerById(id)).await?;
    Ok(found.map(|customer| Customer { customer, view }))
}

impl Customer {
    /// Refuses what a cart's key does not show.
    fn whole(&self) -> Result<(), ApiError> {
        match self.view {
            View::Own | View::Staff => Ok(()),
            View::Cart => {
                let message = "a cart does not show this of its customer: ask `customer(customerAccessToken:)`";
                Err(ApiError::new(Code::Forbidden, message))
            }
        }
    }

    /// Refuses what somebody bought to whoever may not see the shop's orders, and what a cart's key does not show.
    fn purchases(&self, ctx: &Context<'_>) -> Result<(), ApiError> {
        match self.view {
            View::Staff => ctx.scope().require(READ_ORDERS),
            View::Own | View::Cart => self.whole(),
        }
    }

    async fn book(&self, ctx: &Context<'_>) -> Result<Arc<[CustomerAddress]>> {
        self.whole()?;
        Ok(ctx.scope().snapshot().loaders.load(AddressesOf(self.customer.id)).await?.unwrap_or_default())
    }
}

fn mailing(address: &CustomerAddress) -> MailingAddress {
    MailingAddress { id: address.id, address: address.address.clone() }
}

#[Object(use_type_description)]
impl Customer {
    /// The customer's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Customer", self.customer.id)
    }

    /// Their address book, in the order in which they have filled it. Refused when it is asked for by a cart alone.
    async fn addresses(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<MailingAddressConnection> {
        let query = PageArgs { first, after, last, before, reverse }.check()?;
        let book = self.book(ctx).await?.iter().map(mailing).collect();
        Ok(MailingAddressConnection(Page::from_list(&query, book, |one: &MailingAddress| Cursor::by_id(one.id))))
    }

    /// The address that is meant unless another is chosen. Refused when it is asked for by a cart alone.
    async fn default_address(&self, ctx: &Context<'_>) -> Result<Option<MailingAddress>> {
        let book = self.book(ctx).await?;
        Ok(book.iter().find(|one| Some(one.id) == self.customer.default_address_id).map(mailing))
    }

    /// What they have bought: signed in, or as a guest with the address that they have confirmed. Refused when it is
    /// asked for by a cart alone; staff and keys need `read_orders`.
    #[expect(clippy::too_many_arguments, reason = "the vocabulary's arguments")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "What to sort by.", default_with = "Some(OrderSortKeys::Id)")] sort_key: Option<OrderSortKeys>,
        #[graphql(desc = "Only those for which all terms hold, as for `orders`.")] query: Option<String>,
    ) -> Result<OrderConnection> {
        self.purchases(ctx)?;
        let sort = OrderSort::from(sort_key.unwrap_or(OrderSortKeys::Id));
        let page = PageArgs { first, after, last, before, reverse }.check_by(sort.key())?;
        let mut wanted = filter::parse(query.as_deref().unwrap_or_default())?;
        wanted.push(Query::Is(OrderCondition::Customer(self.customer.id)));
        let rows = ctx.scope().read(async |conn| orders_page(conn, &wanted, sort, &page).await).await?;
        let page = Page::from_rows(&page, rows, |order| sort.cursor(order));
        Ok(OrderConnection(page.map(|order| Order(Arc::new(order)))))
    }

    /// Through whom they sign in; nobody else, so always null.
    async fn social_login_provider(&self) -> Option<SocialLoginProvider> {
        None
    }

    /// Whether they want the shop's mail.
    async fn accepts_marketing(&self) -> bool {
        self.customer.accepts_marketing
    }

    /// Their picture; none are kept, so always null.
    async fn avatar_url(&self) -> Option<String> {
        None
    }

    /// When the account was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.customer.created_at)
    }

    /// The name to call them by: without one, their e-mail address.
    async fn display_name(&self) -> String {
        self.customer.display_name()
    }

    /// Their e-mail address.
    async fn email(&self) -> Option<&str> {
        Some(&self.customer.email.address)
    }

    /// Their first name.
    async fn first_name(&self) -> Option<&str> {
        self.customer.first_name.as_deref()
    }

    /// Their last name.
    async fn last_name(&self) -> Option<&str> {
        self.customer.last_name.as_deref()
    }

    /// How many orders they have placed. Refused when it is asked for by a cart alone; staff and keys need
    /// `read_orders`.
    async fn number_of_orders(&self, ctx: &Context<'_>) -> Result<UnsignedInt64> {
        self.purchases(ctx)?;
        let count = ctx.scope().snapshot().loaders.load(CountOfCustomer(self.customer.id)).await?;
        Ok(UnsignedInt64(count.unwrap_or_default()))
    }

    /// Their telephone number.
    async fn phone(&self) -> Option<&str> {
        self.customer.phone.as_deref()
    }

    /// The merchant's labels. Refused when they are asked for by a cart alone.
    async fn tags(&self) -> Result<Vec<String>> {
        self.whole()?;
        Ok(self.customer.tags.clone())
    }

    /// What the merchant has noted; null to everyone else.
    async fn note(&self) -> Option<&str> {
        self.customer.note.as_deref().filter(|_| self.view == View::Staff)
    }

    /// Whether they can sign in.
    async fn state(&self) -> CustomerState {
        if self.customer.is_enabled { CustomerState::Enabled } else { CustomerState::Disabled }
    }

    /// Whether they have shown that mail to their address reaches them.
    async fn verified_email(&self) -> bool {
        self.customer.verified_at.is_some()
    }

    /// When the account was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.customer.updated_at)
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
