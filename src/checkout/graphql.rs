//! `checkoutComplete` and `orderByToken`.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::rule::CheckoutRule;
use super::service::{self, Till, Wish};
use super::token;
use crate::cart::key::CartKey;
use crate::error::ServiceError;
use crate::graphql::error::ApiError;
use crate::graphql::idempotent::required_key_of;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::money::graphql::MoneyInput;
use crate::money::{Currency, Money};
use crate::order::graphql::Order;
use crate::order::loaders::OrderById;
use crate::user_error;

#[derive(Default)]
pub struct CheckoutQuery;

#[derive(Default)]
pub struct CheckoutMutation;

/// How a cart is paid for.
#[derive(InputObject)]
pub struct CheckoutPaymentInput {
    /// The payment gateway's name: `manual` to pay later.
    pub gateway: String,
    /// What the storefront got from the gateway for this payment.
    pub token: Option<String>,
    /// What the shopper was shown as the cart's total. Should it come to anything else by now, there is no order and
    /// nothing is charged.
    pub expected_total: Option<MoneyInput>,
}

/// What a checkout came to.
#[derive(SimpleObject)]
pub struct CheckoutCompletePayload {
    /// The order; null when there is none.
    order: Option<Order>,
    /// The token by which the shopper finds the order again with `orderByToken`. Keep it: no one else can tell it.
    order_token: Option<String>,
    /// Why there is no order.
    user_errors: Vec<CheckoutUserError>,
}

user_error!(CheckoutUserError, CheckoutErrorCode);

/// What is wrong with a checkout, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CheckoutErrorCode {
    /// There is no such cart.
    CartNotFound,
    /// The cart has become an order already.
    AlreadyCompleted,
    /// There is nothing in the cart.
    CartEmpty,
    /// Something in the cart was no longer on sale; it was taken out of the cart.
    MerchandiseNotAvailable,
    /// There is less in stock than the cart asks for.
    NotEnoughStock,
    /// Something has to be delivered, and there is no address.
    AddressRequired,
    /// Something is missing from the address that delivery needs: the message says what.
    AddressIncomplete,
    /// There is neither an email address nor a phone number.
    ContactRequired,
    /// Nothing is delivered to the address.
    NotDeliverable,
    /// The chosen delivery option is no longer offered.
    DeliveryOptionNotAvailable,
    /// The cart comes to more than can be sold at once.
    TotalTooHigh,
    /// The cart comes to another total than the expected one.
    TotalChanged,
    /// There is no such payment gateway.
    GatewayNotFound,
    /// The token is too long.
    TokenTooLong,
    /// The gateway declined the payment; or it was not asked, since it has not answered for a while, or ten payments for the
    /// cart, or fifty from the same network, were declined within an hour. Stock and cart are as they were.
    PaymentDeclined,
    /// The shop can take no order at the moment, for reasons of its plan: a later one may.
    PlanLimitReached,
    /// The gateway has not answered yet. The stock stays reserved until it does.
    PaymentPending,
    /// Another payment for the same cart is on its way.
    PaymentInProgress,
}

fn user_error(rule: &CheckoutRule) -> CheckoutUserError {
    let code = match rule {
        CheckoutRule::CartNotFound => CheckoutErrorCode::CartNotFound,
        CheckoutRule::AlreadyCompleted => CheckoutErrorCode::AlreadyCompleted,
        CheckoutRule::CartEmpty => CheckoutErrorCode::CartEmpty,
        CheckoutRule::MerchandiseGone => CheckoutErrorCode::MerchandiseNotAvailable,
        CheckoutRule::NotEnoughStock { .. } => CheckoutErrorCode::NotEnoughStock,
        CheckoutRule::AddressMissing => CheckoutErrorCode::AddressRequired,
        CheckoutRule::AddressIncomplete { .. } => CheckoutErrorCode::AddressIncomplete,
        CheckoutRule::ContactMissing => CheckoutErrorCode::ContactRequired,
        CheckoutRule::NotDeliverable => CheckoutErrorCode::NotDeliverable,
        CheckoutRule::DeliveryOptionGone => CheckoutErrorCode::DeliveryOptionNotAvailable,
        CheckoutRule::TotalTooHigh => CheckoutErrorCode::TotalTooHigh,
        CheckoutRule::TotalChanged => CheckoutErrorCode::TotalChanged,
        CheckoutRule::UnknownGateway => CheckoutErrorCode::GatewayNotFound,
        CheckoutRule::TokenTooLong => CheckoutErrorCode::TokenTooLong,
        CheckoutRule::PaymentDeclined { .. } | CheckoutRule::GatewayAway => CheckoutErrorCode::PaymentDeclined,
        CheckoutRule::PlanLimitReached => CheckoutErrorCode::PlanLimitReached,
        CheckoutRule::PaymentPending => CheckoutErrorCode::PaymentPending,
        CheckoutRule::PaymentInProgress => CheckoutErrorCode::PaymentInProgress,
    };
    CheckoutUserError { field: rule.field(), message: rule.to_string(), code: Some(code) }
}

impl CheckoutCompletePayload {
    fn refused(rules: &[CheckoutRule]) -> Self {
        Self { order: None, order_token: None, user_errors: rules.iter().map(user_error).collect() }
    }
}

#[guarded]
#[Object]
impl CheckoutMutation {
    /// Turns a cart into an order and pays for it. Needs an idempotency key: `@idempotent(key: …)` or the
    /// `Idempotency-Key` header. Repeated with the same key, it answers with the same order.
    #[public]
    async fn checkout_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's id, its key included.")] cart_id: ID,
        #[graphql(desc = "How it is paid for.")] payment: CheckoutPaymentInput,
    ) -> Result<Option<CheckoutCompletePayload>> {
        let scope = ctx.scope();
        let Some(cart) = CartKey::parse(&cart_id) else {
            return Ok(Some(CheckoutCompletePayload::refused(&[CheckoutRule::CartNotFound])));
        };
        let wish = Wish {
            key: Some(required_key_of(ctx, Some(cart.id))?),
            expected_total: payment.expected_total.map(|total| minor_units(&total, scope.currency)).transpose()?,
            gateway: payment.gateway,
            token: payment.token,
            currency: scope.currency,
            actor: scope.access.actor(),
            network: scope.request.network,
            cart: cart.clone(),
        };
        let till = Till::new(&scope.app, scope.tenant());
        let completed = scope.act(async move { service::complete(&till, &wish).await }).await?;
        match completed.map_err(ApiError::from)? {
            Ok(order_id) => {
                let token = service::order_token(&cart, order_id).reveal().to_owned();
                let order = order_by_id(scope, order_id).await?;
                Ok(Some(CheckoutCompletePayload { order, order_token: Some(token), user_errors: Vec::new() }))
            }
            Err(ServiceError::Rule(rules)) => Ok(Some(CheckoutCompletePayload::refused(&rules))),
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }
}

/// An amount in the shop's currency; one that it cannot be is a mistake of the program that asks.
fn minor_units(total: &MoneyInput, currency: Currency) -> std::result::Result<i64, ApiError> {
    if total.currency_code != currency {
        return Err(ApiError::bad_input(format!("`expectedTotal` has to be in {}", currency.code())));
    }
    let money = Money::parse(&total.amount.0, currency);
    money.map(|money| money.minor).map_err(|error| ApiError::bad_input(format!("`expectedTotal` {error}")))
}

async fn order_by_id(scope: &Scope, id: uuid::Uuid) -> Result<Option<Order>> {
    Ok(scope.snapshot().loaders.load(OrderById(id)).await?.map(Order))
}

#[guarded]
#[Object]
impl CheckoutQuery {
    /// The order with the token that its checkout answered with: how a shopper finds it again.
    #[public]
    async fn order_by_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's token.")] token: String,
    ) -> Result<Option<Order>> {
        let hash = token::hash(&token);
        let found = ctx.scope().read(async |conn| crate::order::store::by_token_hash(conn, &hash).await).await?;
        Ok(found.map(|order| Order(Arc::new(order))))
    }
}
