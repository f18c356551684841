//! What Stripe tells: signed, kept once, in any order, and never lost.

use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use emporia::worker;
use serde_json::{Value, json};

use crate::support::stripe::{SECRET, signature};
use crate::support::{Billing, TestApp};

/// A shop with a subscription, and an event that is news: its first payment after a while.
async fn with_news() -> (Billing, Value) {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.renew(&id, false);
    let event = billing.stripe.events().pop().expect("an event");
    (billing, event)
}

async fn jobs(billing: &Billing) -> i64 {
    billing.count("jobs WHERE kind = 'stripe_sync' AND status = 'QUEUED'").await
}

#[tokio::test]
async fn only_what_stripe_has_signed_just_now_is_taken() {
    let (billing, event) = with_news().await;
    let kept = billing.count("platform.stripe_events").await;
    let (body, now) = (event.to_string(), billing.app.app.clock.now().timestamp());
    let (good, longer) = (signature(SECRET, now, &body), format!("{body} "));
    for (body, header) in [
        (body.as_str(), String::new()),
        (body.as_str(), "t=1,v1=00".to_owned()),
        (body.as_str(), signature("whsec_of_somebody_else_entirely", now, &body)),
        (body.as_str(), signature(SECRET, now - 301, &body)),
        (body.as_str(), signature(SECRET, now + 301, &body)),
        (longer.as_str(), good.clone()),
        ("", good.clone()),
    ] {
        let (status, answer) = billing.post(body, &header).await;
        assert_eq!(status, 400, "{header}: {answer:#}");
    }
    let unsigned = Request::post("/webhooks/stripe").body(Body::from(body.clone())).expect("a request");
    assert_eq!(billing.request(unsigned).await.0, 400);
    let twice = Request::post("/webhooks/stripe").header("stripe-signature", &good).header("stripe-signature", &good);
    assert_eq!(billing.request(twice.body(Body::from(body.clone())).expect("a request")).await.0, 400);
    assert_eq!((billing.count("platform.stripe_events").await, jobs(&billing).await), (kept, 0), "nothing is kept");
    assert_eq!(billing.post(body.as_str(), &good).await.0, 200);
    assert_eq!((billing.count("platform.stripe_events").await, jobs(&billing).await), (kept + 1, 1));
}

#[tokio::test]
async fn what_is_signed_and_no_event_is_refused_and_what_is_huge_is_not_read() {
    let billing = Billing::new().await;
    for bad in ["{}", "no JSON", r#"{"id": "evt_1", "type": "a", "created": 1}"#] {
        assert_eq!(billing.post(bad, &billing.signed(bad)).await.0, 400, "{bad}");
    }
    let huge = format!("{{\"id\": \"{}\"}}", "x".repeat(256 << 10));
    assert_eq!(billing.post(&huge, &billing.signed(&huge)).await.0, 413);
    assert_eq!(billing.count("platform.stripe_events").await, 0);
}

#[tokio::test]
async fn while_secrets_are_changed_both_count() {
    let both = format!("whsec_the_next_one_of_the_double, {SECRET}");
    let billing = Billing::with(&[("STRIPE_WEBHOOK_SECRETS", &both)]).await;
    let id = billing.subscribe("basic").await;
    billing.stripe.end_with_period(&id, true);
    let body = billing.stripe.events().pop().expect("an event").to_string();
    let now = billing.app.app.clock.now().timestamp();
    for secret in ["whsec_the_next_one_of_the_double", SECRET] {
        assert_eq!(billing.post(body.as_str(), &signature(secret, now, &body)).await.0, 200, "{secret}");
    }
    assert_eq!(billing.post(body.as_str(), &signature("whsec_the_one_before_of_it", now, &body)).await.0, 400);
}

#[tokio::test]
async fn an_event_that_comes_again_is_kept_once_and_does_no_harm() {
    let (billing, event) = with_news().await;
    let kept = billing.count("platform.stripe_events").await;
    let became = [billing.send(&event).await, billing.send(&event).await, billing.send(&event).await];
    assert_eq!(became, ["rung", "repeated", "repeated"]);
    assert_eq!((billing.count("platform.stripe_events").await, jobs(&billing).await), (kept + 1, 1));
    billing.drain().await;
    let after = billing.current().await;
    billing.send(&event).await;
    billing.drain().await;
    assert_eq!(billing.current().await, after);
}

#[tokio::test]
async fn what_is_told_late_and_in_another_order_changes_nothing_back() {
    let billing = Billing::new().await;
    let made = billing.create("basic").await;
    let id = billing.stripe.complete(made["confirmationUrl"].as_str().expect("a page"));
    billing.stripe.renew(&id, false);
    billing.stripe.pay(&id);
    billing.stripe.renew(&id, true);
    let mut events = billing.stripe.events();
    events.reverse();
    for event in &events {
        billing.send(event).await;
        billing.drain().await;
        assert_eq!(billing.stands().await, ("basic".to_owned(), "ACTIVE".to_owned()), "{}", event["type"]);
    }
    billing.stripe.end(&id);
    billing.hear().await;
    for event in &events {
        billing.send(event).await;
    }
    billing.drain().await;
    assert_eq!(billing.stands().await, ("free".to_owned(), "ACTIVE".to_owned()), "nobody comes back from the dead");
}

#[tokio::test]
async fn an_event_of_another_version_is_kept_and_reported_and_rings_all_the_same() {
    let (billing, mut event) = with_news().await;
    for version in [json!("2020-08-27"), Value::Null] {
        event["api_version"] = version.clone();
        event["id"] = json!(format!("evt_{version}"));
        assert_eq!(billing.send(&event).await, "other_version");
    }
    billing.drain().await;
    assert_eq!(billing.stands().await.1, "PAST_DUE");
    assert_eq!(billing.count("platform.stripe_events WHERE outcome = 'OTHER_VERSION'").await, 2);
    let metrics = billing.app.app.metrics.text(true);
    assert!(metrics.contains("emporia_stripe_events_total{outcome=\"other_version\"} 2"), "{metrics}");
}

#[tokio::test]
async fn an_event_about_nobody_whom_we_know_is_kept() {
    let (billing, mut event) = with_news().await;
    event["data"]["object"]["customer"] = json!("cus_of_somebody_else");
    assert_eq!(billing.send(&event).await, "unmatched");
    event["id"] = json!("evt_without");
    event["data"]["object"]["customer"] = Value::Null;
    assert_eq!(billing.send(&event).await, "unmatched");
    assert_eq!(
        (billing.count("platform.stripe_events WHERE outcome = 'UNMATCHED'").await, jobs(&billing).await),
        (2, 0)
    );
}

#[tokio::test]
async fn without_an_account_there_is_nothing_at_this_path() {
    let app = TestApp::new().await;
    let request = Request::post("/webhooks/stripe").body(Body::from("{}")).expect("a request");
    let answer = tower::ServiceExt::oneshot(app.router(), request).await.expect("an answer");
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn events_are_forgotten_after_a_while_and_no_sooner() {
    let (billing, event) = with_news().await;
    billing.send(&event).await;
    let all = billing.count("platform.stripe_events").await;
    let day = TimeDelta::days(1);
    billing.app.clock.advance(day * 30);
    worker::sweep(&billing.app.app).await.expect("a sweep");
    assert_eq!(billing.count("platform.stripe_events").await, all);
    billing.app.clock.advance(day);
    worker::sweep(&billing.app.app).await.expect("a sweep");
    assert_eq!(billing.count("platform.stripe_events").await, 0);
}
