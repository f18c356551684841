//! What happens at Stripe: people pay, cards are declined, periods end. Each tells of itself by events, as Stripe does.

use serde_json::{Value, json};

use super::{State, StripeDouble, fees, objects};

const DAY: i64 = 86_400;

/// Changes a subscription, and tells of it.
pub(super) fn change(state: &mut State, id: &str, changes: Value) {
    let one = state.subscriptions.get_mut(id).unwrap_or_else(|| panic!("no {id}"));
    objects::merge(one, changes);
    let one = one.clone();
    state.tell("customer.subscription.updated", &one);
}

/// Puts a subscription on another price, for which the difference is charged.
pub(super) fn move_to(state: &mut State, id: &str, price: &Value, is_charged: bool) {
    let one = state.subscriptions.get_mut(id).expect("a subscription");
    let amount = price["unit_amount"].as_i64().unwrap_or_default()
        - one["items"]["data"][0]["price"]["unit_amount"].as_i64().unwrap_or_default();
    one["items"]["data"][0]["price"] = price.clone();
    let one = one.clone();
    if is_charged {
        bill(state, &one, (amount, "paid"));
    }
    change(state, id, json!({}));
}

/// Ends a subscription, for a reason.
pub(super) fn end(state: &mut State, id: &str, reason: &str) {
    let now = state.now;
    let one = state.subscriptions.get_mut(id).unwrap_or_else(|| panic!("no {id}"));
    objects::merge(
        one,
        json!({ "status": "canceled", "canceled_at": now, "ended_at": now,
            "cancellation_details": { "reason": reason } }),
    );
    let one = one.clone();
    state.tell("customer.subscription.deleted", &one);
}

/// Credits what is paid of a subscription and not used: an invoice of less than nothing, and so much for the next ones.
pub(super) fn credit(state: &mut State, id: &str) {
    let one = state.subscriptions[id].clone();
    let item = &one["items"]["data"][0];
    let time = |name: &str| item[name].as_i64().expect("a time");
    let (start, end) = (time("current_period_start"), time("current_period_end"));
    let amount = price_of(&one) * (end - state.now) / (end - start);
    bill(state, &one, (-amount, "paid"));
    let customer = state.customers.get_mut(one["customer"].as_str().expect("a customer")).expect("a customer");
    let balance = customer["balance"].as_i64().unwrap_or_default() - amount;
    objects::merge(customer, json!({ "balance": balance }));
}

fn bill(state: &mut State, subscription: &Value, what: (i64, &str)) {
    let id = state.id("in");
    let invoice = objects::invoice(&id, state.now, subscription, what);
    put(state, invoice);
}

/// An invoice is there, and paid or not.
pub(super) fn put(state: &mut State, invoice: Value) {
    state.invoices.push(invoice.clone());
    state.tell("invoice.created", &invoice);
    let outcome = if invoice["status"] == "paid" { "invoice.payment_succeeded" } else { "invoice.payment_failed" };
    state.tell(outcome, &invoice);
}

fn price_of(subscription: &Value) -> i64 {
    subscription["items"]["data"][0]["price"]["unit_amount"].as_i64().expect("an amount")
}

impl StripeDouble {
    /// Somebody begins to pay on a page: whether that comes to anything, their bank says.
    pub fn begin_to_pay(&self, confirmation_url: &str) {
        let page = confirmation_url.rsplit('/').next().expect("an id").to_owned();
        self.state().paying.insert(page);
    }

    /// Somebody deletes a customer: whatever it had ends. Stripe may tell `nothing` of it any more.
    pub fn delete_customer(&self, of_subscription: &str, nothing: bool) {
        let mut state = self.state();
        state.hides_deleted = nothing;
        let customer = state.subscriptions[of_subscription]["customer"].as_str().expect("a customer").to_owned();
        let had: Vec<String> = state
            .subscriptions
            .iter()
            .filter(|(_, one)| one["customer"] == customer.as_str() && one["status"] != "canceled")
            .map(|(id, _)| id.clone())
            .collect();
        for id in had {
            end(&mut state, &id, "cancellation_requested");
        }
        let gone = json!({ "id": customer, "object": "customer", "deleted": true });
        state.tell("customer.deleted", &gone);
        state.customers.insert(customer, gone);
    }

    /// The account never had such a customer, nor anything of it: it is another one.
    pub fn forget_customer(&self, of_subscription: &str) {
        let mut state = self.state();
        let customer = state.subscriptions[of_subscription]["customer"].as_str().expect("a customer").to_owned();
        state.customers.remove(&customer);
        state.subscriptions.retain(|_, one| one["customer"] != customer.as_str());
    }

    /// What a customer has to its credit.
    pub fn credit_of(&self, id: &str) -> i64 {
        let state = self.state();
        let customer = state.subscriptions[id]["customer"].as_str().expect("a customer");
        -state.customers[customer]["balance"].as_i64().unwrap_or_default()
    }

    /// The addresses of the pages on which somebody can pay.
    pub fn open_pages(&self) -> Vec<String> {
        let state = self.state();
        let open = state.sessions.values().filter(|one| one["status"] == "open");
        open.map(|one| one["url"].as_str().expect("an address").to_owned()).collect()
    }

    /// How many of all subscriptions go on.
    pub fn live(&self) -> usize {
        self.state().subscriptions.values().filter(|one| one["status"] != "canceled").count()
    }

    /// Somebody pays on the page of a checkout; answers the subscription's id.
    pub fn complete(&self, confirmation_url: &str) -> String {
        let session = confirmation_url.rsplit('/').next().expect("an id");
        let mut state = self.state();
        let one = state.sessions.get_mut(session).unwrap_or_else(|| panic!("no {session}"));
        assert_eq!(one["status"], "open", "a page that counts no longer");
        objects::merge(one, json!({ "status": "complete", "payment_status": "paid", "url": null }));
        let one = one.clone();
        let wish = state.wishes[session].clone();
        let price = state.prices[wish.must("line_items[0][price]")].clone();
        let days = wish.get("subscription_data[trial_period_days]").map(|days| days.parse::<i64>().expect("days"));
        let (id, now) = (state.id("sub"), state.now);
        let standing = days.map_or(("active", now + 30 * DAY), |days| ("trialing", now + days * DAY));
        let mut made = objects::subscription(&id, now, one["customer"].as_str().expect("a customer"), &price, standing);
        made["metadata"] = wish.below("subscription_data[metadata]");
        state.subscriptions.insert(id.clone(), made.clone());
        state.tell("customer.subscription.created", &made);
        if days.is_none() {
            let amount = price_of(&made);
            bill(&mut state, &made, (amount, "paid"));
        }
        state.tell("checkout.session.completed", &one);
        id
    }

    /// A period ends, and the next one is paid for, or not.
    pub fn renew(&self, id: &str, is_paid: bool) {
        let mut state = self.state();
        let one = state.subscriptions.get_mut(id).expect("a subscription");
        let item = &mut one["items"]["data"][0];
        let start = item["current_period_end"].clone();
        item["current_period_end"] = json!(start.as_i64().expect("a time") + 30 * DAY);
        item["current_period_start"] = start;
        one["trial_end"] = Value::Null;
        let one = one.clone();
        // With what waits for an invoice.
        let next = state.id("in");
        let amount = price_of(&one) + fees::take(&mut state, &one, &next);
        let invoice = objects::invoice(&next, state.now, &one, (amount, if is_paid { "paid" } else { "open" }));
        put(&mut state, invoice);
        change(&mut state, id, json!({ "status": if is_paid { "active" } else { "past_due" } }));
    }

    /// What was missing is paid.
    pub fn pay(&self, id: &str) {
        self.settle(id);
        change(&mut self.state(), id, json!({ "status": "active" }));
    }

    /// What a subscription has cost is paid, whatever has become of it.
    pub fn settle(&self, id: &str) {
        let mut state = self.state();
        for invoice in state.invoices.iter_mut().filter(|one| one["subscription"] == id && one["status"] == "open") {
            let due = invoice["amount_due"].clone();
            objects::merge(invoice, json!({ "status": "paid", "amount_paid": due, "amount_remaining": 0 }));
        }
        let last = state.invoices.iter().rfind(|one| one["subscription"] == id).cloned().expect("an invoice");
        state.tell("invoice.payment_succeeded", &last);
    }

    /// Whether the customer of a subscription has something to pay.
    pub fn owes(&self, id: &str) -> bool {
        let state = self.state();
        let customer = &state.subscriptions[id]["customer"];
        state.invoices.iter().any(|one| one["customer"] == *customer && one["status"] == "open")
    }

    /// A payment that is missing is not tried any more: the subscription stays so, or ends.
    pub fn give_up(&self, id: &str, ends: bool) {
        let mut state = self.state();
        match ends {
            true => end(&mut state, id, "payment_failed"),
            false => change(&mut state, id, json!({ "status": "unpaid" })),
        }
    }

    /// Somebody ends it on Stripe's page.
    pub fn end(&self, id: &str) {
        end(&mut self.state(), id, "cancellation_requested");
    }

    /// Somebody has it end with its period, or go on, on Stripe's page, which says so by the time.
    pub fn end_with_period(&self, id: &str, ends: bool) {
        let end = self.subscription(id)["items"]["data"][0]["current_period_end"].as_i64();
        self.end_at(id, end.filter(|_| ends));
    }

    /// Somebody has it end at a time, or at none.
    pub fn end_at(&self, id: &str, at: Option<i64>) {
        change(&mut self.state(), id, json!({ "cancel_at_period_end": false, "cancel_at": at }));
    }

    /// Gives a subscription another price, as it is.
    pub fn set_price(&self, id: &str, changes: Value) {
        let mut state = self.state();
        let one = state.subscriptions.get_mut(id).expect("a subscription");
        objects::merge(&mut one["items"]["data"][0]["price"], changes);
        change(&mut state, id, json!({}));
    }

    /// A subscription beside another one, and like it, of this customer; made by hand, or on a page.
    pub fn double(&self, id: &str, customer: Option<&str>, is_by_hand: bool) -> String {
        let mut state = self.state();
        let (new, now) = (state.id("sub"), state.now);
        let mut made = state.subscriptions[id].clone();
        let customer = customer.map_or(made["customer"].clone(), |customer| json!(customer));
        objects::merge(&mut made, json!({ "id": new, "customer": customer, "created": now, "status": "active" }));
        if is_by_hand {
            objects::merge(&mut made, json!({ "metadata": {} }));
        }
        state.subscriptions.insert(new.clone(), made.clone());
        state.tell("customer.subscription.created", &made);
        new
    }

    /// A subscription as it is.
    pub fn subscription(&self, id: &str) -> Value {
        self.state().subscriptions[id].clone()
    }
}
