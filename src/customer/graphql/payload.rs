//! What the mutations of customers answer.

use async_graphql::SimpleObject;

use super::customer::Customer;
use crate::address::graphql::MailingAddress;
use crate::customer::model::AccessToken;
use crate::customer::rule::{CustomerErrorCode, CustomerRule};
use crate::graphql::scalars::DateTime;
use crate::user_error;

user_error!(CustomerUserError, CustomerErrorCode);

impl From<CustomerRule> for CustomerUserError {
    fn from(rule: CustomerRule) -> Self {
        let (message, code) = (rule.refusal.to_string(), rule.refusal.code());
        Self { field: (!rule.field.is_empty()).then_some(rule.field), message, code: Some(code) }
    }
}

/// Why a mutation did not do what was asked.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// The path to the input that is at fault.
    pub field: Option<Vec<String>>,
    /// What is wrong, for people.
    pub message: String,
}

impl From<CustomerRule> for UserError {
    fn from(rule: CustomerRule) -> Self {
        let message = rule.refusal.to_string();
        Self { field: (!rule.field.is_empty()).then_some(rule.field), message }
    }
}

/// What a customer is known by, from signing in until it expires. It is shown once.
#[derive(Clone, SimpleObject)]
#[graphql(name = "CustomerAccessToken")]
pub struct Token {
    /// The token: whoever has it acts for the customer.
    access_token: String,
    /// When it is not good any more: 30 days from when it was given or renewed.
    expires_at: DateTime,
}

impl From<AccessToken> for Token {
    fn from(token: AccessToken) -> Self {
        Self { access_token: token.secret.reveal().to_owned(), expires_at: DateTime(token.expires_at) }
    }
}

/// Declares a payload with both kinds of errors, and how a refusal becomes one.
macro_rules! payloads {
    ($($name:ident $field:literal { $($(#[$meta:meta])* $part:ident: $ty:ty),* $(,)? })*) => {
        $(
            #[doc = concat!("What `", $field, "` answers.")]
            #[derive(Clone, SimpleObject)]
            pub struct $name {
                $($(#[$meta])* pub $part: $ty,)*
                /// Why nothing was done.
                pub customer_user_errors: Vec<CustomerUserError>,
                /// The same without codes.
                pub user_errors: Vec<UserError>,
            }

            impl From<Vec<CustomerRule>> for $name {
                fn from(rules: Vec<CustomerRule>) -> Self {
                    Self {
                        $($part: None,)*
                        user_errors: rules.iter().cloned().map(UserError::from).collect(),
                        customer_user_errors: rules.into_iter().map(CustomerUserError::from).collect(),
                    }
                }
            }
        )*
    };
}

payloads! {
    CustomerCreatePayload "customerCreate" {
        /// The customer whom staff have entered. Null for who signs up: the account is there once the address is confirmed.
        customer: Option<Customer>,
    }
    CustomerUpdatePayload "customerUpdate" {
        /// The customer as they are now; null when nothing was done.
        customer: Option<Customer>,
        /// A new token where a new password has ended the others.
        customer_access_token: Option<Token>,
    }
    CustomerAccessTokenCreatePayload "customerAccessTokenCreate" {
        /// The token; null when nobody was signed in.
        customer_access_token: Option<Token>,
    }
    CustomerRecoverPayload "customerRecover" {}
    CustomerResetPayload "customerReset" {
        /// The customer; null when the password is as it was.
        customer: Option<Customer>,
        /// What they are signed in with now.
        customer_access_token: Option<Token>,
    }
    CustomerResetByUrlPayload "customerResetByUrl" {
        /// The customer; null when the password is as it was.
        customer: Option<Customer>,
        /// What they are signed in with now.
        customer_access_token: Option<Token>,
    }
    CustomerActivatePayload "customerActivate" {
        /// The customer; null when nothing was confirmed.
        customer: Option<Customer>,
        /// What they are signed in with now.
        customer_access_token: Option<Token>,
    }
    CustomerActivateByUrlPayload "customerActivateByUrl" {
        /// The customer; null when nothing was confirmed.
        customer: Option<Customer>,
        /// What they are signed in with now.
        customer_access_token: Option<Token>,
    }
    CustomerAddressCreatePayload "customerAddressCreate" {
        /// The new address; null when there is none.
        customer_address: Option<MailingAddress>,
    }
    CustomerAddressUpdatePayload "customerAddressUpdate" {
        /// The address as it is now; null when it is as it was.
        customer_address: Option<MailingAddress>,
    }
    CustomerAddressDeletePayload "customerAddressDelete" {
        /// The removed address's global id; null when none was removed.
        deleted_customer_address_id: Option<String>,
    }
    CustomerDefaultAddressUpdatePayload "customerDefaultAddressUpdate" {
        /// The customer as they are now; null when nothing was done.
        customer: Option<Customer>,
    }
}

/// What `customerAccessTokenRenew` answers.
#[derive(Clone, SimpleObject)]
pub struct CustomerAccessTokenRenewPayload {
    /// The same token with its new end; null when it is not good any more.
    pub customer_access_token: Option<Token>,
    /// Why nothing was done.
    pub user_errors: Vec<UserError>,
}

impl From<Vec<CustomerRule>> for CustomerAccessTokenRenewPayload {
    fn from(rules: Vec<CustomerRule>) -> Self {
        Self { customer_access_token: None, user_errors: rules.into_iter().map(UserError::from).collect() }
    }
}

/// What `customerAccessTokenDelete` answers.
#[derive(Clone, SimpleObject)]
pub struct CustomerAccessTokenDeletePayload {
    /// The token that has ended.
    pub deleted_access_token: Option<String>,
    /// Its global id.
    pub deleted_customer_access_token_id: Option<String>,
    /// Why nothing was done.
    pub user_errors: Vec<UserError>,
}

impl From<Vec<CustomerRule>> for CustomerAccessTokenDeletePayload {
    fn from(rules: Vec<CustomerRule>) -> Self {
        let user_errors = rules.into_iter().map(UserError::from).collect();
        Self { deleted_access_token: None, deleted_customer_access_token_id: None, user_errors }
    }
}
