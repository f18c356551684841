//! What a process tells Prometheus.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use chrono::TimeDelta;
use emporia::events::Topic;
use serde_json::json;

use crate::events::{append, log};
use crate::logs::Lines;
use crate::support::{Events, Process, Receiver, Shopping, Socket, TestApp, eventually, redis_url};
use crate::webhook::subscribe;

/// The value of a series, by its beginning.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(series) && line[series.len()..].starts_with(' '));
    let line = line.unwrap_or_else(|| panic!("{series} is not in\n{text}"));
    line.rsplit(' ').next().expect("a value").parse().expect("a number")
}

/// Texts in the sources that could be a metric's or a label's name.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |text: &&str| {
        text.contains(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())
    };
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(is_name)
}

#[test]
fn the_operators_table_has_every_metric_and_no_other() {
    let (_, operations) = include_str!("../../docs/operations.md").split_once("## Metrics").expect("a part on metrics");
    let named = operations.split('`').filter(|text| text.starts_with("emporia_"));
    let told: BTreeSet<&str> =
        named.map(|text| text.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().expect("a name")).collect();
    let made = [include_str!("../../src/metrics/mod.rs"), include_str!("../../src/metrics/pools.rs")].concat();
    let made: BTreeSet<&str> = literals(&made).collect();
    for name in &told {
        let bare = name.trim_start_matches("emporia_");
        let known = [bare, bare.trim_end_matches("_total"), bare.trim_end_matches("_info")];
        assert!(known.iter().any(|name| made.contains(name)), "{name} is not there");
    }
    for name in made.into_iter().filter(|name| name.contains('_')) {
        let as_metric =
            ["", "_total", "_info"].iter().any(|end| told.contains(format!("emporia_{name}{end}").as_str()));
        assert!(as_metric || operations.contains(&format!("`{name}`")), "docs/operations.md does not have {name}");
    }
}

#[tokio::test]
async fn requests_and_operations_are_counted_by_bounded_names() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    app.gql(&store.publishable, "query Front { shop { name } }", json!({})).await;
    app.gql(&store.publishable, "{ shop { name } }", json!({})).await;
    app.post(&store.publishable, "query Wrong { products(first: 1000) { nodes { id } } }", json!({})).await;
    app.post(&store.publishable, "query Cut { shop {", json!({})).await;
    app.post("esk_nobodys", "{ shop { name } }", json!({})).await;
    for n in 0..150 {
        app.gql(&store.publishable, &format!("query Crowd{n} {{ __typename }}"), json!({})).await;
    }
    let text = app.app.metrics.text(true);
    let operations = "emporia_graphql_operations_total";
    for name in ["Front", "unnamed", "Crowd0"] {
        let series = format!("{operations}{{operation=\"{name}\",transport=\"http\",outcome=\"ok\"}}");
        assert_eq!(value(&text, &series), 1.0);
    }
    assert_eq!(
        value(&text, &format!("{operations}{{operation=\"Wrong\",transport=\"http\",outcome=\"errors\"}}")),
        1.0
    );
    // Three names were there before.
    assert_eq!(value(&text, &format!("{operations}{{operation=\"other\",transport=\"http\",outcome=\"ok\"}}")), 53.0);
    assert_eq!(value(&text, "emporia_graphql_refused_total{code=\"GRAPHQL_PARSE_FAILED\"}"), 1.0);
    let requests = "emporia_http_requests_total{route=\"/graphql\",status=";
    assert!(
        value(&text, &format!("{requests}\"2xx\"}}")) > 150.0 && value(&text, &format!("{requests}\"4xx\"}}")) == 1.0
    );
    let count = "emporia_graphql_operation_duration_seconds_count{operation=\"Front\",transport=\"http\"}";
    assert_eq!(value(&text, count), 1.0);
    // A pool that has just been made opens its first connection while somebody waits.
    let acquired = |how: &str| value(&text, &format!("emporia_database_acquires_total{{pool=\"app\",how=\"{how}\"}}"));
    assert!(acquired("direct") + acquired("waited") >= 1.0 && acquired("timed_out") == 0.0);
    assert_eq!(value(&text, "emporia_database_connections_max{pool=\"platform\"}"), 4.0);
    assert_eq!(value(&text, "emporia_http_requests_in_flight"), 0.0);
    let tenant = store.tenant.to_string();
    for secret in [tenant.as_str(), "acme", &store.publishable] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn the_worker_counts_what_it_publishes_and_sends() {
    let shop = Shopping::new().await;
    let receiver = Receiver::accepting().await;
    subscribe(&shop.app, &shop.store, "ORDERS_PAID", &receiver.url()).await;
    append(&shop.app.app, &shop.store, &[Topic::OrdersPaid]).await;
    emporia::worker::drain(&shop.app.app).await.expect("work");
    let text = shop.app.app.metrics.text(true);
    assert!(value(&text, "emporia_events_published_total") >= 1.0);
    assert_eq!(value(&text, "emporia_webhook_attempts_total{outcome=\"taken\"}"), 1.0);
    assert_eq!(value(&text, "emporia_webhook_first_attempt_delay_seconds_count"), 1.0);
}

#[tokio::test]
async fn a_worker_serves_metrics_and_says_how_old_the_waiting_work_is() {
    let test = TestApp::new().await;
    test.store("acme").await;
    let [app, platform, redis] = [test.db.url("emporia_app"), test.db.url("emporia_platform"), redis_url()];
    let settings = [
        ("DATABASE_URL", app.as_str()),
        ("DATABASE_PLATFORM_URL", &platform),
        ("REDIS_URL", &redis),
        ("METRICS_LISTEN", "127.0.0.1:0"),
    ];
    let (_worker, address): (_, SocketAddr) = Process::worker_with_metrics(&settings);
    let text = reqwest::get(format!("http://{address}/metrics")).await.expect("an answer");
    assert!(text.headers()["content-type"].to_str().expect("text").starts_with("application/openmetrics-text"));
    let text = text.text().await.expect("a text");
    for work in ["events", "deliveries", "payments"] {
        assert_eq!(value(&text, &format!("emporia_work_oldest_seconds{{work=\"{work}\"}}")), 0.0);
    }
    assert_eq!(value(&text, "emporia_notices_heard"), 1.0);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    assert_eq!(reqwest::get(format!("http://{address}/livez")).await.expect("an answer").status(), 200);
    assert_eq!(reqwest::get(format!("http://{address}/graphql")).await.expect("an answer").status(), 404);
}

/// What `/metrics` says where METRICS_LISTEN put it.
async fn scraped(app: &TestApp) -> String {
    beside_metrics(app, "/metrics").await.text().await.expect("a text")
}

/// What is answered at a path there.
pub async fn beside_metrics(app: &TestApp, path: &str) -> reqwest::Response {
    let lines = Lines::default();
    let _logging = lines.listen();
    let _serving = emporia::metrics::listen(&app.app).await.expect("a listener").expect("a place to listen at");
    let said = lines.text();
    let line: serde_json::Value = serde_json::from_str(said.lines().next().expect("a line")).expect("JSON");
    let address = line["metrics_address"].as_str().expect("an address");
    reqwest::get(format!("http://{address}{path}")).await.expect("an answer")
}

#[tokio::test]
async fn work_that_nobody_does_grows_old_and_a_late_publication_is_a_long_delay() {
    let app = TestApp::with(&[("METRICS_LISTEN", "127.0.0.1:0")]).await;
    let store = app.store("acme").await;
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    app.clock.advance(TimeDelta::seconds(90));
    let text = scraped(&app).await;
    assert_eq!(value(&text, "emporia_work_oldest_seconds{work=\"events\"}"), 90.0);
    assert_eq!(value(&text, "emporia_work_oldest_seconds{work=\"payments\"}"), 0.0);
    let delay = "emporia_event_publish_delay_seconds";
    assert_eq!(value(&text, &format!("{delay}_count")), 0.0);
    emporia::worker::drain(&app.app).await.expect("a relay");
    let text = scraped(&app).await;
    assert_eq!(value(&text, "emporia_work_oldest_seconds{work=\"events\"}"), 0.0, "it is done");
    assert_eq!((value(&text, &format!("{delay}_count")), value(&text, &format!("{delay}_sum"))), (1.0, 90.0));
    assert_eq!(value(&text, &format!("{delay}_bucket{{le=\"30.0\"}}")), 0.0);
    assert_eq!(value(&text, &format!("{delay}_bucket{{le=\"120.0\"}}")), 1.0);
}

#[tokio::test]
async fn subscriptions_are_counted_when_they_begin_and_when_they_end() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    append(&app.app, &store, &[Topic::OrdersPaid, Topic::OrdersUpdated]).await;
    emporia::worker::drain(&app.app).await.expect("a relay");
    let first = log(&app.app, &store).await[0].id;
    let follow =
        format!("subscription Follow {{ orderEvents(after: \"gid://emporia/OrderChange/{first}\") {{ topic }} }}");
    let counted = |transport: &str, outcome: &str| {
        let text = app.app.metrics.text(true);
        let labels = format!("operation=\"Follow\",transport=\"{transport}\"");
        let ended = format!("emporia_graphql_operations_total{{{labels},outcome=\"{outcome}\"}}");
        let measured = format!("emporia_graphql_operation_duration_seconds_count{{{labels}}}");
        assert_eq!(value(&text, &measured), 0.0, "how long they last is no latency");
        (value(&text, &format!("emporia_graphql_subscriptions_total{{{labels}}}")), value(&text, &ended))
    };
    let mut socket = Socket::with_key(&server, &store.secret).await;
    socket.subscribe("1", &follow).await;
    assert_eq!(socket.hear().await["type"], "next");
    assert_eq!(counted("websocket", "dropped"), (1.0, 0.0), "it runs");
    socket.say(json!({ "type": "complete", "id": "1" })).await;
    eventually("its client has ended it", || async { (counted("websocket", "dropped") == (1.0, 1.0)).then_some(()) })
        .await;
    let mut stream = Events::open(&server, &store.publishable, &follow).await;
    assert_eq!(stream.next().await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(stream.rest().await, "event: complete\ndata: \n\n");
    assert_eq!(counted("sse", "errors"), (1.0, 1.0));
}

#[tokio::test]
async fn the_api_does_not_serve_metrics() {
    let app = TestApp::new().await;
    assert_eq!(app.send("GET", "/metrics", &[], "").await.status, 404);
}
