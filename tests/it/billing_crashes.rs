//! Processes die while Stripe tells them something, and while they ask: nothing is lost, and nothing done twice.

use serde_json::json;

use crate::support::stripe::{SECRET, settings, signature};
use crate::support::{Billing, Process, Trouble, Uncommitted, admin, eventually, leases_end, redis_url, sessions};

/// The settings of a process on the shop's database.
fn process(billing: &Billing) -> Vec<(&'static str, String)> {
    let [app, platform] = ["emporia_app", "emporia_platform"].map(|role| billing.app.db.url(role));
    let own = [("DATABASE_URL", app), ("DATABASE_PLATFORM_URL", platform), ("REDIS_URL", redis_url())];
    own.into_iter().chain(settings(&billing.stripe)).collect()
}

fn as_text<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Sends an event over the network; none: nobody has answered.
async fn sent(address: std::net::SocketAddr, event: &serde_json::Value) -> Option<u16> {
    let body = event.to_string();
    let header = signature(SECRET, chrono::Utc::now().timestamp(), &body);
    let request = reqwest::Client::new().post(format!("http://{address}/webhooks/stripe"));
    let answer = request.header("stripe-signature", header).body(body).send().await.ok()?;
    Some(answer.status().as_u16())
}

#[tokio::test]
async fn an_event_is_not_answered_before_it_is_kept_and_its_job_queued() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.end(&id);
    let event = billing.stripe.events().pop().expect("an event");
    let kept = billing.count("platform.stripe_events").await;
    let settings = process(&billing);
    for table in ["platform.stripe_events", "jobs"] {
        let (dying, address) = Process::serve(&as_text(&settings));
        let lock = Uncommitted::begin(&billing.app.db.name, &format!("LOCK TABLE {table} IN EXCLUSIVE MODE")).await;
        let sending = tokio::spawn({
            let event = event.clone();
            async move { sent(address, &event).await }
        });
        eventually("it waits", || async {
            (sessions(&billing.app.db.name, "wait_event_type = 'Lock'").await > 0).then_some(())
        })
        .await;
        drop(dying);
        assert_eq!(sending.await.expect("sent"), None, "nobody has said that it is kept: {table}");
        drop(lock);
        let jobs = billing.count("jobs WHERE kind = 'stripe_sync' AND status = 'QUEUED'").await;
        assert_eq!(jobs, 0, "{table}");
    }
    let (_living, address) = Process::serve(&as_text(&settings));
    for _ in 0..2 {
        assert_eq!(sent(address, &event).await, Some(200), "Stripe sends it again");
    }
    assert_eq!(billing.count("platform.stripe_events").await, kept + 1);
    assert_eq!(billing.count("jobs WHERE kind = 'stripe_sync' AND status = 'QUEUED'").await, 1);
    // By the clock of the process, which is not the test's.
    leases_end(&mut admin(&billing.app.db.name).await).await;
    let _worker = Process::worker(&as_text(&settings));
    eventually("the next worker does it", || async { (billing.stands().await.0 == "free").then_some(()) }).await;
}

#[tokio::test]
async fn a_worker_that_dies_while_it_asks_leaves_the_job_to_the_next() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.end(&id);
    let event = billing.stripe.events().pop().expect("an event");
    billing.send(&event).await;
    let before = billing.stripe.count("GET", "/v1/subscriptions");
    billing.stripe.trouble([Trouble::Silence]);
    let settings = process(&billing);
    let dying = Process::worker(&as_text(&settings));
    eventually("it asks", || async { (billing.stripe.count("GET", "/v1/subscriptions") > before).then_some(()) }).await;
    drop(dying);
    assert_eq!(billing.stands().await.0, "basic");
    leases_end(&mut admin(&billing.app.db.name).await).await;
    let _next = Process::worker(&as_text(&settings));
    eventually("the next one does it", || async { (billing.stands().await.0 == "free").then_some(()) }).await;
}

#[tokio::test]
async fn who_dies_between_stripe_and_us_while_a_plan_is_changed_leaves_no_difference() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    let settings = process(&billing);
    let (dying, address) = Process::serve(&as_text(&settings));
    // What Stripe says afterwards cannot be written.
    let lock = Uncommitted::begin(&billing.app.db.name, "LOCK TABLE subscriptions IN EXCLUSIVE MODE").await;
    let document =
        format!("mutation {{ planChange(planId: \"{}\") {{ userErrors {{ code }} }} }}", billing.plan("pro").await);
    let (secret, body) = (billing.store.secret.clone(), json!({ "query": document }).to_string());
    let asking = tokio::spawn(async move {
        let request = reqwest::Client::new().post(format!("http://{address}/graphql")).header("x-api-key", secret);
        request.header("content-type", "application/json").body(body).send().await.is_ok()
    });
    eventually("it waits", || async {
        (sessions(&billing.app.db.name, "wait_event_type = 'Lock'").await > 0).then_some(())
    })
    .await;
    drop(dying);
    assert!(!asking.await.expect("asked"), "nobody was answered");
    drop(lock);
    assert_eq!(billing.stands().await.0, "basic");
    billing.hear().await;
    assert_eq!(billing.stands().await.0, "pro", "Stripe has told of it");
    let invoices = billing.gql("{ done: invoices(first: 9) { nodes { total { amount } } } }", json!({})).await;
    assert_eq!(invoices["nodes"].as_array().expect("invoices").len(), 2, "charged once");
}
