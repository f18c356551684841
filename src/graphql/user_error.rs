//! `userErrors`: the expected refusals of mutations, as data on the payload.

use async_graphql::Interface;

use crate::api_key::graphql::ApiKeyUserError;
use crate::cart::graphql::{CartUserError, MetafieldDeleteUserError, MetafieldsSetUserError};
use crate::catalog::graphql::{CollectionUserError, ProductDeleteUserError, ProductSetUserError};
use crate::checkout::graphql::CheckoutUserError;
use crate::content::graphql::{MenuCreateUserError, PageCreateUserError};
use crate::customer::graphql::{CustomerUserError, UserError};
use crate::domain::graphql::DomainUserError;
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::identity::graphql::StaffUserError;
use crate::inventory::graphql::InventoryAdjustQuantitiesUserError;
use crate::job::graphql::JobUserError;
use crate::order::graphql::OrderUserError;
use crate::plan::graphql::PlanUserError;
use crate::role::graphql::RoleUserError;
use crate::shipping::graphql::DeliveryProfileUserError;
use crate::shop::graphql::TenantSettingsUserError;
use crate::support_access::graphql::SupportAccessUserError;
use crate::tenant::graphql::TenantUserError;
use crate::trusted_document::graphql::TrustedDocumentUserError;
use crate::webhook::graphql::WebhookUserError;

/// Why a mutation did not do what was asked. Each area's own type adds a code.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "field", ty = "&Option<Vec<String>>", desc = "The path to the input that is at fault."),
    field(name = "message", ty = "&String", desc = "What is wrong, for people.")
)]
pub enum DisplayableError {
    ProductSet(ProductSetUserError),
    ProductDelete(ProductDeleteUserError),
    Collection(CollectionUserError),
    InventoryAdjustQuantities(InventoryAdjustQuantitiesUserError),
    PageCreate(PageCreateUserError),
    MenuCreate(MenuCreateUserError),
    Webhook(WebhookUserError),
    Checkout(CheckoutUserError),
    Cart(CartUserError),
    MetafieldsSet(MetafieldsSetUserError),
    MetafieldDelete(MetafieldDeleteUserError),
    DeliveryProfile(DeliveryProfileUserError),
    Order(OrderUserError),
    TrustedDocument(TrustedDocumentUserError),
    Domain(DomainUserError),
    TenantSettings(TenantSettingsUserError),
    ApiKey(ApiKeyUserError),
    Role(RoleUserError),
    Staff(StaffUserError),
    Customer(CustomerUserError),
    SupportAccess(SupportAccessUserError),
    Tenant(TenantUserError),
    Job(JobUserError),
    Plan(PlanUserError),
    WithoutCode(UserError),
}

/// What was done, or the one user error that says why not.
pub fn split<T, R, E: From<R>>(done: ServiceResult<T, R>) -> Result<(Option<T>, Vec<E>), Fault> {
    match done {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(ServiceError::Rule(rule)) => Ok((None, vec![rule.into()])),
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}

/// Declares an area's user error around its enum of codes. Name it in [`DisplayableError`] too.
///
/// `user_error!(PageCreateUserError, PageCreateUserErrorCode);`; with further attributes of the type behind.
#[macro_export]
macro_rules! user_error {
    ($name:ident, $code:ty $(, $more:meta)*) => {
        /// Why a mutation did not do what was asked.
        #[derive(Clone, Debug, async_graphql::SimpleObject)]
        $(#[$more])*
        pub struct $name {
            /// The path to the input that is at fault.
            pub field: Option<Vec<String>>,
            /// What is wrong, for people.
            pub message: String,
            /// What is wrong, for programs.
            pub code: Option<$code>,
        }
    };
}
