//! What customers do with their account, and staff with customers.

use std::future::Future;

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::customer::customer_of_merchant;
use super::input::*;
use super::payload::*;
use super::query::own;
use crate::access::permission::{READ_ORDERS, WRITE_CUSTOMERS};
use crate::address::graphql::MailingAddress;
use crate::customer::link::read_link;
use crate::customer::loaders::AddressesOf;
use crate::customer::model::SignedIn;
use crate::customer::rule::{CustomerResult, CustomerRule, Refusal};
use crate::customer::secret::Secret;
use crate::customer::service::{self, Answered, Desk, SignUp};
use crate::error::ServiceError;
use crate::graphql::error::ApiError;
use crate::graphql::scalars::Url;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;

#[derive(Default)]
pub struct CustomerMutation;

fn desk(scope: &Scope) -> Desk {
    Desk { app: scope.app.clone(), db: scope.db().clone() }
}

/// Runs a use case; the inner result is what it refuses.
async fn run<T: Send + 'static>(
    scope: &Scope,
    work: impl Future<Output = CustomerResult<T>> + Send + 'static,
) -> Result<Result<T, Vec<CustomerRule>>> {
    match scope.act(work).await? {
        Ok(value) => Ok(Ok(value)),
        Err(ServiceError::Rule(rules)) => Ok(Err(rules)),
        Err(ServiceError::Fault(fault)) => Err(fault.into()),
    }
}

/// The same for what a password or a token is needed for.
fn guess<T: Send + 'static>(
    scope: &Scope,
    work: impl Future<Output = CustomerResult<T>> + Send + 'static,
) -> impl Future<Output = Result<Result<T, Vec<CustomerRule>>>> + Send {
    // In a box: what a resolver waits for lies on the stack as often as it is passed on.
    let (desk, network, work) = (desk(scope), scope.request.network, Box::pin(work));
    run(scope, async move { service::guess(&desk, network, work).await })
}

/// The same for what somebody may be written for.
fn ask_for_mail<T: Send + 'static>(
    scope: &Scope,
    work: impl Future<Output = CustomerResult<T>> + Send + 'static,
) -> impl Future<Output = Result<Result<T, Vec<CustomerRule>>>> + Send {
    // In a box: what a resolver waits for lies on the stack as often as it is passed on.
    let (desk, network, work) = (desk(scope), scope.request.network, Box::pin(work));
    run(scope, async move { service::ask_for_mail(&desk, network, work).await })
}

fn none<E>() -> (Vec<CustomerUserError>, Vec<E>) {
    (Vec::new(), Vec::new())
}

/// Declares what answers a customer who is signed in now.
macro_rules! signed_in {
    ($payload:ident, $scope:expr, $done:expr) => {
        match $done {
            Ok(SignedIn { customer_id, token }) => {
                let (customer_user_errors, user_errors) = none();
                let customer = own($scope, customer_id).await?;
                let customer_access_token = Some(token.into());
                Ok(Some($payload { customer, customer_access_token, customer_user_errors, user_errors }))
            }
            Err(rules) => Ok(Some(rules.into())),
        }
    };
}

#[guarded]
#[Object]
impl CustomerMutation {
    /// Opens an account, or rather asks whoever has the e-mail address to confirm it: a mail leads to `customerActivate`.
    /// Everyone is answered the same, with the code `CUSTOMER_DISABLED`, whether the address has an account or not. Five
    /// mails an hour to one address, and a hundred from one network. With the permission `write_customers` and without a password, a customer is entered.
    #[public]
    async fn customer_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who it is for.")] input: CustomerCreateInput,
    ) -> Result<Option<CustomerCreatePayload>> {
        let scope = ctx.scope();
        let is_noted = input.tags.is_some() || input.note.is_some();
        if input.password.is_some() && is_noted {
            return Err(ApiError::bad_input(
                "`tags` and `note` are for customers whom staff enter, without a password",
            )
            .into());
        }
        let (desk, password) = (desk(scope), input.password.clone());
        let entry = input.into_entry();
        let Some(password) = password else {
            if !scope.may(WRITE_CUSTOMERS) {
                return Ok(Some(vec![Refusal::Blank.at(&["input", "password"])].into()));
            }
            let entered = run(scope, async move { service::customer_enter(&desk, &entry).await }).await?;
            return match entered {
                Ok(id) => {
                    let (customer_user_errors, user_errors) = none();
                    let customer = customer_of_merchant(scope, id).await?;
                    Ok(Some(CustomerCreatePayload { customer, customer_user_errors, user_errors }))
                }
                Err(rules) => Ok(Some(rules.into())),
            };
        };
        let new = SignUp { email: entry.email.unwrap_or_default(), password, person: entry.person };
        let answered = ask_for_mail(scope, async move { service::customer_create(&desk, &new).await }).await?;
        Ok(Some(answered.err().unwrap_or_default().into()))
    }

    /// Signs a customer in. After ten wrong passwords for one address within a quarter of an hour, none is looked at
    /// until the next; nor after a hundred passwords and tokens from one network that were wrong.
    #[public]
    async fn customer_access_token_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who it is.")] input: CustomerAccessTokenCreateInput,
    ) -> Result<Option<CustomerAccessTokenCreatePayload>> {
        let (scope, desk) = (ctx.scope(), desk(ctx.scope()));
        let CustomerAccessTokenCreateInput { email, password } = input;
        let done = guess(scope, async move { service::customer_access_token_create(&desk, &email, &password).await });
        match done.await? {
            Ok(signed_in) => {
                let (customer_user_errors, user_errors) = none();
                let customer_access_token = Some(signed_in.token.into());
                Ok(Some(CustomerAccessTokenCreatePayload { customer_access_token, customer_user_errors, user_errors }))
            }
            Err(rules) => Ok(Some(rules.into())),
        }
    }

    /// Makes a token good for 30 days from now, a year after it was given out at the latest.
    #[public]
    async fn customer_access_token_renew(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token, which must still be good.")] customer_access_token: String,
    ) -> Result<Option<CustomerAccessTokenRenewPayload>> {
        let (desk, token) = (desk(ctx.scope()), Secret::given(customer_access_token));
        let done = guess(ctx.scope(), async move { service::customer_access_token_renew(&desk, token).await });
        Ok(Some(match done.await? {
            Ok(token) => {
                CustomerAccessTokenRenewPayload { customer_access_token: Some(token.into()), user_errors: vec![] }
            }
            Err(rules) => rules.into(),
        }))
    }

    /// Ends a token: signs the customer out.
    #[public]
    async fn customer_access_token_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] customer_access_token: String,
    ) -> Result<Option<CustomerAccessTokenDeletePayload>> {
        let (scope, desk) = (ctx.scope(), desk(ctx.scope()));
        let token = Secret::given(customer_access_token.clone());
        let done = run(scope, async move { service::customer_access_token_delete(&desk, &token).await });
        Ok(Some(match done.await? {
            Ok(id) => CustomerAccessTokenDeletePayload {
                deleted_access_token: Some(customer_access_token),
                deleted_customer_access_token_id: Some(scope.gid("CustomerAccessToken", id).0),
                user_errors: vec![],
            },
            Err(rules) => rules.into(),
        }))
    }

    /// Changes what a customer says of themselves; with a secret key and `input`, what staff note of them.
    #[public]
    async fn customer_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the customer changes.")] customer: Option<CustomerUpdateInput>,
        #[graphql(desc = "The customer's token; with `customer`.")] customer_access_token: Option<String>,
        #[graphql(desc = "What staff change. For secret keys.")] input: Option<CustomerInput>,
    ) -> Result<Option<CustomerUpdatePayload>> {
        let (scope, desk) = (ctx.scope(), desk(ctx.scope()));
        let (customer_user_errors, user_errors) = none();
        match (customer, customer_access_token, input) {
            (Some(change), Some(token), None) => {
                let (change, token) = (change.into_model(), Secret::given(token));
                let done = run(scope, async move { service::customer_update(&desk, &token, &change).await });
                match done.await? {
                    Ok((id, token)) => {
                        let customer = own(scope, id).await?;
                        let customer_access_token = token.map(Token::from);
                        Ok(Some(CustomerUpdatePayload {
                            customer,
                            customer_access_token,
                            customer_user_errors,
                            user_errors,
                        }))
                    }
                    Err(rules) => Ok(Some(rules.into())),
                }
            }
            (None, None, Some(input)) => {
                scope.require(WRITE_CUSTOMERS)?;
                let id = input.id.as_ref().and_then(|id| Gid::of(id, "Customer"));
                let change = input.into_model();
                let may_see_orders = scope.may(READ_ORDERS);
                let done =
                    run(scope, async move { service::customer_change(&desk, id, &change, may_see_orders).await });
                match done.await? {
                    Ok(id) => {
                        let customer = customer_of_merchant(scope, id).await?;
                        let customer_access_token = None;
                        Ok(Some(CustomerUpdatePayload {
                            customer,
                            customer_access_token,
                            customer_user_errors,
                            user_errors,
                        }))
                    }
                    Err(rules) => Ok(Some(rules.into())),
                }
            }
            _ => Err(ApiError::bad_input("give `customer` and `customerAccessToken`, or `input`").into()),
        }
    }

    /// Mails a link that leads to a new password (`customerReset`), if the address has an account. Everyone is answered
    /// the same. Five mails an hour to one address, and a hundred from one network.
    #[public]
    async fn customer_recover(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The e-mail address.")] email: String,
    ) -> Result<Option<CustomerRecoverPayload>> {
        let desk = desk(ctx.scope());
        let done = ask_for_mail(ctx.scope(), async move { service::customer_recover(&desk, &email).await }).await?;
        Ok(Some(done.err().unwrap_or_default().into()))
    }

    /// Sets a new password with the token of a mail, and signs the customer in; everything else that they were signed in
    /// with ends.
    #[public]
    async fn customer_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer's global id: the part of the mail's link in front of the token.")] id: ID,
        #[graphql(desc = "The token and the new password.")] input: CustomerResetInput,
    ) -> Result<Option<CustomerResetPayload>> {
        let (scope, desk, id) = (ctx.scope(), desk(ctx.scope()), Gid::of(&id, "Customer"));
        let done = guess(scope, async move {
            let token = Secret::given(input.reset_token);
            let (token_at, password_within) = (&["input", "resetToken"][..], &["input"][..]);
            let answered = Answered { id, token, password: &input.password, token_at, password_within };
            service::customer_reset(&desk, &answered).await
        });
        signed_in!(CustomerResetPayload, scope, done.await?)
    }

    /// The same as `customerReset`, with the mail's link as it is.
    #[public]
    async fn customer_reset_by_url(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new password, 8 to 128 characters.")] password: String,
        #[graphql(desc = "The link.")] reset_url: Url,
    ) -> Result<Option<CustomerResetByUrlPayload>> {
        let (scope, desk) = (ctx.scope(), desk(ctx.scope()));
        let Some((id, token)) = read_link(&reset_url.0) else {
            return Ok(Some(vec![Refusal::NoLink.at(&["resetUrl"])].into()));
        };
        let done = guess(scope, async move {
            let token_at = &["resetUrl"][..];
            let answered = Answered { id: Some(id), token, password: &password, token_at, password_within: &[] };
            service::customer_reset(&desk, &answered).await
        });
        signed_in!(CustomerResetByUrlPayload, scope, done.await?)
    }

    /// Confirms an e-mail address with the token of a mail, and signs the customer in. Guests' orders with the address
    /// are theirs from then on.
    #[public]
    async fn customer_activate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer's global id: the part of the mail's link in front of the token.")] id: ID,
        #[graphql(desc = "The token and the password.")] input: CustomerActivateInput,
    ) -> Result<Option<CustomerActivatePayload>> {
        let (scope, desk, id) = (ctx.scope(), desk(ctx.scope()), Gid::of(&id, "Customer"));
        let done = guess(scope, async move {
            let token = Secret::given(input.activation_token);
            let (token_at, password_within) = (&["input", "activationToken"][..], &["input"][..]);
            let answered = Answered { id, token, password: &input.password, token_at, password_within };
            service::customer_activate(&desk, &answered).await
        });
        signed_in!(CustomerActivatePayload, scope, done.await?)
    }

    /// The same as `customerActivate`, with the mail's link as it is.
    #[public]
    async fn customer_activate_by_url(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link.")] activation_url: Url,
        #[graphql(desc = "The password, as for `customerActivate`.")] password: String,
    ) -> Result<Option<CustomerActivateByUrlPayload>> {
        let (scope, desk) = (ctx.scope(), desk(ctx.scope()));
        let Some((id, token)) = read_link(&activation_url.0) else {
            return Ok(Some(vec![Refusal::NoLink.at(&["activationUrl"])].into()));
        };
        let done = guess(scope, async move {
            let token_at = &["activationUrl"][..];
            let answered = Answered { id: Some(id), token, password: &password, token_at, password_within: &[] };
            service::customer_activate(&desk, &answered).await
        });
        signed_in!(CustomerActivateByUrlPayload, scope, done.await?)
    }

    /// Adds an address to a customer's address book, at most 100; the first one is the default.
    #[public]
    async fn customer_address_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address.")] address: MailingAddressInput,
        #[graphql(desc = "The customer's token.")] customer_access_token: String,
    ) -> Result<Option<CustomerAddressCreatePayload>> {
        let (scope, desk) = (ctx.scope(), desk(ctx.scope()));
        let (token, new) = (Secret::given(customer_access_token), address.into_model());
        let done = run(scope, async move { service::customer_address_create(&desk, &token, &new).await });
        match done.await? {
            Ok((customer, id)) => {
                let (customer_user_errors, user_errors) = none();
                let customer_address = address_of(scope, customer, id).await?;
                Ok(Some(CustomerAddressCreatePayload { customer_address, customer_user_errors, user_errors }))
            }
            Err(rules) => Ok(Some(rules.into())),
        }
    }

    /// Changes an address of a customer's address book.
    #[public]
    async fn customer_address_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is another; what is left out stays.")] address: MailingAddressInput,
        #[graphql(desc = "The customer's token.")] customer_access_token: String,
        #[graphql(desc = "The address's global id.")] id: ID,
    ) -> Result<Option<CustomerAddressUpdatePayload>> {
        let (scope, desk, id) = (ctx.scope(), desk(ctx.scope()), Gid::of(&id, "MailingAddress"));
        let (token, change) = (Secret::given(customer_access_token), address.into_model());
        let done = run(scope, async move { service::customer_address_update(&desk, &token, id, &change).await });
        match done.await? {
            Ok((customer, id)) => {
                let (customer_user_errors, user_errors) = none();
                let customer_address = address_of(scope, customer, id).await?;
                Ok(Some(CustomerAddressUpdatePayload { customer_address, customer_user_errors, user_errors }))
            }
            Err(rules) => Ok(Some(rules.into())),
        }
    }

    /// Removes an address from a customer's address book; in place of the default, the newest that is left becomes it.
    #[public]
    async fn customer_address_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer's token.")] customer_access_token: String,
        #[graphql(desc = "The address's global id.")] id: ID,
    ) -> Result<Option<CustomerAddressDeletePayload>> {
        let (scope, desk, id) = (ctx.scope(), desk(ctx.scope()), Gid::of(&id, "MailingAddress"));
        let token = Secret::given(customer_access_token);
        let done = run(scope, async move { service::customer_address_delete(&desk, &token, id).await });
        match done.await? {
            Ok(id) => {
                let (customer_user_errors, user_errors) = none();
                let deleted_customer_address_id = Some(scope.gid("MailingAddress", id).0);
                Ok(Some(CustomerAddressDeletePayload {
                    deleted_customer_address_id,
                    customer_user_errors,
                    user_errors,
                }))
            }
            Err(rules) => Ok(Some(rules.into())),
        }
    }

    /// Chooses the default among a customer's addresses.
    #[public]
    async fn customer_default_address_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address's global id.")] address_id: ID,
        #[graphql(desc = "The customer's token.")] customer_access_token: String,
    ) -> Result<Option<CustomerDefaultAddressUpdatePayload>> {
        let (scope, desk, id) = (ctx.scope(), desk(ctx.scope()), Gid::of(&address_id, "MailingAddress"));
        let token = Secret::given(customer_access_token);
        let done = run(scope, async move { service::customer_default_address_update(&desk, &token, id).await });
        match done.await? {
            Ok(id) => {
                let (customer_user_errors, user_errors) = none();
                let customer = own(scope, id).await?;
                Ok(Some(CustomerDefaultAddressUpdatePayload { customer, customer_user_errors, user_errors }))
            }
            Err(rules) => Ok(Some(rules.into())),
        }
    }
}

async fn address_of(scope: &Scope, customer: Uuid, id: Uuid) -> Result<Option<MailingAddress>> {
    let book = scope.snapshot().loaders.load(AddressesOf(customer)).await?.unwrap_or_default();
    Ok(book.iter().find(|one| one.id == id).map(|one| MailingAddress { id, address: one.address.clone() }))
}
