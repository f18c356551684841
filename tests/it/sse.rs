//! GraphQL over server-sent events.

use std::time::Duration;

use axum::http::StatusCode;
use diesel_async::SimpleAsyncConnection;
use emporia::api_key::model::NewKey;
use emporia::events::Topic;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::events::{append, log};
use crate::logs::Lines;
use crate::support::{Events, Socket, Store, TestApp, TestServer, Uncommitted, eventually, waiting, within};

const EVENTS: (&str, &str) = ("accept", "text/event-stream");
const FOLLOW: &str = "subscription { orderEvents { topic } }";

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

/// Subscribes to a store's events.
async fn subscribed(server: &TestServer, store: &Store) -> Events {
    Events::open(server, &store.secret, FOLLOW).await
}

#[tokio::test]
async fn a_stream_of_events_ends_when_its_tenant_is_suspended() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let stream = subscribed(&server, &store).await;
    let (db, clock, resolver) = (&app.app.db, &*app.app.clock, &app.app.resolver);
    emporia::tenant::service::tenant_set_suspended(db, clock, resolver, store.tenant, true).await.expect("suspended");
    let said = stream.rest().await;
    assert!(said.contains("FORBIDDEN") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
}

/// The guard has spoken when the body is read, and the key is revoked before there is a stream.
#[tokio::test]
async fn a_key_that_is_revoked_while_the_body_comes_opens_no_stream() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (db, clock, entropy) = (&app.app.db, &*app.app.clock, &app.app.entropy);
    let kind = emporia::api_key::model::KeyKind::Secret;
    let made =
        emporia::api_key::service::key_create(db, clock, entropy, store.tenant, &NewKey::unlimited(kind, "slow")).await;
    let (info, key) = made.expect("a key");
    let revoking = app.app.clone();
    let body = futures_util::stream::once(async move {
        let (db, clock) = (&revoking.db, &*revoking.clock);
        emporia::api_key::service::key_revoke(db, clock, &revoking.resolver, info.id).await.expect("revoked");
        Ok::<_, std::io::Error>(json!({ "query": "subscription { orderEvents { topic } }" }).to_string())
    });
    let headers = [("content-type", "application/json"), ("x-api-key", key.reveal()), EVENTS];
    let asked = app.send("POST", "/graphql", &headers, axum::body::Body::from_stream(body));
    let answer = tokio::time::timeout(Duration::from_secs(1), asked).await.expect("the stream ends");
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
    let said = tokio::time::timeout(Duration::from_secs(1), stream.rest()).await.expect("within a second");
    assert!(said.contains("UNAUTHENTICATED") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
}

#[tokio::test]
async fn a_process_that_stops_breaks_its_streams_off() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut server = app.serve().await;
    let stream = subscribed(&server, &store).await;
    server.stop.cancel();
    let said = stream.rest().await;
    assert!(!said.contains("event: complete"), "what is complete is not resumed: {said}");
    (&mut server.running).await.expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn a_process_that_stops_answers_a_streams_mutation_first() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut server = app.serve().await;
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE carts").await;
    let stream = Events::open(&server, &store.secret, "mutation { cartCreate { cart { id } } }").await;
    eventually("it is under way", || waiting(&app)).await;
    server.stop.cancel();
    lock.finish_when_waited_for().await;
    let said = stream.rest().await;
    assert!(said.contains("event: next\ndata: {\"data\":{\"cartCreate\":{\"cart\":{\"id\":"), "{said}");
    assert!(said.ends_with("event: complete\ndata: \n\n"), "{said}");
    (&mut server.running).await.expect("no panic").expect("an orderly end");
}

/// Begins an operation over a connection whose client takes in no more than it reads.
async fn slow_reader(server: &TestServer, store: &Store, query: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut client = socket.connect(server.address).await.expect("a connection");
    let body = json!({ "query": query }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\n\
         accept: text/event-stream\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        store.secret,
        body.len()
    );
    client.write_all(request.as_bytes()).await.expect("a request");
    client
}

#[tokio::test]
async fn a_client_that_does_not_read_is_broken_off_and_goes_on_behind_what_it_has_read() {
    let app = TestApp::with(&[("WS_SEND_TIMEOUT_MS", "100")]).await;
    let store = app.store("acme").await;
    // Some fifty kilobytes each: more than the stream's queue and the system's buffers take together.
    append(&app.app, &store, &[Topic::OrdersUpdated; 400]).await;
    emporia::worker::drain(&app.app).await.expect("a relay");
    let wide: String = (0..190).map(|n| format!("{:x<200}{n}: id ", "")).collect();
    let events = log(&app.app, &store).await;
    let ids: Vec<String> = events.iter().map(|event| format!("gid://emporia/OrderChange/{}", event.id)).collect();
    let after = |id: &str, fields: &str| format!("subscription {{ orderEvents(after: \"{id}\") {{ id {fields} }} }}");
    let server = app.serve().await;
    let lines = Lines::default();
    let _logging = lines.listen();
    let mut slow = slow_reader(&server, &store, &after(&ids[0], &wide)).await;
    // Until then it makes megabytes.
    within(Duration::from_secs(60), "the server has lost its patience", || async {
        lines.text().contains("a stream of events is broken off: its client does not read").then_some(())
    })
    .await;
    let mut said = String::new();
    slow.read_to_string(&mut said).await.expect("an end");
    assert!(!said.contains("event: complete"), "what is complete is not resumed");
    let told = said.matches("event: next").count();
    assert!((1..ids.len() - 1).contains(&told), "{told} of {}", ids.len() - 1);
    assert!(said.contains(&ids[told]) && !said.contains(&ids[told + 1]), "nothing was passed over");
    let mut again = Events::open(&server, &store.secret, &after(&ids[told], "")).await;
    for id in &ids[told + 1..] {
        assert_eq!(again.next().await["data"]["orderEvents"]["id"], **id);
    }
}

#[tokio::test]
async fn streams_and_sockets_share_the_places_of_a_process_and_of_a_tenant() {
    let app = TestApp::with(&[("WS_MAX_SOCKETS", "2"), ("WS_MAX_SOCKETS_PER_TENANT", "1")]).await;
    let [first, second, third] = [app.store("a").await, app.store("b").await, app.store("c").await];
    let server = app.serve().await;
    let opened = async |store: &Store| Events::open_at(&server.url("/graphql"), &store.secret, FOLLOW).await;
    let refused = async |store: &Store| {
        let (status, body) = opened(store).await.err().expect("no stream");
        let error = &body["errors"][0];
        assert_eq!((status, error["extensions"]["code"].as_str()), (503, Some("THROTTLED")), "{body}");
        error["message"].as_str().expect("a text").to_owned()
    };
    let closed = async |store: &Store| {
        let mut socket = Socket::open(&server, &[]).await;
        socket.say(json!({ "type": "connection_init", "payload": { "x-api-key": store.secret } })).await;
        socket.closed().await.0
    };
    let of_first = subscribed(&server, &first).await;
    assert!(refused(&first).await.starts_with("the shop has too many open streams"));
    assert_eq!(closed(&first).await, 4429);
    let _of_second = Socket::with_key(&server, &second.secret).await;
    assert!(refused(&third).await.starts_with("there are too many open streams"));
    assert_eq!(closed(&third).await, 1013);
    drop(of_first);
    eventually("its place is free", || async { opened(&third).await.ok() }).await;
}
