//! After the purchase.

use std::sync::Arc;

use maud::{Markup, html};

use super::{back, document, summary};
use crate::order::model::{FinancialStatus, FulfillmentStatus, Order, OrderLine};
use crate::shop::model::Shop;

/// The order, for whoever bought it.
pub fn order(shop: &Shop, order: &Order, lines: &[Arc<OrderLine>]) -> Markup {
    let title = format!("Order {}", order.name());
    let body = html! {
        main.narrow {
            h1 { "Thank you for your order" }
            p { "Your order number is " strong { (order.name()) } "." }
            p { (state(order)) }
            (summary::of_order(order, lines))
            @if let Some(address) = &order.shipping_address {
                h2 { "Where it goes" }
                address { @for line in address.formatted(true, true) { (line) br; } }
            }
            @if let Some(email) = &order.email { h2 { "Contact" } p { (email) } }
            p.quiet { "Keep the address of this page: it leads back to your order, and only you have it." }
            (back(shop))
        }
    };
    document(&title, Some(shop), &body)
}

fn state(order: &Order) -> &'static str {
    if order.cancelled_at.is_some() {
        return "It has been cancelled.";
    }
    match (order.fulfillment_status, order.financial_status) {
        (FulfillmentStatus::Fulfilled, _) => "It has been sent.",
        (FulfillmentStatus::PartiallyFulfilled, _) => "A part of it has been sent.",
        (FulfillmentStatus::Unfulfilled, FinancialStatus::Paid) => "It is paid. The shop prepares it.",
        (FulfillmentStatus::Unfulfilled, _) => "It is not paid yet. The shop tells you how to pay.",
    }
}

/// The cart was bought already: here is its order.
pub fn ordered(shop: &Shop, order_address: &str) -> Markup {
    let title = "This cart has been ordered already";
    let body = html! {
        main.notice {
            h1 { (title) }
            p { "Nothing was ordered a second time." }
            p { a href=(order_address) { "Show the order" } }
            (back(shop))
        }
    };
    document(title, Some(shop), &body)
}
