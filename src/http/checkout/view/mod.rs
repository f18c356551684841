//! The pages as HTML. Every text goes through maud, which escapes it.

mod form;
mod order;
mod summary;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use form::{delivery, information, payment};
pub use order::{order, ordered};

use super::values::{Step, Wrong};
use super::visit::Purchase;
use crate::shop::model::Shop;

/// The pages' styles: written into each page, allowed by their hash.
pub const STYLE: &str = include_str!("style.css");

/// A page that says one thing. `reference` is a request's id that the merchant can look up.
pub fn notice(title: &str, text: &str, reference: Option<&str>) -> Markup {
    let body = html! {
        main.notice {
            h1 { (title) }
            p { (text) }
            @if let Some(reference) = reference { p.quiet { "Reference: " code { (reference) } } }
        }
    };
    document(title, None, &body)
}

/// There is nothing to buy.
pub fn empty(shop: &Shop) -> Markup {
    let title = "Your cart is empty";
    let body = html! {
        main.notice {
            h1 { (title) }
            p { "Put something into it in the shop, then come back." }
            (back(shop))
        }
    };
    document(title, Some(shop), &body)
}

/// A step of the purchase: its form, and beside it what is bought.
fn step_page(purchase: &Purchase, step: Step, wrong: &[Wrong], form: &Markup) -> Markup {
    let title = format!("{} – Checkout", heading(step));
    let title = if wrong.is_empty() { title } else { format!("Error: {title}") };
    let body = html! {
        main.columns {
            div {
                (progress(purchase, step))
                h1 { (heading(step)) }
                (complaints(wrong))
                (form)
            }
            (summary::of_cart(purchase))
        }
    };
    document(&title, Some(&purchase.shop), &body)
}

fn heading(step: Step) -> &'static str {
    match step {
        Step::Information => "Contact and address",
        Step::Delivery => "Delivery",
        Step::Payment => "Payment",
    }
}

/// The steps, those that can be returned to as links.
fn progress(purchase: &Purchase, current: Step) -> Markup {
    let steps = Step::ALL.into_iter().filter(|step| *step != Step::Delivery || purchase.cart.requires_shipping());
    html! {
        nav aria-label="Checkout" {
            ol.progress {
                @for step in steps {
                    @if step == current {
                        li aria-current="step" { (heading(step)) }
                    } @else if step < current {
                        li { a href=(purchase.address_of(step)) { (heading(step)) } }
                    } @else {
                        li { (heading(step)) }
                    }
                }
            }
        }
    }
}

/// Everything that is wrong, each with a link to its input.
fn complaints(wrong: &[Wrong]) -> Markup {
    html! {
        @if !wrong.is_empty() {
            div.complaints role="alert" {
                @for Wrong { field, message } in wrong {
                    @match form::label(field) {
                        Some(label) => p { a href={ "#" (field) } { (label) } ": " (message) },
                        None => p { (message) },
                    }
                }
            }
        }
    }
}

fn document(title: &str, shop: Option<&Shop>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) @if let Some(shop) = shop { " – " (shop.name) } }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if let Some(shop) = shop {
                    header {
                        p {
                            @match home(shop) {
                                Some(url) => a href=(url) { (shop.name) },
                                None => (shop.name),
                            }
                        }
                    }
                }
                (body)
            }
        }
    }
}

/// The way back, where the shop has a page of its own.
fn back(shop: &Shop) -> Markup {
    html! { @if let Some(url) = home(shop) { p { a href=(url) { "Back to the shop" } } } }
}

/// The shop's own page. Merchants write the address: only what a browser loads as a page is one.
fn home(shop: &Shop) -> Option<&str> {
    let is_page = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    shop.storefront_url.as_deref().filter(is_page)
}
