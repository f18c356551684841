//! GraphQL over server-sent events.

use axum::http::StatusCode;
use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt;
use serde_json::json;

use crate::support::{Store, TestApp, TestServer, Uncommitted, eventually, waiting};

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

#[tokio::test]
async fn a_query_is_one_event_and_the_end() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let answer = app.post_json(&key, &json!({ "query": "{ __typename }" }), &[EVENTS]).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let said = answer.text.replace(":\n\n", "");
    assert_eq!(
        said,
        "event: next\ndata: {\"data\":{\"__typename\":\"QueryRoot\"},\"extensions\":{\"cost\":\
        {\"requestedQueryCost\":0,\"actualQueryCost\":0}}}\n\nevent: complete\ndata: \n\n"
    );
}

#[tokio::test]
async fn what_cannot_be_executed_is_refused_before_the_stream() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let answer = app.post_json(&key, &json!({ "query": "{" }), &[EVENTS]).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "GRAPHQL_PARSE_FAILED"));
    let answer = app.post_json(&key, &json!([{ "query": "{ __typename }" }]), &[EVENTS]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = app.post_json("esk_nonsense", &json!({ "query": "{ __typename }" }), &[EVENTS]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// Subscribes and answers the stream's texts.
async fn subscribed(server: &TestServer, store: &Store) -> impl futures_util::Stream<Item = String> + Unpin {
    opened(server, store, "subscription { orderEvents { topic } }").await
}

/// Begins an operation and answers the stream's texts.
async fn opened(server: &TestServer, store: &Store, query: &str) -> impl futures_util::Stream<Item = String> + Unpin {
    let answer = reqwest::Client::new()
        .post(server.url("/graphql"))
        .header("x-api-key", &store.secret)
        .header("content-type", "application/json")
        .header(EVENTS.0, EVENTS.1)
        .body(json!({ "query": query }).to_string())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.bytes_stream().map(|bytes| String::from_utf8(bytes.expect("a piece").to_vec()).expect("UTF-8")).boxed()
}

#[tokio::test]
async fn a_stream_of_events_ends_when_its_tenant_is_suspended() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let stream = subscribed(&server, &store).await;
    let (db, clock, resolver) = (&app.app.db, &*app.app.clock, &app.app.resolver);
    emporia::tenant::service::tenant_set_suspended(db, clock, resolver, store.tenant, true).await.expect("suspended");
    let said = stream.collect::<Vec<_>>().await.concat();
    assert!(said.contains("FORBIDDEN") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
}

/// The guard has spoken when the body is read, and the key is revoked before there is a stream.
#[tokio::test]
async fn a_key_that_is_revoked_while_the_body_comes_opens_no_stream() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (db, clock, entropy) = (&app.app.db, &*app.app.clock, &app.app.entropy);
    let kind = emporia::tenant::model::KeyKind::Secret;
    let made = emporia::tenant::service::key_create(db, clock, entropy, store.tenant, kind, "slow").await;
    let (id, key) = made.expect("a key");
    let revoking = app.app.clone();
    let body = futures_util::stream::once(async move {
        let (db, clock) = (&revoking.db, &*revoking.clock);
        emporia::tenant::service::key_revoke(db, clock, &revoking.resolver, id).await.expect("revoked");
        Ok::<_, std::io::Error>(json!({ "query": "subscription { orderEvents { topic } }" }).to_string())
    });
    let headers = [("content-type", "application/json"), ("x-api-key", key.reveal()), EVENTS];
    let asked = app.send("POST", "/graphql", &headers, axum::body::Body::from_stream(body));
    let answer = tokio::time::timeout(std::time::Duration::from_secs(1), asked).await.expect("the stream ends");
    assert!(answer.text.contains("UNAUTHENTICATED") && !answer.text.contains("orderEvents"), "{}", answer.text);
}

/// Whoever revokes shares nothing but the database with the process that streams.
#[tokio::test]
async fn a_stream_of_events_ends_although_no_notice_came() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let stream = subscribed(&server, &store).await;
    crate::support::admin(&app.db.name)
        .await
        .batch_execute("UPDATE platform.api_keys SET revoked_at = now()")
        .await
        .expect("revoked");
    let said = tokio::time::timeout(std::time::Duration::from_secs(1), stream.collect::<Vec<_>>()).await;
    let said = said.expect("within a second").concat();
    assert!(said.contains("UNAUTHENTICATED") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
}

#[tokio::test]
async fn a_process_that_stops_breaks_its_streams_off() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut server = app.serve().await;
    let stream = subscribed(&server, &store).await;
    server.stop.cancel();
    let said = stream.collect::<Vec<_>>().await.concat();
    assert!(!said.contains("event: complete"), "what is complete is not resumed: {said}");
    (&mut server.running).await.expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn a_process_that_stops_answers_a_streams_mutation_first() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut server = app.serve().await;
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE carts").await;
    let stream = opened(&server, &store, "mutation { cartCreate { cart { id } } }").await;
    eventually("it is under way", || waiting(&app)).await;
    server.stop.cancel();
    lock.finish_when_waited_for().await;
    let said = stream.collect::<Vec<_>>().await.concat();
    assert!(said.contains("event: next\ndata: {\"data\":{\"cartCreate\":{\"cart\":{\"id\":"), "{said}");
    assert!(said.ends_with("event: complete\ndata: \n\n"), "{said}");
    (&mut server.running).await.expect("no panic").expect("an orderly end");
}
