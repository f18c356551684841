//! `Customer`: every field that leads here answers null.

use async_graphql::{ID, Object};
use emporia_macros::guarded;

use crate::absent_object;
use crate::address::graphql::{MailingAddress, MailingAddressConnection};
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield};
use crate::graphql::scalars::{DateTime, UnsignedInt64};
use crate::order::graphql::{OrderConnection, OrderSortKeys};
use crate::shop::graphql::SocialLoginProvider;

absent_object! {
    /// Someone with an account in the shop.
    Customer {
        /// The customer's global id.
        id() -> ID;
        /// Their address book.
        addresses(
            #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
            #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
            #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
            #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
            #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        ) -> MailingAddressConnection;
        /// The address that is meant unless another is chosen.
        default_address() -> Option<MailingAddress>;
        /// What they have bought.
        orders(
            #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
            #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
            #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
            #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
            #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
            #[graphql(desc = "What to sort by.", default_with = "Some(OrderSortKeys::Id)")] sort_key: Option<OrderSortKeys>,
            #[graphql(desc = "Only those for which all terms hold.")] query: Option<String>,
        ) -> OrderConnection;
        /// Through whom they sign in.
        social_login_provider() -> Option<SocialLoginProvider>;
        /// Whether they want the shop's mail.
        accepts_marketing() -> bool;
        /// Their picture.
        avatar_url() -> Option<String>;
        /// When the account was made.
        created_at() -> DateTime;
        /// The name to call them by.
        display_name() -> String;
        /// Their e-mail address.
        email() -> Option<String>;
        /// Their first name.
        first_name() -> Option<String>;
        /// Their last name.
        last_name() -> Option<String>;
        /// How many orders they have placed.
        number_of_orders() -> UnsignedInt64;
        /// Their telephone number.
        phone() -> Option<String>;
        /// The merchant's labels.
        tags() -> Vec<String>;
        /// When the account was last changed.
        updated_at() -> DateTime;
        /// A named value that the merchant has added.
        metafield(
            #[graphql(desc = "The group of keys.")] namespace: Option<String>,
            #[graphql(desc = "The name within the namespace.")] key: String,
        ) -> Option<Metafield>;
        /// Several named values, in the order asked for.
        metafields(
            #[graphql(desc = "Which ones.")] identifiers: Vec<HasMetafieldsIdentifier>,
        ) -> Vec<Option<Metafield>>;
    }
}

#[derive(Default)]
pub struct CustomerQuery;

#[guarded]
#[Object]
impl CustomerQuery {
    /// The customer of an access token. There are no accounts yet, so always null.
    #[public]
    async fn customer(
        &self,
        #[graphql(desc = "The token that signing in gave.")] customer_access_token: String,
    ) -> Option<Customer> {
        let _ = customer_access_token;
        None
    }
}
