//! `customer` and `customers`.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::customer::{Customer, CustomerConnection, View, customer_of_merchant};
use crate::access::permission::READ_CUSTOMERS;
use crate::customer::loaders::CustomerById;
use crate::customer::model::{CustomerSort, parse_query};
use crate::customer::secret::Secret;
use crate::customer::service::{customer_of_token, customers_page};
use crate::graphql::connection::{Page, PageArgs};
use crate::graphql::error::ApiError;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;

#[derive(Default)]
pub struct CustomerQuery;

/// By what a list of customers is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CustomerSortKeys {
    /// When they were entered or have opened their account.
    CreatedAt,
    /// Their id, which is by age.
    Id,
    /// Last name, then first name; the address of those without a name.
    Name,
    /// How well they fit the query: all fit alike, so by id.
    Relevance,
    /// When they were last changed.
    UpdatedAt,
}

impl From<CustomerSortKeys> for CustomerSort {
    fn from(key: CustomerSortKeys) -> Self {
        match key {
            CustomerSortKeys::CreatedAt => Self::Created,
            CustomerSortKeys::Id | CustomerSortKeys::Relevance => Self::Id,
            CustomerSortKeys::Name => Self::Name,
            CustomerSortKeys::UpdatedAt => Self::Updated,
        }
    }
}

#[guarded]
#[Object]
impl CustomerQuery {
    /// The customer of an access token; null when it is not good, or not any more. With the permission
    /// `read_customers`, a customer by id.
    #[public]
    async fn customer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token that signing in gave.")] customer_access_token: Option<String>,
        #[graphql(desc = "The customer's global id. Needs the permission `read_customers`.")] id: Option<ID>,
    ) -> Result<Option<Customer>> {
        match (customer_access_token, id) {
            (Some(token), None) => {
                let (scope, token) = (ctx.scope(), Secret::given(token));
                let now = scope.app.clock.now();
                let found = scope.read(async |conn| customer_of_token(conn, &token, now).await).await?;
                Ok(found.map(|customer| Customer { customer: Arc::new(customer), view: View::Own }))
            }
            (None, Some(id)) => {
                let scope = ctx.scope();
                scope.require(READ_CUSTOMERS)?;
                match Gid::of(&id, "Customer") {
                    Some(id) => customer_of_merchant(scope, id).await,
                    None => Ok(None),
                }
            }
            (Some(_), Some(_)) | (None, None) => Err(ApiError::bad_input("give `customerAccessToken` or `id`").into()),
        }
    }

    /// The shop's customers.
    #[requires(read_customers)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the vocabulary's connection")]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        #[graphql(desc = "By what they are sorted.", default_with = "Some(CustomerSortKeys::Id)")] sort_key: Option<
            CustomerSortKeys,
        >,
        #[graphql(
            desc = "What they must be, in the search syntax: words are looked for in names and e-mail addresses. Fields: `email`, `first_name`, `last_name`, `name`, `phone`, `tag`, `tag_not`, `accepts_marketing`, `state`, `verified_email`, `id`, `created_at`, `customer_date`, `updated_at`."
        )]
        query: Option<String>,
    ) -> Result<CustomerConnection> {
        let scope = ctx.scope();
        let sort = CustomerSort::from(sort_key.unwrap_or(CustomerSortKeys::Id));
        let page = PageArgs { first, after, last, before, reverse }.check_by(sort.key())?;
        let wanted = parse_query(query.as_deref().unwrap_or_default())?;
        let rows = scope.read(async |conn| customers_page(conn, &wanted, sort, &page).await).await?;
        let page = Page::from_rows(&page, rows, |customer| sort.cursor(customer));
        Ok(CustomerConnection(page.map(|row| Customer { customer: Arc::new(row), view: View::Staff })))
    }
}

/// A customer who has just acted: as they see themselves.
pub async fn own(scope: &Scope, id: Uuid) -> Result<Option<Customer>> {
    let found = scope.snapshot().loaders.load(CustomerById(id)).await?;
    Ok(found.map(|customer| Customer { customer, view: View::Own }))
}
