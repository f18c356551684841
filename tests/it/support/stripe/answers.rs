//! What is answered to what.

use miniserde::Deserialize;
use serde_json::{Value, json};
use stripe_shared::{CheckoutSession, Customer, Invoice, Price, Subscription};
use stripe_types::List;

use super::form::Form;
use super::{State, fees, life, objects};

/// An answer, once its type has read it.
fn checked<T: Deserialize>(value: Value) -> (u16, Value) {
    let text = value.to_string();
    let read = miniserde::json::from_str::<T>(&text);
    assert!(read.is_ok(), "async-stripe does not take this for a {}: {value:#}", std::any::type_name::<T>());
    (200, value)
}

fn refused(status: u16, code: &str, message: &str) -> (u16, Value) {
    let value = objects::error("invalid_request_error", Some(code), message);
    assert!(miniserde::json::from_str::<stripe_shared::Error>(&value.to_string()).is_ok(), "{value:#}");
    (status, value)
}

fn missing(what: &str) -> (u16, Value) {
    refused(404, "resource_missing", &format!("No such {what}"))
}

pub fn answer(state: &mut State, (method, path): (&str, &str), form: &Form) -> (u16, Value) {
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    match (method, parts.as_slice()) {
        ("POST", ["customers"]) => {
            let id = state.id("cus");
            let customer =
                objects::customer(&id, state.now, form.get("name"), form.get("email"), form.below("metadata"));
            state.customers.insert(id, customer.clone());
            state.tell("customer.created", &customer);
            checked::<Customer>(customer)
        }
        ("GET", ["customers", id]) => match state.customers.get(*id) {
            Some(customer) => checked::<stripe_core::customer::RetrieveCustomerReturned>(customer.clone()),
            None => missing("customer"),
        },
        ("GET", ["prices"]) => {
            let wanted = form.must("lookup_keys[0]");
            let found = state.prices.values().filter(|price| price["lookup_key"] == wanted).cloned().collect();
            checked::<List<Price>>(objects::list("/v1/prices", found, false))
        }
        ("POST", ["prices"]) => price(state, form),
        ("GET", ["checkout", "sessions"]) => {
            let is_it = |session: &&Value| {
                session["customer"] == form.must("customer") && session["status"] == form.must("status")
            };
            let found = state.sessions.values().filter(is_it).cloned().collect();
            checked::<List<CheckoutSession>>(objects::list("/v1/checkout/sessions", found, false))
        }
        ("POST", ["checkout", "sessions"]) => session(state, form),
        ("GET", ["checkout", "sessions", id]) => match state.sessions.get(*id) {
            Some(session) => checked::<CheckoutSession>(session.clone()),
            None => missing("checkout.session"),
        },
        ("POST", ["checkout", "sessions", id, "expire"]) => match state.sessions.get_mut(*id) {
            Some(session) if session["status"] == "open" && !state.paying.contains(*id) => {
                objects::merge(session, json!({ "status": "expired", "url": null }));
                checked::<CheckoutSession>(session.clone())
            }
            _ => refused(400, "invalid", "Only open sessions can be expired."),
        },
        ("POST", ["billing_portal", "sessions"]) if !is_there(state, form.must("customer")) => no_customer(),
        ("POST", ["billing_portal", "sessions"]) => {
            let id = state.id("bps");
            let made = objects::portal(&id, state.now, form.must("customer"), form.must("return_url"));
            checked::<stripe_billing::BillingPortalSession>(made)
        }
        ("GET", ["subscriptions" | "invoices"]) if is_hidden(state, form) => no_customer(),
        ("GET", ["subscriptions"]) => {
            let of = form.get("customer");
            let is_it = |one: &&Value| of.is_none_or(|customer| one["customer"] == customer);
            let found = state.subscriptions.values().filter(is_it).cloned().collect();
            checked::<List<Subscription>>(page("/v1/subscriptions", found, form))
        }
        ("POST", ["subscriptions", id]) => update(state, id, form),
        ("DELETE", ["subscriptions", id]) => {
            match state.subscriptions.get(*id).is_some_and(|one| one["status"] != "canceled") {
                true => {
                    if form.get("prorate") == Some("true") {
                        assert_eq!(form.must("invoice_now"), "true", "or nobody ever has the credit");
                        life::credit(state, id);
                    }
                    life::end(state, id, "cancellation_requested");
                    checked::<Subscription>(state.subscriptions[*id].clone())
                }
                false => missing("subscription"),
            }
        }
        ("GET", ["invoices"]) => {
            let found = state.invoices.iter().filter(|one| one["customer"] == form.must("customer")).cloned().collect();
            checked::<List<Invoice>>(page("/v1/invoices", found, form))
        }
        (_, ["invoiceitems"] | ["invoices"]) => match fees::answer(state, (method, parts[0]), form) {
            Ok(made) if parts[0] == "invoices" => checked::<Invoice>(made),
            Ok(made) if method == "POST" => checked::<stripe_billing::InvoiceItem>(made),
            Ok(list) => checked::<List<stripe_billing::InvoiceItem>>(list),
            Err((code, message)) => refused(400, code, message),
        },
        _ => missing(&format!("path: {method} {path}")),
    }
}

/// Whether it is one, and not deleted.
pub(super) fn is_there(state: &State, customer: &str) -> bool {
    state.customers.get(customer).is_some_and(|customer| customer["deleted"] != true)
}

/// Whether nothing is told of whom the list is about.
fn is_hidden(state: &State, form: &Form) -> bool {
    form.get("customer").is_some_and(|customer| match state.customers.get(customer) {
        Some(customer) => customer["deleted"] == true && state.hides_deleted,
        None => true,
    })
}

/// What is named in a parameter is no 404.
fn no_customer() -> (u16, Value) {
    refused(400, "resource_missing", "No such customer")
}

/// The newest first, as Stripe does.
pub(super) fn page(url: &str, mut all: Vec<Value>, form: &Form) -> Value {
    all.reverse();
    let limit: usize = form.must("limit").parse().expect("a limit");
    let from = match form.get("starting_after") {
        Some(after) => all.iter().position(|one| one["id"] == after).expect("a cursor") + 1,
        None => 0,
    };
    let has_more = all.len() > from + limit;
    objects::list(url, all.into_iter().skip(from).take(limit).collect(), has_more)
}

fn price(state: &mut State, form: &Form) -> (u16, Value) {
    let wanted = form.must("lookup_key");
    if state.prices.values().any(|price| price["lookup_key"] == wanted) {
        return refused(400, "lookup_key_taken", "A price already uses that lookup key.");
    }
    assert!(form.get("product_data[name]").is_some(), "a price needs a product");
    let id = state.id("price");
    let said = objects::Price {
        currency: form.must("currency"),
        lookup_key: Some(wanted),
        metadata: form.below("metadata"),
        amount: form.must("unit_amount").parse().expect("an amount"),
        interval: form.must("recurring[interval]"),
    };
    let made = objects::price(&id, state.now, &said);
    state.prices.insert(id, made.clone());
    checked::<Price>(made)
}

fn session(state: &mut State, form: &Form) -> (u16, Value) {
    let customer = form.must("customer");
    if !is_there(state, customer) || !state.prices.contains_key(form.must("line_items[0][price]")) {
        return no_customer();
    }
    // Ends and credits are those of this mode.
    assert_eq!(form.must("subscription_data[billing_mode][type]"), "flexible");
    assert_eq!((form.must("mode"), form.must("line_items[0][quantity]")), ("subscription", "1"));
    let id = state.id("cs");
    let rest = json!({ "client_reference_id": form.get("client_reference_id"), "success_url": form.get("success_url"),
        "cancel_url": form.get("cancel_url") });
    let made = objects::session(&id, state.now, customer, rest);
    state.sessions.insert(id.clone(), made.clone());
    state.wishes.insert(id, form.clone());
    checked::<CheckoutSession>(made)
}

fn update(state: &mut State, id: &str, form: &Form) -> (u16, Value) {
    let Some(old) = state.subscriptions.get(id).cloned() else { return missing("subscription") };
    if old["status"] == "canceled" {
        return refused(400, "invalid", "A canceled subscription can only update its cancellation_details.");
    }
    match (form.get("cancel_at_period_end"), form.get("cancel_at")) {
        (None, None) => {}
        (Some(_), Some(_)) => return refused(400, "invalid", "Pass either cancel_at or cancel_at_period_end."),
        (Some("true"), None) => {
            let end = old["items"]["data"][0]["current_period_end"].clone();
            life::change(state, id, json!({ "cancel_at_period_end": true, "cancel_at": end }));
        }
        // An end that was said by its time is not taken back by this.
        (Some(_), None) if old["cancel_at_period_end"] == false => life::change(state, id, json!({})),
        (Some(_), None) => life::change(state, id, json!({ "cancel_at_period_end": false, "cancel_at": null })),
        (None, Some(at)) => {
            let at = at.parse::<i64>().ok();
            life::change(state, id, json!({ "cancel_at_period_end": false, "cancel_at": at }));
        }
    }
    if let Some(price) = form.get("items[0][price]") {
        assert_eq!(form.get("items[0][id]"), old["items"]["data"][0]["id"].as_str(), "its own item");
        assert_eq!(form.must("payment_behavior"), "error_if_incomplete");
        let is_charged = form.must("proration_behavior") == "always_invoice";
        if is_charged && state.declines {
            let value = json!({ "error": { "type": "card_error", "code": "card_declined",
                "decline_code": "generic_decline", "message": "Your card was declined." } });
            return (402, value);
        }
        let Some(price) = state.prices.get(price).cloned() else { return missing("price") };
        life::move_to(state, id, &price, is_charged);
    }
    checked::<Subscription>(state.subscriptions[id].clone())
}
