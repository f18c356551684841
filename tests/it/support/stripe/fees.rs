//! Items that wait for an invoice, and invoices of their own for them.

use serde_json::{Value, json};

use super::answers::{is_there, page};
use super::form::Form;
use super::{State, StripeDouble, life, objects};

/// What is answered, or why nothing is done.
pub(super) fn answer(
    state: &mut State,
    request: (&str, &str),
    form: &Form,
) -> Result<Value, (&'static str, &'static str)> {
    let customer = form.must("customer");
    if !is_there(state, customer) {
        return Err(("resource_missing", "No such customer"));
    }
    match request {
        ("POST", "invoiceitems") if state.refuses.as_deref() == form.get("currency") => {
            Err(("amount_too_large", "Amount must be no more than what anybody pays"))
        }
        ("POST", "invoiceitems") => Ok(item(state, form)),
        ("POST", _) => invoice(state, form),
        _ => {
            let since: i64 = form.must("created[gte]").parse().expect("a time");
            let own = |one: &&Value| one["customer"] == customer && one["date"].as_i64() >= Some(since);
            let found = state.items.iter().filter(own).cloned().collect();
            Ok(page("/v1/invoiceitems", found, form))
        }
    }
}

fn item(state: &mut State, form: &Form) -> Value {
    let (id, now) = (state.id("ii"), state.now);
    let amount: i64 = form.must("amount").parse().expect("an amount");
    assert!(form.get("description").is_some(), "who pays wants to know what for");
    let made = json!({ "id": id, "object": "invoiceitem", "amount": amount, "currency": form.must("currency"),
        "customer": form.must("customer"), "date": now, "description": form.get("description"), "discountable": false,
        "invoice": null, "livemode": false, "metadata": form.below("metadata"), "period": { "start": now, "end": now },
        "proration": false, "quantity": 1, "quantity_decimal": "1" });
    state.items.push(made.clone());
    made
}

fn invoice(state: &mut State, form: &Form) -> Result<Value, (&'static str, &'static str)> {
    assert_eq!((form.must("auto_advance"), form.must("pending_invoice_items_behavior")), ("true", "include"));
    let (customer, currency, now) = (form.must("customer"), form.must("currency"), state.now);
    // What an invoice wants to know of what it is for.
    let period = json!({ "data": [{ "current_period_start": now, "current_period_end": now }] });
    let of = json!({ "customer": customer, "currency": currency, "items": period });
    let id = state.id("in");
    let amount = take(state, &of, &id);
    if amount == 0 {
        return Err(("invoice_no_customer_line_items", "Nothing to invoice for customer"));
    }
    // What is given on a page pays for the subscription alone.
    let is_paid = !state.declines && form.get("default_payment_method").is_some();
    let status = if is_paid { "paid" } else { "open" };
    let mut made = objects::invoice(&id, now, &of, (amount, status));
    objects::merge(&mut made, json!({ "metadata": form.below("metadata") }));
    life::put(state, made.clone());
    Ok(made)
}

/// Puts what waits onto an invoice, as far as it is of its customer and currency; answers what that comes to.
pub(super) fn take(state: &mut State, of: &Value, invoice: &str) -> i64 {
    let waits = |one: &&mut Value| {
        one["invoice"].is_null() && one["customer"] == of["customer"] && one["currency"] == of["currency"]
    };
    let mut amount = 0;
    for one in state.items.iter_mut().filter(waits) {
        objects::merge(one, json!({ "invoice": invoice }));
        amount += one["amount"].as_i64().expect("an amount");
    }
    amount
}

impl StripeDouble {
    /// Nothing is taken in this currency any more, or everything.
    pub fn refuses(&self, currency: Option<&str>) {
        self.state().refuses = currency.map(str::to_owned);
    }

    /// What was to be charged beside plans, like `1234 eur`, in the order in which it was said, and whether an invoice has it.
    pub fn items(&self) -> Vec<(String, bool)> {
        let text = |one: &Value| format!("{} {}", one["amount"], one["currency"].as_str().expect("a currency"));
        self.state().items.iter().map(|one| (text(one), !one["invoice"].is_null())).collect()
    }

    /// The totals of the invoices, like `1234 eur`, in the order in which they were made.
    pub fn totals(&self) -> Vec<String> {
        let text = |one: &Value| format!("{} {}", one["total"], one["currency"].as_str().expect("a currency"));
        self.state().invoices.iter().map(text).collect()
    }

    /// Where the invoices can be paid, in the order in which they were made.
    pub fn invoice_urls(&self) -> Vec<String> {
        let url = |one: &Value| one["hosted_invoice_url"].as_str().expect("an address").to_owned();
        self.state().invoices.iter().map(url).collect()
    }

    /// A day and more have gone by: which keys were used is forgotten.
    pub fn forget_keys(&self) {
        self.state().kept.clear();
    }
}
