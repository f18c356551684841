//! `graphql-transport-ws` against the real server.

use emporia::api_key::model::NewKey;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::logs::Lines;
use crate::support::{Socket, Store, TestApp, TestServer, Uncommitted, eventually, waiting, within};

const PING: &str = "{ __typename }";
const EVENTS: &str = "subscription { orderEvents { topic } }";

async fn serving() -> (TestApp, Store, TestServer) {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    (app, store, server)
}

#[tokio::test]
async fn a_query_is_answered_and_completed() {
    let (_app, store, server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.publishable).await;
    socket.subscribe("1", PING).await;
    let cost = json!({ "requestedQueryCost": 0, "actualQueryCost": 0 });
    let payload = json!({ "data": { "__typename": "QueryRoot" }, "extensions": { "cost": cost } });
    let next = json!({ "type": "next", "id": "1", "payload": payload });
    assert_eq!(socket.hear().await, next);
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "1" }));
    socket.subscribe("1", PING).await;
    assert_eq!(socket.hear().await, next, "the id is free again");
}

#[tokio::test]
async fn what_cannot_be_executed_is_an_error_of_its_operation_alone() {
    let (_app, store, server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.publishable).await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nowhere }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...a } fragment a on QueryRoot { ...a }", "GRAPHQL_VALIDATION_FAILED"),
        (EVENTS, "FORBIDDEN"),
    ] {
        socket.subscribe("1", query).await;
        let message = socket.hear().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("1")), "{query}: {message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], code, "{query}");
    }
    socket.say(json!({ "type": "ping", "payload": { "still": "here" } })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong", "payload": { "still": "here" } }));
}

#[tokio::test]
async fn a_subscription_runs_until_its_client_completes_it() {
    let (app, store, server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    socket.subscribe("events", EVENTS).await;
    let heard = loop {
        crate::events::append(&app.app, &store, &[emporia::events::Topic::OrdersPaid]).await;
        emporia::worker::drain(&app.app).await.expect("a relay");
        let said = tokio::time::timeout(std::time::Duration::from_millis(50), socket.hear()).await;
        if let Ok(said) = said {
            break said;
        }
    };
    assert_eq!((&heard["type"], &heard["id"]), (&json!("next"), &json!("events")));
    assert_eq!(heard["payload"]["data"], json!({ "orderEvents": { "topic": "ORDERS_PAID" } }));
    socket.say(json!({ "type": "complete", "id": "events" })).await;
    socket.subscribe("after", PING).await;
    loop {
        let message = socket.hear().await;
        assert_ne!(message["type"], "error");
        if message == json!({ "type": "complete", "id": "after" }) {
            break;
        }
    }
    // Its id can be used again: the first one is over.
    socket.subscribe("events", PING).await;
    assert_eq!(socket.hear().await["payload"]["data"]["__typename"], "QueryRoot");
}

#[tokio::test]
async fn one_id_is_one_running_operation() {
    let (_app, store, server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    socket.subscribe("1", EVENTS).await;
    socket.subscribe("1", EVENTS).await;
    assert_eq!(socket.closed().await.0, 4409);
}

#[tokio::test]
async fn a_socket_runs_only_so_many_operations() {
    let (_app, store, server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    for id in 0..51 {
        socket.subscribe(&id.to_string(), EVENTS).await;
    }
    let message = socket.hear().await;
    assert_eq!((&message["type"], &message["id"]), (&json!("error"), &json!("50")));
    assert_eq!(message["payload"][0]["extensions"]["code"], "THROTTLED");
}

#[tokio::test]
async fn the_protocols_rules_have_their_close_codes() {
    let (_app, store, server) = serving().await;
    let init = json!({ "type": "connection_init", "payload": { "X-API-Key": store.publishable } });

    let mut early = Socket::open(&server, &[]).await;
    early.subscribe("1", PING).await;
    assert_eq!(early.closed().await.0, 4401);

    let mut twice = Socket::open(&server, &[]).await;
    twice.say(init.clone()).await;
    assert_eq!(twice.hear().await["type"], "connection_ack");
    twice.say(init).await;
    assert_eq!(twice.closed().await.0, 4429);

    for nonsense in ["", "{", r#"{"type":"start"}"#, r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#] {
        let mut socket = Socket::open(&server, &[]).await;
        socket.say_raw(nonsense).await;
        assert_eq!(socket.closed().await.0, 4400, "{nonsense}");
    }
    let mut binary = Socket::open(&server, &[]).await;
    binary.say_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(binary.closed().await.0, 4400);
}

#[tokio::test]
async fn a_socket_that_does_not_say_who_it_is_is_closed() {
    let app = TestApp::with(&[("WS_INIT_TIMEOUT_MS", "30")]).await;
    let server = app.serve().await;
    let mut socket = Socket::open(&server, &[]).await;
    assert_eq!(socket.closed().await.0, 4408);
}

#[tokio::test]
async fn the_guard_runs_on_connection_init() {
    let (_app, store, server) = serving().await;
    let page = ("origin", "https://shop.example");
    for (headers, payload, code) in [
        (vec![], json!({}), Some(4403)),
        (vec![], json!({ "x-api-key": "esk_nonsense" }), Some(4403)),
        (vec![], json!({ "x-api-key": 7 }), Some(4403)),
        (vec![page], json!({ "x-api-key": store.secret }), Some(4403)),
        (vec![page], json!({ "x-api-key": store.publishable }), None),
        (vec![("x-api-key", store.secret.as_str())], json!({}), None),
        (vec![("host", "acme.shops.test")], json!({}), None),
    ] {
        let mut socket = Socket::open(&server, &headers).await;
        socket.say(json!({ "type": "connection_init", "payload": payload })).await;
        match code {
            Some(code) => assert_eq!(socket.closed().await.0, code, "{payload}"),
            None => assert_eq!(socket.hear().await["type"], "connection_ack", "{payload}"),
        }
    }
}

#[tokio::test]
async fn a_suspended_tenants_sockets_are_closed_and_no_others() {
    let (app, store, server) = serving().await;
    let other = app.store("other").await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    let mut others = Socket::with_key(&server, &other.secret).await;
    socket.subscribe("1", EVENTS).await;
    let (db, clock, resolver) = (&app.app.db, &*app.app.clock, &app.app.resolver);
    emporia::tenant::service::tenant_set_suspended(db, clock, resolver, store.tenant, true).await.expect("suspended");
    let since = std::time::Instant::now();
    let (code, reason) = socket.closed().await;
    assert_eq!((code, reason.as_str()), (4403, "the shop is suspended"));
    assert!(since.elapsed() < std::time::Duration::from_secs(1), "{:?}", since.elapsed());
    others.subscribe("1", PING).await;
    assert_eq!(others.hear().await["type"], "next");
}

#[tokio::test]
async fn a_revoked_keys_sockets_are_closed() {
    let (app, store, server) = serving().await;
    let (db, clock, entropy) = (&app.app.db, &*app.app.clock, &app.app.entropy);
    let kind = emporia::api_key::model::KeyKind::Secret;
    let made =
        emporia::api_key::service::key_create(db, clock, entropy, store.tenant, &NewKey::unlimited(kind, "socket"))
            .await;
    let (info, key) = made.expect("a key");
    let mut socket = Socket::with_key(&server, key.reveal()).await;
    let mut kept = Socket::with_key(&server, &store.secret).await;
    emporia::api_key::service::key_revoke(db, clock, &app.app.resolver, info.id).await.expect("revoked");
    let since = std::time::Instant::now();
    assert_eq!(socket.closed().await.0, 4403);
    assert!(since.elapsed() < std::time::Duration::from_secs(1), "{:?}", since.elapsed());
    kept.subscribe("1", PING).await;
    assert_eq!(kept.hear().await["type"], "next");
}

#[tokio::test]
async fn a_socket_ends_with_its_key() {
    let (app, store, server) = serving().await;
    let (db, clock, entropy) = (&app.app.db, &*app.app.clock, &app.app.entropy);
    let kind = emporia::api_key::model::KeyKind::Secret;
    let end = Some(clock.now() + chrono::Duration::seconds(1));
    let new = NewKey { expires_at: end, ..NewKey::unlimited(kind, "socket") };
    let made = emporia::api_key::service::key_create(db, clock, entropy, store.tenant, &new).await;
    let mut socket = Socket::with_key(&server, made.expect("a key").1.reveal()).await;
    socket.subscribe("1", EVENTS).await;
    let mut kept = Socket::with_key(&server, &store.secret).await;
    app.clock.advance(chrono::Duration::seconds(1));
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 4403);
    assert!(reason.contains("has expired"), "{reason}");
    kept.subscribe("1", PING).await;
    assert_eq!(kept.hear().await["type"], "next");
}

#[tokio::test]
async fn a_process_that_stops_says_goodbye_to_its_sockets() {
    let (_app, store, mut server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    socket.subscribe("1", EVENTS).await;
    server.stop.cancel();
    assert_eq!(socket.closed().await.0, 1001);
    drop(socket);
    (&mut server.running).await.expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn a_process_that_stops_answers_a_sockets_mutation_first() {
    let (app, store, mut server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE carts").await;
    socket.subscribe("events", EVENTS).await;
    socket.subscribe("cart", "mutation { cartCreate { cart { id } } }").await;
    eventually("it is under way", || waiting(&app)).await;
    server.stop.cancel();
    lock.finish_when_waited_for().await;
    let next = socket.hear().await;
    assert_eq!((&next["type"], &next["id"]), (&json!("next"), &json!("cart")), "{next}");
    assert!(next["payload"]["data"]["cartCreate"]["cart"]["id"].is_string(), "{next}");
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "cart" }), "the subscription is not complete");
    assert_eq!(socket.closed().await.0, 1001);
    drop(socket);
    (&mut server.running).await.expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn a_process_that_stops_does_not_wait_for_its_sockets_for_ever() {
    let app = TestApp::with(&[("SHUTDOWN_TIMEOUT_MS", "1100")]).await;
    let store = app.store("acme").await;
    let mut server = app.serve().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE carts").await;
    socket.subscribe("cart", "mutation { cartCreate { cart { id } } }").await;
    eventually("it is under way", || waiting(&app)).await;
    server.stop.cancel();
    assert_eq!(socket.closed().await.0, 1001);
    (&mut server.running).await.expect("no panic").expect("an end");
    lock.finish_when_waited_for().await;
}

#[tokio::test]
async fn a_message_that_is_too_long_has_its_close_code() {
    let (_app, store, server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    socket.subscribe("1", &format!("{{ __typename }} # {}", "x".repeat(1 << 20))).await;
    assert_eq!(socket.closed().await.0, 1009);
}

#[tokio::test]
async fn a_subscription_by_a_fragment_hears_events() {
    let (app, store, server) = serving().await;
    for (id, query) in [
        (
            "spread",
            "subscription { ...f } fragment f on Subscription { orderEvents { ...e } } fragment e on OrderChange { topic }",
        ),
        ("inline", "subscription { ... on Subscription { orderEvents { topic } } }"),
    ] {
        let mut socket = Socket::with_key(&server, &store.secret).await;
        socket.subscribe(id, query).await;
        let hear = async {
            loop {
                crate::events::append(&app.app, &store, &[emporia::events::Topic::OrdersPaid]).await;
                emporia::worker::drain(&app.app).await.expect("a relay");
                if let Ok(said) = tokio::time::timeout(std::time::Duration::from_millis(50), socket.hear()).await {
                    break said;
                }
            }
        };
        let heard = hear.await;
        assert_eq!(heard["payload"]["data"]["orderEvents"]["topic"], "ORDERS_PAID", "{heard}");
    }
    let mut socket = Socket::with_key(&server, &store.secret).await;
    for query in [
        "subscription { ...f @include(if: true) } fragment f on Subscription { orderEvents { topic } }",
        "subscription { ... on QueryRoot { orderEvents { topic } } }",
    ] {
        socket.subscribe("refused", query).await;
        let message = socket.hear().await;
        assert_eq!(message["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{message}");
    }
}

#[tokio::test]
async fn another_subprotocol_is_refused() {
    let (_app, _store, server) = serving().await;
    let answer = reqwest::Client::new()
        .get(server.url("/graphql"))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "graphql-ws")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn a_process_and_a_tenant_have_only_so_many_sockets() {
    let app = TestApp::with(&[("WS_MAX_SOCKETS", "2"), ("WS_MAX_SOCKETS_PER_TENANT", "1")]).await;
    let [first, second, third] = [app.store("a").await, app.store("b").await, app.store("c").await];
    let server = app.serve().await;
    // Who has not said who he is takes none of the places.
    let _silent =
        [Socket::open(&server, &[]).await, Socket::open(&server, &[]).await, Socket::open(&server, &[]).await];
    let refused = async |store: &Store| {
        let mut socket = Socket::open(&server, &[]).await;
        socket.say(json!({ "type": "connection_init", "payload": { "x-api-key": store.secret } })).await;
        socket.closed().await.0
    };
    let _first = Socket::with_key(&server, &first.secret).await;
    assert_eq!(refused(&first).await, 4429);
    let _second = Socket::with_key(&server, &second.secret).await;
    assert_eq!(refused(&third).await, 1013);
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_gone() {
    let app = TestApp::with(&[("WS_PING_INTERVAL_MS", "50")]).await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let mut answering = Socket::with_key(&server, &store.secret).await;
    let silent = Socket::with_key(&server, &store.secret).await;
    // Read without the protocol, nothing is answered.
    let heard = silent.read_to_end();
    let answered = async {
        loop {
            answering.subscribe("1", PING).await;
            assert_eq!(answering.hear().await["type"], "next");
            assert_eq!(answering.hear().await["type"], "complete");
        }
    };
    let heard = tokio::select! { heard = heard => heard, () = answered => unreachable!("it goes on for ever") };
    const EMPTY_PING: [u8; 2] = [0x89, 0];
    assert_eq!(heard, EMPTY_PING, "one ping, and the end");
}

/// Several hundred kilobytes.
const LONG: &str = "{ __schema { types { name description fields { name description args { name description } } } } }";

#[tokio::test]
async fn a_client_that_does_not_read_is_told_to_come_back() {
    let app = TestApp::with(&[("WS_SEND_TIMEOUT_MS", "100")]).await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let lines = Lines::default();
    let _logging = lines.listen();
    let mut socket = Socket::of_a_slow_reader(&server, &store.secret).await;
    for id in 0..40 {
        socket.subscribe(&id.to_string(), LONG).await;
    }
    // Until then it makes megabytes.
    within(std::time::Duration::from_secs(60), "the server has lost its patience", || async {
        lines.text().contains("a socket is closed").then_some(())
    })
    .await;
    let mut heard = 0;
    let (code, reason) = loop {
        match socket.said_or_closed().await {
            Ok(_) => heard += 1,
            Err(closed) => break closed,
        }
    };
    assert!(heard < 80, "not all of 40 answers and their ends");
    assert_eq!((code, reason.as_str()), (1013, "read too slowly; subscribe again from `after`"));
}

#[tokio::test]
async fn a_tenants_sockets_run_only_so_many_operations_together() {
    let app = TestApp::with(&[("WS_MAX_OPERATIONS_PER_TENANT", "2")]).await;
    let (acme, globex) = (app.store("acme").await, app.store("globex").await);
    let server = app.serve().await;
    let mut first = Socket::with_key(&server, &acme.secret).await;
    let mut second = Socket::with_key(&server, &acme.secret).await;
    first.subscribe("1", EVENTS).await;
    first.subscribe("2", EVENTS).await;
    // What is said on one socket is heard in order: both have begun.
    first.subscribe("3", PING).await;
    assert_eq!(first.hear().await["payload"][0]["extensions"]["code"], "THROTTLED");
    second.subscribe("1", PING).await;
    let refused = second.hear().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("THROTTLED"))
    );
    let mut other = Socket::with_key(&server, &globex.secret).await;
    other.subscribe("1", PING).await;
    assert_eq!(other.hear().await["type"], "next");
    first.say(json!({ "type": "complete", "id": "1" })).await;
    first.subscribe("4", PING).await;
    assert_eq!(first.hear().await["type"], "next", "there is room again");
}

#[tokio::test]
async fn a_subscription_has_one_root_field() {
    let (_app, store, server) = serving().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    socket.subscribe("1", "subscription { a: orderEvents { topic } b: orderEvents { topic } }").await;
    let message = socket.hear().await;
    assert_eq!(message["type"], "error", "{message}");
    assert_eq!(message["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
}
