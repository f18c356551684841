//! Stripe is slow, busy, or away: what was asked for is done once, or not at all, and who asked is told.

use chrono::TimeDelta;
use emporia::outside::State;
use serde_json::{Value, json};

use crate::support::stripe::Asked;
use crate::support::{Billing, Trouble};

fn code(done: &Value) -> &Value {
    &done["userErrors"][0]["code"]
}

fn keys(asked: &[Asked], method: &str, path: &str) -> Vec<Option<String>> {
    let those = asked.iter().filter(|asked| asked.method == method && asked.path == path);
    those.map(|asked| asked.key.clone()).collect()
}

#[tokio::test]
async fn who_is_told_to_come_again_does_under_the_same_key() {
    let billing = Billing::new().await;
    billing.stripe.trouble([429, 503].map(Trouble::Status));
    let id = billing.subscribe("basic").await;
    let path = format!("/v1/subscriptions/{id}");
    for _ in 0..2 {
        billing.stripe.trouble_at("POST", &path, Trouble::Status(409));
    }
    let cancel = "mutation { done: subscriptionCancel { currentPlan { cancelAtPeriodEnd } userErrors { code } } }";
    let done = billing.gql(cancel, json!({})).await;
    assert_eq!(done["currentPlan"]["cancelAtPeriodEnd"], true, "{done:#}");
    let asked = billing.stripe.asked();
    let told = keys(&asked, "POST", &path);
    assert!(told.len() == 3 && told[0].is_some() && told[1..] == [told[0].clone(), told[0].clone()], "{told:?}");
    for path in ["/v1/customers", "/v1/prices", "/v1/checkout/sessions"] {
        assert!(keys(&asked, "POST", path).iter().all(Option::is_some), "whatever is made has a key: {path}");
    }
    assert!(keys(&asked, "GET", "/v1/subscriptions").iter().all(Option::is_none), "questions need none");
}

#[tokio::test]
async fn what_is_done_and_not_answered_is_done_once() {
    let billing = Billing::with(&[("STRIPE_TIMEOUT_MS", "300")]).await;
    for path in ["/v1/customers", "/v1/prices", "/v1/checkout/sessions"] {
        billing.stripe.trouble_at("POST", path, Trouble::Silence);
    }
    let id = billing.subscribe("basic").await;
    let path = format!("/v1/subscriptions/{id}");
    billing.stripe.trouble_at("POST", &path, Trouble::Silence);
    let done = billing.change("pro", true).await;
    assert_eq!(done["userErrors"], json!([]), "{done:#}");
    let told = keys(&billing.stripe.asked(), "POST", &path);
    assert!(told.len() == 2 && told[0] == told[1], "asked again under the same key: {told:?}");
    let invoices = billing.gql("{ done: invoices(first: 9) { nodes { total { amount } } } }", json!({})).await;
    let amounts: Vec<_> =
        invoices["nodes"].as_array().expect("invoices").iter().map(|one| &one["total"]["amount"]).collect();
    assert_eq!(amounts, ["29.00", "70.00"], "charged once");
    assert_eq!(billing.stripe.customers(), 1, "one customer, however often it was asked for");
}

#[tokio::test]
async fn an_end_whose_answer_does_not_arrive_is_an_end() {
    let billing = Billing::with(&[("STRIPE_TIMEOUT_MS", "300")]).await;
    let id = billing.subscribe("basic").await;
    let path = format!("/v1/subscriptions/{id}");
    billing.stripe.trouble_at("DELETE", &path, Trouble::Silence);
    let end = "mutation { done: subscriptionCancel(atPeriodEnd: false) {
        currentPlan { plan { handle } } userErrors { code } } }";
    let done = billing.gql(end, json!({})).await;
    assert_eq!(done, json!({ "currentPlan": { "plan": { "handle": "free" } }, "userErrors": [] }));
    assert_eq!(billing.stripe.count("DELETE", &path), 2, "the second time there was nothing left to end");
}

#[tokio::test]
async fn whoever_asks_while_stripe_is_away_is_told_and_what_was_done_is_found_out_later() {
    let billing = Billing::with(&[("STRIPE_TIMEOUT_MS", "300")]).await;
    let id = billing.subscribe("basic").await;
    let path = format!("/v1/subscriptions/{id}");
    for _ in 0..3 {
        billing.stripe.trouble_at("POST", &path, Trouble::Silence);
    }
    let done = billing.change("pro", true).await;
    assert_eq!(code(&done), "BILLING_UNAVAILABLE", "{done:#}");
    assert_eq!(billing.stands().await.0, "basic", "nobody knows what was done");
    billing.drain().await;
    assert_eq!(billing.stands().await.0, "pro", "the job has asked, and Stripe had done it");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_left_alone_for_a_while() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.end(&id);
    let events = billing.stripe.events();
    billing.stripe.trouble(std::iter::repeat_n(Trouble::Status(503), 30));
    for event in &events {
        billing.send(event).await;
    }
    // A few attempts of the job: each asks three times.
    for _ in 0..4 {
        billing.drain().await;
        billing.app.clock.advance(TimeDelta::seconds(1));
        billing.app.clock.advance(TimeDelta::minutes(2));
    }
    let metrics = billing.app.app.metrics.text(true);
    assert!(metrics.contains("emporia_outside_calls_total{target=\"stripe\",outcome=\"away\"}"), "{metrics}");
    let state = |state: State| {
        let line = format!("emporia_outside_circuit{{target=\"stripe\",state=\"{}\"}} 1", state.as_str());
        billing.app.app.metrics.text(true).contains(&line)
    };
    assert!(state(State::Open), "nobody asks");
    let done = billing.create("basic").await;
    assert_eq!(code(&done), "NOT_ALLOWED", "what is refused without Stripe is refused at once: {done:#}");
    billing.stripe.fine();
    for _ in 0..20 {
        billing.app.clock.advance(TimeDelta::hours(1));
        billing.drain().await;
    }
    assert_eq!(billing.stands().await, ("free".to_owned(), "ACTIVE".to_owned()), "and the job has come through");
    assert!(state(State::Closed));
}

#[tokio::test]
async fn a_price_of_no_plan_is_reported_and_changes_nothing() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.set_price(&id, json!({ "metadata": {} }));
    billing.hear().await;
    assert_eq!(billing.stands().await, ("basic".to_owned(), "ACTIVE".to_owned()));
    let failed = "{ done: jobs(first: 5, kind: \"stripe_sync\", status: FAILED) { nodes { lastError } } }";
    let jobs = billing.gql(failed, json!({})).await;
    assert!(jobs["nodes"][0]["lastError"].as_str().expect("a reason").contains("of no plan"), "{jobs:#}");
    let metrics = billing.app.app.metrics.text(true);
    assert!(metrics.contains("emporia_stripe_syncs_total{outcome=\"unknown_price\"} 1"), "{metrics}");
    billing.stripe.set_price(&id, json!({ "metadata": { "emporia_plan": plan_id(&billing, "pro").await } }));
    billing.hear().await;
    assert_eq!(billing.stands().await.0, "pro", "once it is a plan's");
}

async fn plan_id(billing: &Billing, handle: &str) -> String {
    billing.plan(handle).await.rsplit('/').next().expect("an id").to_owned()
}

#[tokio::test]
async fn a_key_that_counts_no_longer_is_a_fault_of_ours_and_tells_nobody_more() {
    let billing = Billing::with(&[("STRIPE_SECRET_KEY", "sk_test_revoked")]).await;
    let document = format!(
        "mutation {{ subscriptionCreate(planId: \"{}\", returnUrl: \"https://a.example\") {{ confirmationUrl }} }}",
        billing.plan("basic").await
    );
    let (_, answer) = billing.app.post(&billing.store.secret, &document, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR", "{answer:#}");
    assert!(!answer.to_string().contains("sk_test") && !answer.to_string().contains("API Key"), "{answer:#}");
}
