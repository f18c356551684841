//! The forms of the three steps.

use maud::{Markup, html};

use super::step_page;
use crate::country::Country;
use crate::http::checkout::values::{Step, Values, Wrong};
use crate::http::checkout::visit::Purchase;

/// One input: its name is that of the API's input, so that what is said of the one is said beside the other.
struct Input {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    is_required: bool,
    /// Two of them share a row.
    is_half: bool,
}

const fn input(name: &'static str, label: &'static str, autocomplete: &'static str) -> Input {
    Input { name, label, kind: "text", autocomplete, is_required: false, is_half: false }
}

const EMAIL: Input = Input { kind: "email", is_required: true, ..input("email", "E-mail address", "email") };
const COUNTRY: Input = Input { is_required: true, ..input("countryCode", "Country", "shipping country") };
const ADDRESS: [Input; 9] = [
    Input { is_half: true, ..input("firstName", "First name", "shipping given-name") },
    Input { is_half: true, is_required: true, ..input("lastName", "Last name", "shipping family-name") },
    input("company", "Company", "shipping organization"),
    Input { is_required: true, ..input("address1", "Street and number", "shipping address-line1") },
    input("address2", "Flat, floor, suite", "shipping address-line2"),
    Input { is_half: true, ..input("zip", "Postal code", "shipping postal-code") },
    Input { is_half: true, is_required: true, ..input("city", "City", "shipping address-level2") },
    Input { is_half: true, ..input("provinceCode", "State or province", "shipping address-level1") },
    Input { is_half: true, kind: "tel", ..input("phone", "Phone", "shipping tel") },
];

/// What the input of this name is called on the page.
pub fn label(name: &str) -> Option<&'static str> {
    ADDRESS.iter().chain([&EMAIL, &COUNTRY]).find(|input| input.name == name).map(|input| input.label)
}

/// Who buys, and where it goes.
pub fn information(purchase: &Purchase, countries: &[Country], values: &Values, wrong: &[Wrong]) -> Markup {
    let ships = purchase.cart.requires_shipping();
    let form = html! {
        @if ships && countries.is_empty() {
            p.complaints role="alert" { "This shop does not deliver anywhere yet." }
        }
        (form_of(purchase, Step::Information, &html! {
            (text_input(&EMAIL, values, wrong))
            @if ships {
                h2 { "Where it goes" }
                (country_select(countries, values, wrong))
                div.fields { @for input in &ADDRESS { (text_input(input, values, wrong)) } }
            }
        }, "Continue"))
    };
    step_page(purchase, Step::Information, wrong, &form)
}

/// How it gets there.
pub fn delivery(purchase: &Purchase, wrong: &[Wrong]) -> Markup {
    let counting = purchase.delivery().map(|option| &option.handle);
    let form = html! {
        (recap(purchase))
        @if purchase.options.is_empty() {
            p.complaints role="alert" { "Nothing is delivered to this address. Choose another one." }
        } @else {
            (form_of(purchase, Step::Delivery, &html! {
                fieldset.choices {
                    legend { "How would you like to get it?" }
                    @for option in purchase.options.iter() {
                        label {
                            input type="radio" name="deliveryOption" value=(option.handle) required
                                checked[counting == Some(&option.handle)];
                            span { (option.title) }
                            span.amount { (purchase.money(option.price_minor)) }
                        }
                    }
                }
            }, "Continue"))
        }
    };
    step_page(purchase, Step::Delivery, wrong, &form)
}

/// What it comes to, and how it is paid.
pub fn payment(purchase: &Purchase, idempotency_key: &str, wrong: &[Wrong]) -> Markup {
    let total = purchase.totals().total;
    let form = html! {
        (recap(purchase))
        (form_of(purchase, Step::Payment, &html! {
            input type="hidden" name="idempotencyKey" value=(idempotency_key);
            input type="hidden" name="total" value=(total);
            fieldset.choices {
                legend { "How would you like to pay?" }
                label {
                    input type="radio" name="gateway" value="manual" required checked;
                    span { "Pay later" br; small { "The shop tells you how: by transfer, or on delivery." } }
                }
            }
        }, &format!("Place the order · {}", purchase.money(total))))
    };
    step_page(purchase, Step::Payment, wrong, &form)
}

/// Posts to the page's own address, where the cart's key is.
fn form_of(purchase: &Purchase, step: Step, inputs: &Markup, button: &str) -> Markup {
    html! {
        form method="post" action=(purchase.address_of(step)) {
            input type="hidden" name="step" value=(step.name());
            (inputs)
            button { (button) }
        }
    }
}

fn text_input(input: &Input, values: &Values, wrong: &[Wrong]) -> Markup {
    let Input { name, kind, autocomplete, .. } = *input;
    let wrong = of(wrong, name);
    html! {
        div.field .half[input.is_half] {
            label for=(name) { (input.label) @if !input.is_required { small { " (optional)" } } }
            input id=(name) name=(name) type=(kind) autocomplete=(autocomplete) value=(values.get(name))
                required[input.is_required] maxlength="255"
                aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| note_id(name))];
            (note(name, wrong))
        }
    }
}

fn country_select(countries: &[Country], values: &Values, wrong: &[Wrong]) -> Markup {
    let Input { name, label, autocomplete, .. } = COUNTRY;
    let (chosen, wrong) = (values.get(name), of(wrong, name));
    // With one country there is nothing to choose.
    let chosen = if let ([only], "") = (countries, chosen) { only.code() } else { chosen };
    let mut countries = countries.to_vec();
    countries.sort_by_key(|country| country.name());
    html! {
        div.field {
            label for=(name) { (label) }
            select id=(name) name=(name) autocomplete=(autocomplete) required
                aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| note_id(name))] {
                option value="" { "Choose a country" }
                @for country in &countries {
                    option value=(country.code()) selected[country.code() == chosen] { (country.name()) }
                }
            }
            (note(name, wrong))
        }
    }
}

fn of<'a>(wrong: &'a [Wrong], name: &str) -> Option<&'a str> {
    wrong.iter().find(|wrong| wrong.field == name).map(|wrong| wrong.message.as_str())
}

fn note_id(name: &str) -> String {
    format!("{name}-note")
}

fn note(name: &str, wrong: Option<&str>) -> Markup {
    html! { @if let Some(wrong) = wrong { p.note id=(note_id(name)) { (wrong) } } }
}

/// What the steps before came to, with the way back.
fn recap(purchase: &Purchase) -> Markup {
    let cart = &purchase.cart;
    let destination = cart.destination().filter(|_| cart.requires_shipping());
    html! {
        dl.recap {
            div {
                dt { "Contact" }
                dd { (cart.buyer.email.as_deref().unwrap_or_default()) }
            }
            @if let Some(to) = destination {
                div {
                    dt { "Goes to" }
                    dd { (to.address.formatted(true, true).join(", ")) }
                }
            }
        }
        p { a href=(purchase.address_of(Step::Information)) { "Change contact or address" } }
    }
}
