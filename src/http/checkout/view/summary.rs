//! What is bought and what it comes to, for carts and for orders.

use maud::{Markup, html};

use crate::cart::model::Line;
use crate::http::checkout::visit::Purchase;
use crate::money::Money;
use crate::order::model::{Order, OrderLine};

/// The variant's title of a product that has only one.
const DEFAULT_TITLE: &str = "Default Title";

pub fn of_cart(purchase: &Purchase) -> Markup {
    let (cart, totals) = (&purchase.cart, purchase.totals());
    let shipping = purchase.delivery().map(|option| (option.title.as_str(), option.price_minor));
    html! {
        aside aria-labelledby="summary" {
            h2 #summary { "Your order" }
            ul.lines {
                @for line in &cart.lines {
                    (row(&line.merchandise.product_title, &line.merchandise.variant_title, line.quantity,
                        purchase.money(line.total()), shortage(line).as_deref()))
                }
            }
            (sums(purchase.money(totals.subtotal), shipping.map(|(title, minor)| (title, purchase.money(minor))),
                cart.requires_shipping(), purchase.money(totals.total)))
        }
    }
}

pub fn of_order(order: &Order, lines: &[impl AsRef<OrderLine>]) -> Markup {
    let shipping = order.delivery_title.as_deref().map(|title| (title, order.money(order.shipping_minor)));
    html! {
        section aria-labelledby="summary" {
            h2 #summary { "What you ordered" }
            ul.lines {
                @for line in lines.iter().map(AsRef::as_ref) {
                    (row(&line.title, &line.variant_title, line.quantity, order.money(line.line_total_minor), None))
                }
            }
            (sums(order.money(order.subtotal_minor), shipping, false, order.money(order.total_minor)))
        }
    }
}

/// What stands in the way of buying a line, before the checkout refuses it.
fn shortage(line: &Line) -> Option<String> {
    match line.merchandise.limit()? {
        0 => Some("Sold out".to_owned()),
        left if left < i64::from(line.quantity) => Some(format!("Only {left} left")),
        _ => None,
    }
}

fn row(title: &str, variant: &str, quantity: i32, amount: Money, note: Option<&str>) -> Markup {
    html! {
        li {
            span.quantity { (quantity) " ×" }
            span {
                (title)
                @if variant != DEFAULT_TITLE { br; small { (variant) } }
                @if let Some(note) = note { br; strong.note { (note) } }
            }
            span.amount { (amount) }
        }
    }
}

/// `is_open`: the delivery has its price only when there is an address.
fn sums(subtotal: Money, shipping: Option<(&str, Money)>, is_open: bool, total: Money) -> Markup {
    html! {
        dl.sums {
            div { dt { "Subtotal" } dd { (subtotal) } }
            @match shipping {
                Some((title, price)) => div { dt { "Delivery: " (title) } dd { (price) } },
                None if is_open => div { dt { "Delivery" } dd { "in the next step" } },
                None => {},
            }
            div.total { dt { "Total" } dd { (total) } }
        }
        p.quiet { "Taxes are included." }
    }
}
