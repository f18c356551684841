//! What Stripe's objects look like, each with all that its type in async-stripe wants.

use serde_json::{Value, json};

pub fn customer(id: &str, now: i64, name: Option<&str>, email: Option<&str>, metadata: Value) -> Value {
    json!({ "id": id, "object": "customer", "created": now, "livemode": false, "name": name, "email": email,
        "metadata": metadata })
}

pub fn price(id: &str, now: i64, said: &Price<'_>) -> Value {
    json!({ "id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": now,
        "currency": said.currency, "livemode": false, "lookup_key": said.lookup_key, "metadata": said.metadata,
        "product": format!("prod_of_{id}"), "type": "recurring", "unit_amount": said.amount,
        "recurring": { "interval": said.interval, "interval_count": 1, "usage_type": "licensed" } })
}

pub struct Price<'a> {
    pub currency: &'a str,
    pub lookup_key: Option<&'a str>,
    pub metadata: Value,
    pub amount: i64,
    pub interval: &'a str,
}

pub fn session(id: &str, now: i64, customer: &str, rest: Value) -> Value {
    let mut session = json!({ "id": id, "object": "checkout.session", "created": now, "customer": customer,
        "automatic_tax": { "enabled": false }, "custom_fields": [], "custom_text": {}, "expires_at": now + 86_400,
        "livemode": false, "mode": "subscription", "payment_method_types": ["card"], "payment_status": "unpaid",
        "shipping_options": [], "status": "open", "url": format!("https://checkout.stripe.test/{id}") });
    merge(&mut session, rest);
    session
}

pub fn portal(id: &str, now: i64, customer: &str, return_url: &str) -> Value {
    json!({ "id": id, "object": "billing_portal.session", "configuration": "bpc_1", "created": now, "customer": customer,
        "livemode": false, "return_url": return_url, "url": format!("https://billing.stripe.test/{id}") })
}

/// A subscription to a price, from now until `end`.
pub fn subscription(id: &str, now: i64, customer: &str, price: &Value, (status, end): (&str, i64)) -> Value {
    let recurring = &price["recurring"];
    let plan = json!({ "id": price["id"], "object": "plan", "active": true, "billing_scheme": "per_unit", "created": now,
        "currency": price["currency"], "interval": recurring["interval"], "interval_count": 1, "livemode": false,
        "usage_type": "licensed" });
    let item = json!({ "id": format!("si_of_{id}"), "object": "subscription_item", "created": now,
        "current_period_start": now, "current_period_end": end, "discounts": [], "metadata": {}, "plan": plan,
        "price": price, "quantity": 1, "subscription": id });
    json!({ "id": id, "object": "subscription", "automatic_tax": { "enabled": false }, "billing_cycle_anchor": now,
        "billing_mode": { "type": "flexible" }, "billing_schedules": [], "cancel_at": null, "cancel_at_period_end": false,
        "collection_method": "charge_automatically", "created": now, "currency": price["currency"],
        "customer": customer, "default_payment_method": format!("pm_of_{id}"), "discounts": [], "invoice_settings": { "issuer": { "type": "self" } },
        "items": { "object": "list", "data": [item], "has_more": false, "url": "/v1/subscription_items" },
        "livemode": false, "metadata": {}, "start_date": now, "status": status,
        "trial_end": if status == "trialing" { json!(end) } else { Value::Null } })
}

pub fn invoice(id: &str, now: i64, subscription: &Value, (amount, status): (i64, &str)) -> Value {
    let item = &subscription["items"]["data"][0];
    let paid = if status == "paid" { amount } else { 0 };
    json!({ "id": id, "object": "invoice", "amount_due": amount.max(0), "amount_overpaid": 0, "amount_paid": paid,
        "amount_remaining": amount.max(0) - paid, "amount_shipping": 0, "attempt_count": 1, "attempted": true,
        "automatic_tax": { "enabled": false }, "collection_method": "charge_automatically", "created": now,
        "currency": subscription["currency"], "customer": subscription["customer"], "default_tax_rates": [],
        "discounts": [], "hosted_invoice_url": format!("https://invoice.stripe.test/{id}"),
        "invoice_pdf": format!("https://invoice.stripe.test/{id}.pdf"), "issuer": { "type": "self" },
        "lines": { "object": "list", "data": [], "has_more": false, "url": "/v1/invoices/lines" }, "livemode": false,
        "number": format!("EMP-{id}"), "payment_settings": {}, "period_end": item["current_period_end"],
        "period_start": item["current_period_start"], "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0, "starting_balance": 0, "status": status, "status_transitions": {},
        "subscription": subscription["id"], "subtotal": amount, "total": amount })
}

pub fn event(id: &str, now: i64, kind: &str, object: &Value) -> Value {
    json!({ "id": id, "object": "event", "api_version": emporia::billing::stripe::api_version(), "created": now,
        "data": { "object": object }, "livemode": false, "pending_webhooks": 1, "type": kind })
}

pub fn list(url: &str, data: Vec<Value>, has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}

pub fn error(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": message } })
}

pub fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
