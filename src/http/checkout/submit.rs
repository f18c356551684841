//! The forms, received.

use std::future::Future;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};

use super::answer::{Answer, Stop, page, see_other};
use super::values::{Step, Values, Wrong};
use super::view;
use super::visit::{Purchase, Visit, order_address};
use crate::cart::addresses::{AddressUpdate, NewAddress, Source};
use crate::cart::details::BuyerUpdate;
use crate::cart::key::CartKey;
use crate::cart::model::Cart;
use crate::cart::service::{self as carts, Choice, Desk};
use crate::checkout::rule::CheckoutRule;
use crate::checkout::service::{self as checkouts, FIELD, Till, Wish};
use crate::db::idempotency::Key;
use crate::error::{Fault, ServiceError};
use crate::http::origin::OwnOrigins;

/// A form's body at most: a dozen short texts.
const MAX_BODY: usize = 32 << 10;
const FORM: &str = "application/x-www-form-urlencoded";
/// The gateway that the page offers.
const GATEWAY: &str = "manual";

/// Refuses a form that another site's page sent. It would have to know the cart's key, so this is a second lock.
///
/// `Origin: null` is what the pages' own referrer policy makes a browser say; one that does not tell the site beside
/// it is an old one, or the connection is not encrypted.
pub fn check_source(headers: &HeaderMap, own: &OwnOrigins) -> Result<(), Stop> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own = match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None | Some("null")) => true,
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            own.contains(origin) || host.is_some() && host == text(header::HOST.as_str())
        }
    };
    if is_own { Ok(()) } else { Err(Stop::Foreign) }
}

pub async fn read(headers: &HeaderMap, body: Body) -> Result<Values, Stop> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM) {
        return Err(Stop::Unreadable);
    }
    // The other cause is a client that broke off, who will not read this.
    let bytes = axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| Stop::TooLarge)?;
    Ok(Values::parse(&bytes))
}

pub async fn submit(visit: &Visit, key: &CartKey, form: &Values) -> Answer {
    match Step::from_name(form.get("step")).ok_or(Stop::Unreadable)? {
        Step::Information => information(visit, key, form).await,
        Step::Delivery => delivery(visit, key, form).await,
        Step::Payment => payment(visit, key, form).await,
    }
}

/// Both parts are tried, so that everything that is wrong is said at once.
async fn information(visit: &Visit, key: &CartKey, form: &Values) -> Answer {
    let Some(purchase) = visit.purchase(key).await? else { return visit.is_over(key).await };
    let mut wrong = Vec::new();
    if form.get("email").is_empty() {
        wrong.push(Wrong::new("email", "An e-mail address is needed."));
    } else {
        let (desk, key) = (desk(visit), Some(key.clone()));
        let buyer = BuyerUpdate { email: Some(Some(form.get("email").to_owned())), ..BuyerUpdate::default() };
        wrong.extend(changed(visit, async move { carts::cart_buyer_identity_update(&desk, key, &buyer).await }).await?);
    }
    if purchase.cart.requires_shipping() {
        wrong.extend(send_to(visit, key, &purchase.cart, form).await?);
    }
    if wrong.is_empty() {
        return see_other(&purchase.address_of(Step::Delivery));
    }
    let countries = visit.countries().await?;
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, view::information(&purchase, &countries, form, &wrong)))
}

/// Changes the address that the cart goes to, or gives it one.
async fn send_to(visit: &Visit, key: &CartKey, cart: &Cart, form: &Values) -> Result<Option<Wrong>, Fault> {
    let (desk, key, address) = (desk(visit), Some(key.clone()), form.address());
    let source = Source::Given { country: Some(address.country), address: Box::new(address) };
    match cart.destination() {
        Some(to) => {
            let (selected, one_time_use) = (Some(true), None);
            let update = AddressUpdate { id: Some(to.id), source: Some(source), selected, one_time_use, strict: true };
            changed(visit, async move { carts::cart_delivery_addresses_update(&desk, key, &[update]).await }).await
        }
        None => {
            let new = NewAddress { source, selected: Some(true), one_time_use: false, strict: true };
            changed(visit, async move { carts::cart_delivery_addresses_add(&desk, key, &[new]).await }).await
        }
    }
}

async fn delivery(visit: &Visit, key: &CartKey, form: &Values) -> Answer {
    let choice = Choice { group_id: Some(key.id), handle: form.get("deliveryOption").to_owned() };
    let (desk, of) = (desk(visit), Some(key.clone()));
    let wrong = changed(visit, async move {
        carts::cart_selected_delivery_options_update(&desk, of, &[choice]).await.map(|(changed, _)| changed)
    })
    .await?;
    let Some(purchase) = visit.purchase(key).await? else { return visit.is_over(key).await };
    match wrong {
        None => see_other(&purchase.address_of(Step::Payment)),
        Some(wrong) => Ok(page(StatusCode::UNPROCESSABLE_ENTITY, view::delivery(&purchase, &[wrong]))),
    }
}

/// A form that is sent twice finds the cart completed the second time; its key has the first one's order.
async fn payment(visit: &Visit, key: &CartKey, form: &Values) -> Answer {
    if form.get("idempotencyKey").is_empty() {
        return Err(Stop::Unreadable);
    }
    let seen: i64 = form.get("total").parse().map_err(|_| Stop::Unreadable)?;
    if let Some(purchase) = visit.purchase(key).await?
        && purchase.step(Some(Step::Payment)) != Step::Payment
    {
        return see_other(&purchase.address_of(Step::Payment));
    }
    let (till, wish) = (Till::new(&visit.scope.app, visit.scope.tenant()), wish(visit, key, form, seen));
    let completed = visit.act(async move { checkouts::complete(&till, &wish).await }).await?;
    let refused: Vec<String> = match completed {
        Ok(Ok(order_id)) => return see_other(&order_address(key, order_id)),
        Ok(Err(ServiceError::Fault(fault))) => return Err(fault.into()),
        Ok(Err(ServiceError::Rule(rules))) => rules.iter().map(CheckoutRule::to_string).collect(),
        Err(refused) => vec![refused.to_string()],
    };
    let Some(purchase) = visit.purchase(key).await? else { return visit.is_over(key).await };
    pay_again(visit, &purchase, &refused)
}

/// To buy the cart for the total that the form showed, in minor units.
fn wish(visit: &Visit, key: &CartKey, form: &Values, seen: i64) -> Wish {
    let actor = visit.scope.access.actor();
    let once = Key::new(FIELD, &actor, Some(key.id), form.get("idempotencyKey"), GATEWAY);
    Wish {
        cart: key.clone(),
        gateway: GATEWAY.to_owned(),
        token: None,
        expected_total: Some(seen),
        currency: visit.scope.currency,
        actor,
        network: visit.scope.request.network,
        key: Some(once),
    }
}

fn pay_again(visit: &Visit, purchase: &Purchase, refused: &[String]) -> Answer {
    let wrong: Vec<Wrong> = refused.iter().map(|message| Wrong::new("", message)).collect();
    let markup = view::payment(purchase, &visit.idempotency_key(), &wrong);
    Ok(page(StatusCode::UNPROCESSABLE_ENTITY, markup))
}

fn desk(visit: &Visit) -> Desk {
    Desk::new(&visit.scope.app, visit.scope.tenant())
}

/// Runs a change of the cart; answers what was wrong with the input that the form has under the same name.
async fn changed(
    visit: &Visit,
    change: impl Future<Output = carts::CartResult<carts::Changed>> + Send + 'static,
) -> Result<Option<Wrong>, Fault> {
    match visit.act(change).await? {
        Ok(_) => Ok(None),
        Err(ServiceError::Rule(mut rule)) => Ok(Some(Wrong::new(rule.field.pop().unwrap_or_default(), rule.message))),
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}
