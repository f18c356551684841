//! Who does not answer is left alone for a while, and nobody else is: merchants' endpoints, gateways, names in DNS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::checkout::rule::CheckoutRule;
use emporia::clock::Clock;
use emporia::db::schema::payment_attempts;
use emporia::domain::dns::{self, Dns, NoAnswer, TxtResolver};
use emporia::error::{Fault, ServiceError};
use emporia::events::Topic;
use emporia::outside::Policy;
use emporia::payment::{BogusGateway, PaymentGateway};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::events::append;
use crate::support::{Receiver, Reply, Shopping, Store, TestApp, TestGateway, Zone};
use crate::webhook::{deliveries, drain, subscribe};

/// Failures in a row after which an endpoint and a gateway rest.
const FAILURES: usize = 10;

/// The value of a metric's line.
fn metric(app: &TestApp, line: &str) -> Option<usize> {
    let text = app.app.metrics.text(false);
    let value = text.lines().find_map(|each| each.strip_prefix(line)?.strip_prefix(' '));
    value.map(|value| value.parse().expect("a number"))
}

fn circuit(app: &TestApp, target: &str, state: &str) -> Option<usize> {
    metric(app, &format!("emporia_outside_circuit{{target=\"{target}\",state=\"{state}\"}}"))
}

/// A shop whose orders are told to a receiver that answers like this.
async fn told(app: &TestApp, handle: &str, reply: Reply) -> (Store, Receiver) {
    let (store, receiver) = (app.store(handle).await, Receiver::start(reply).await);
    subscribe(app, &store, "ORDERS_CREATE", &receiver.url()).await;
    (store, receiver)
}

async fn happen(app: &TestApp, store: &Store, events: usize) {
    append(&app.app, store, &vec![Topic::OrdersCreate; events]).await;
    drain(&app.app).await;
}

#[tokio::test]
async fn an_endpoint_that_fails_rests_is_asked_once_and_gets_everything_when_it_is_back() {
    let app = TestApp::with(&[("WEBHOOK_RETRY_SECONDS", "60,60,60")]).await;
    let (store, failing) = told(&app, "acme", Reply::Status(500, String::new())).await;
    let (other, fine) = told(&app, "other", Reply::Status(200, String::new())).await;
    happen(&app, &store, FAILURES + 5).await;
    assert_eq!(failing.received().len(), FAILURES, "and then it rests");
    assert_eq!((circuit(&app, "webhooks", "open"), circuit(&app, "webhooks", "closed")), (Some(1), None));
    let untried = deliveries(&app, &store).await.iter().filter(|one| one["attemptCount"] == 0).count();
    assert_eq!(untried, 5, "that it rests is no attempt");
    happen(&app, &other, FAILURES + 5).await;
    assert_eq!(fine.received().len(), FAILURES + 5, "another's does not");

    // The rest is over when the bell comes that is set while something is due.
    app.clock.advance(TimeDelta::seconds(15));
    drain(&app.app).await;
    assert_eq!(failing.received().len(), FAILURES + 1, "it is asked once");
    failing.reply(Reply::Status(200, String::new()));
    drain(&app.app).await;
    assert_eq!(failing.received().len(), FAILURES + 1, "its rest is twice as long");
    app.clock.advance(TimeDelta::seconds(120));
    drain(&app.app).await;
    let all = deliveries(&app, &store).await;
    assert!(all.len() == FAILURES + 5 && all.iter().all(|one| one["status"] == "SUCCEEDED"), "{all:#?}");
    assert_eq!((circuit(&app, "webhooks", "open"), circuit(&app, "webhooks", "half_open")), (Some(0), Some(0)));
}

#[tokio::test]
async fn a_subscription_that_leads_elsewhere_does_not_wait_for_the_old_address() {
    let app = TestApp::with(&[("WEBHOOK_RETRY_SECONDS", "60,60,60")]).await;
    let (failing, fine) = (
        Receiver::start(Reply::Status(500, String::new())).await,
        Receiver::start(Reply::Status(200, String::new())).await,
    );
    let store = app.store("acme").await;
    let made = subscribe(&app, &store, "ORDERS_CREATE", &failing.url()).await;
    let id = &made["webhookSubscription"]["id"];
    happen(&app, &store, FAILURES + 5).await;
    assert_eq!((failing.received().len(), circuit(&app, "webhooks", "open")), (FAILURES, Some(1)));
    let update = "mutation($id: ID!, $uri: URL!) {
        webhookSubscriptionUpdate(id: $id, webhookSubscription: { uri: $uri }) { userErrors { code } } }";
    let foreign = app.store("other").await;
    app.gql(&foreign.secret, update, json!({ "id": id, "uri": fine.url() })).await;
    assert_eq!(circuit(&app, "webhooks", "open"), Some(1), "another shop's word counts for nothing");
    let moved = app.gql(&store.secret, update, json!({ "id": id, "uri": fine.url() })).await;
    assert_eq!(moved["webhookSubscriptionUpdate"]["userErrors"], json!([]));
    assert_eq!(circuit(&app, "webhooks", "open"), Some(0));
    drain(&app.app).await;
    assert_eq!((failing.received().len(), fine.received().len()), (FAILURES, 5), "what had not been tried yet");
}

/// How many attempts to call endpoints have come to this.
fn calls(app: &TestApp, outcome: &str) -> usize {
    let line = format!("emporia_outside_calls_total{{target=\"webhooks\",outcome=\"{outcome}\"}}");
    metric(app, &line).unwrap_or_default()
}

#[tokio::test]
async fn an_endpoint_that_hangs_rests() {
    let app = TestApp::with(&[("WEBHOOK_TIMEOUT_MS", "20")]).await;
    let (store, _hanging) = told(&app, "acme", Reply::Hang).await;
    happen(&app, &store, FAILURES + 1).await;
    let all = deliveries(&app, &store).await;
    let timed_out = all.iter().filter(|one| one["attempts"][0]["error"] == "timed out").count();
    assert_eq!((timed_out, calls(&app, "timed_out")), (FAILURES, FAILURES), "{all:#?}");
    assert_eq!(circuit(&app, "webhooks", "open"), Some(1));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_rests_and_one_that_refuses_does_not() {
    let app = TestApp::new().await;
    // Bound, so that it is nobody else's, and not listening.
    let nobody = tokio::net::TcpSocket::new_v4().expect("a socket");
    nobody.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let port = nobody.local_addr().expect("an address").port();
    let gone = app.store("gone").await;
    subscribe(&app, &gone, "ORDERS_CREATE", &format!("http://127.0.0.1:{port}/")).await;
    happen(&app, &gone, FAILURES + 1).await;
    let tried = deliveries(&app, &gone).await.iter().filter(|one| one["attemptCount"] == 1).count();
    assert_eq!((tried, calls(&app, "away")), (FAILURES, FAILURES));
    let (store, refusing) = told(&app, "refuses", Reply::Status(404, String::new())).await;
    happen(&app, &store, FAILURES + 5).await;
    assert_eq!((refusing.received().len(), calls(&app, "refused")), (FAILURES + 5, FAILURES + 5), "it is there");
    assert_eq!(circuit(&app, "webhooks", "open"), Some(1));
}

async fn bought(shop: &Shopping, gateway: &str, token: &str) -> Result<(), Vec<CheckoutRule>> {
    let cart = shop.cart(&[(1, 1)]).await;
    match shop.complete(&shop.wish(&cart, gateway, Some(token), token)).await.expect("a free key") {
        Ok(_) => Ok(()),
        Err(ServiceError::Rule(rules)) => Err(rules),
        Err(ServiceError::Fault(fault)) => panic!("{fault}"),
    }
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_is_not_charged_and_nobody_waits_for_it() {
    let mut shop = Shopping::new().await;
    shop.on_sale(1, 1000, 20).await;
    let other = TestGateway::new(&shop.app.db.name);
    let app = &mut Arc::get_mut(&mut shop.app).expect("nobody else's").app;
    app.payments = app.payments.with(other.clone());
    for _ in 0..FAILURES {
        assert_eq!(bought(&shop, "bogus", "timeout").await, Err(vec![CheckoutRule::PaymentPending]));
    }
    let held = shop.stock(1).await;
    let cart = shop.cart(&[(1, 1)]).await;
    let wish = shop.wish(&cart, "bogus", Some("approve"), "a key");
    for _ in 0..5 {
        let refused = shop.complete(&wish).await.expect("a free key");
        assert!(matches!(refused, Err(ServiceError::Rule(rules)) if rules == [CheckoutRule::GatewayAway]));
    }
    assert_eq!(shop.stock(1).await, held, "what was reserved is given back at once");
    assert_eq!(circuit(&shop.app, "payment:bogus", "open"), Some(1));
    other.approvals.add_permits(1);
    assert_eq!(bought(&shop, "test", "approve").await, Ok(()), "another gateway is there");
    assert_eq!(circuit(&shop.app, "payment:test", "closed"), Some(1));

    shop.app.clock.advance(TimeDelta::seconds(5));
    assert!(shop.complete(&wish).await.expect("a free key").is_ok(), "under the same key");
    shop.app.clock.advance(TimeDelta::seconds(30));
    shop.run_job().await;
    assert_eq!((shop.stock(1).await, shop.attempts("UNKNOWN").await), (18, 0), "nothing was taken of what was pending");
}

/// Of the payments that nobody knows the end of: how often each gateway was asked in vain, and when it is asked again.
async fn unknown(shop: &Shopping) -> Vec<(Uuid, i32, Option<DateTime<Utc>>)> {
    let read: Result<_, Fault> = shop
        .db
        .read(async |conn| {
            let own = payment_attempts::table.filter(payment_attempts::tenant_id.eq(conn.tenant()));
            Ok(own
                .filter(payment_attempts::status.eq("UNKNOWN"))
                .order(payment_attempts::created_at)
                .select((payment_attempts::id, payment_attempts::tries, payment_attempts::due_at))
                .load(conn)
                .await?)
        })
        .await;
    read.expect("payments")
}

#[tokio::test]
async fn a_question_that_a_resting_gateway_is_not_asked_is_no_try() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 20).await;
    let pending = Err(vec![CheckoutRule::PaymentPending]);
    assert_eq!(bought(&shop, "bogus", "down").await, pending);
    shop.app.clock.advance(TimeDelta::seconds(1));
    for _ in 1..FAILURES {
        assert_eq!(bought(&shop, "bogus", "timeout-then-approved").await, pending);
    }
    assert_eq!(circuit(&shop.app, "payment:bogus", "open"), Some(1));

    // It is asked about the first one, which makes it rest again, and about none of the others.
    shop.app.clock.advance(TimeDelta::seconds(11));
    drain(&shop.app.app).await;
    let now = shop.app.clock.now();
    let left = unknown(&shop).await;
    let (first, others) = left.split_first().expect("payments");
    assert_eq!((first.1, first.2), (2, Some(now + TimeDelta::seconds(20))));
    assert_eq!(others.len(), FAILURES - 1);
    assert!(others.iter().all(|one| (one.1, one.2) == (1, Some(now + TimeDelta::seconds(60)))), "{others:?}");

    // It is back: it knows what became of the first, and of the others as soon as it is asked.
    BogusGateway::new(shop.app.app.shared.clone()).void(first.0).await.expect("remembered");
    shop.app.clock.advance(TimeDelta::seconds(25));
    drain(&shop.app.app).await;
    assert_eq!((shop.attempts("DECLINED").await, shop.attempts("UNKNOWN").await), (1, 9));
    assert_eq!(circuit(&shop.app, "payment:bogus", "closed"), Some(1));
    shop.app.clock.advance(TimeDelta::seconds(35));
    drain(&shop.app.app).await;
    assert_eq!((shop.attempts("SETTLED").await, shop.attempts("UNKNOWN").await), (9, 0));
}

async fn verified(app: &TestApp, store: &Store, id: &Value) -> Value {
    let query = "mutation($id: ID!) { domainVerify(id: $id) { domain { verifiedAt } userErrors { code } } }";
    app.gql(&store.secret, query, json!({ "id": id })).await["domainVerify"].take()
}

/// A claimed name's id, whose record is there.
async fn claimed(app: &TestApp, store: &Store, host: &str) -> Value {
    let query = "mutation($host: String!) { domainCreate(host: $host) { domain { id txtRecord { name value } } } }";
    let mut domain = app.gql(&store.secret, query, json!({ "host": host })).await["domainCreate"]["domain"].take();
    let text = |pointer: &str| domain.pointer(pointer).and_then(Value::as_str).expect(pointer);
    app.zone.set(text("/txtRecord/name"), &[text("/txtRecord/value")]);
    domain["id"].take()
}

#[tokio::test]
async fn a_name_of_which_dns_says_nothing_rests_and_others_are_asked_for() {
    let app = TestApp::new().await;
    let (acme, other) = (app.store("acme").await, app.store("other").await);
    let (dead, alive) = (claimed(&app, &acme, "dead.example").await, claimed(&app, &other, "alive.example").await);
    app.zone.is_away(true);
    for _ in 0..5 {
        assert_eq!(verified(&app, &acme, &dead).await["userErrors"][0]["code"], "DNS_UNAVAILABLE");
    }
    assert_eq!(app.zone.questions(), 3);
    app.zone.is_away(false);
    assert!(verified(&app, &other, &alive).await["domain"]["verifiedAt"].is_string());
    assert_eq!(verified(&app, &acme, &dead).await["userErrors"][0]["code"], "DNS_UNAVAILABLE");
    app.clock.advance(TimeDelta::seconds(5));
    assert!(verified(&app, &acme, &dead).await["domain"]["verifiedAt"].is_string());
    assert_eq!((app.zone.questions(), circuit(&app, "dns", "open")), (5, Some(0)));
}

struct Silent;

#[async_trait]
impl TxtResolver for Silent {
    async fn txt(&self, _: &str) -> Result<Vec<String>, NoAnswer> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn dns_that_is_silent_is_not_waited_for_for_ever() {
    let app = TestApp::new().await;
    let policy = Policy { timeout: Duration::from_millis(1), ..dns::POLICY };
    let silent = Dns::by(Arc::new(Silent), app.app.outside.targets("silent", policy));
    assert!(silent.txt("_emporia-challenge.shop.example").await.is_err());
    let answers = Dns::by(Arc::new(Zone::of(&app.db.name)), app.app.outside.targets("answers", dns::POLICY));
    assert_eq!(answers.txt("_emporia-challenge.shop.example").await.expect("an answer"), Vec::<String>::new());
}
