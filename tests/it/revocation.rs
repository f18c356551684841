//! What is under way when its key is revoked or its tenant suspended.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::{key_create, key_revoke};
use emporia::app::App;
use emporia::tenant::service::tenant_set_suspended;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::{Events, Socket, Store, TestApp, TestServer, Uncommitted, eventually, redis_url};
use crate::tenancy::count;

/// A key beside the store's own two.
pub async fn spare_key(app: &App, store: &Store) -> (Uuid, String) {
    let new = NewKey::unlimited(KeyKind::Secret, "spare");
    let made = key_create(&app.db, &*app.clock, &app.entropy, store.tenant, &new).await;
    let (info, key) = made.expect("a key");
    (info.id, key.reveal().to_owned())
}

async fn revoke(app: &App, key: Uuid) {
    assert!(key_revoke(&app.db, &*app.clock, &app.resolver, key).await.expect("revoked"));
}

fn page_create(title: &str) -> String {
    format!("mutation {{ pageCreate(page: {{ title: \"{title}\" }}) {{ page {{ id }} userErrors {{ message }} }} }}")
}

async fn pages(app: &TestApp) -> i64 {
    count(&mut crate::support::admin(&app.db.name).await, "SELECT count(*) AS n FROM pages").await
}

/// Sends a request of which the body is withheld until the guard has let it in and `meanwhile` is done; answers the
/// response.
async fn withheld(server: &TestServer, key: &str, body: &str, meanwhile: impl Future<Output = ()>) -> String {
    let mut client = TcpStream::connect(server.address).await.expect("a connection");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         accept: application/graphql-response+json\r\nexpect: 100-continue\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let (first, rest) = body.split_at(5);
    client.write_all(head.as_bytes()).await.expect("the head");
    // Said when the server wants the body: the guard has spoken.
    let mut go_on = [0; 25];
    client.read_exact(&mut go_on).await.expect("an answer to the head");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(first.as_bytes()).await.expect("a piece of the body");
    meanwhile.await;
    client.write_all(rest.as_bytes()).await.expect("the rest");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn a_body_that_comes_after_the_revocation_of_its_key_is_refused() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let (id, key) = spare_key(&app.app, &store).await;
    let one = json!({ "query": page_create("late") });
    let answer = withheld(&server, &key, &one.to_string(), async {}).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = withheld(&server, &key, &one.to_string(), revoke(&app.app, id)).await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("UNAUTHENTICATED"), "{answer}");
    let (id, key) = spare_key(&app.app, &store).await;
    let batch = json!([one, one]).to_string();
    let answer = withheld(&server, &key, &batch, revoke(&app.app, id)).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(pages(&app).await, 1, "made by the first request");
}

#[tokio::test]
async fn a_body_that_comes_after_its_tenants_suspension_is_refused() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let suspend = async {
        let (db, clock, resolver) = (&app.app.db, &*app.app.clock, &app.app.resolver);
        tenant_set_suspended(db, clock, resolver, store.tenant, true).await.expect("suspended");
    };
    let body = json!({ "query": page_create("late") }).to_string();
    let answer = withheld(&server, &store.secret, &body, suspend).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("the shop is suspended"), "{answer}");
    assert_eq!(pages(&app).await, 0);
}

#[tokio::test]
async fn a_change_that_does_not_concern_it_lets_a_body_through() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let (id, _) = spare_key(&app.app, &store).await;
    let body = json!({ "query": page_create("on time") }).to_string();
    let answer = withheld(&server, &store.secret, &body, revoke(&app.app, id)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(pages(&app).await, 1);
}

#[tokio::test]
async fn the_rest_of_a_batch_is_refused_when_its_key_is_revoked_in_between() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (id, key) = spare_key(&app.app, &store).await;
    let batch = json!([{ "query": page_create("first") }, { "query": page_create("second") }]);
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE pages IN SHARE MODE").await;
    let revoked = async {
        eventually("the first operation waits", || crate::support::waiting(&app)).await;
        revoke(&app.app, id).await;
        lock.finish_when_waited_for().await;
    };
    let (answer, ()) = tokio::join!(app.post_json(&key, &batch, &[]), revoked);
    assert_eq!(answer.status, StatusCode::OK, "it was let in");
    let answers = answer.json();
    assert!(answers[0]["data"]["pageCreate"]["page"]["id"].is_string(), "{answers}");
    assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answers}");
    assert_eq!(pages(&app).await, 1);
}

/// While the server waits for such a client, it can tell it nothing.
#[tokio::test]
async fn a_socket_whose_client_does_not_read_ends_with_its_key_all_the_same() {
    let app = TestApp::with(&[("WS_MAX_SOCKETS", "1")]).await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let (id, key) = spare_key(&app.app, &store).await;
    let mut deaf = Socket::with_key(&server, &key).await;
    let long = "x".repeat(900_000);
    let ping = json!({ "type": "ping", "payload": { "say": long } });
    // Every pong has as many bytes: when the client can send no more, the server is waiting for it to read.
    while timeout(Duration::from_millis(250), deaf.say(ping.clone())).await.is_ok() {}
    revoke(&app.app, id).await;
    let since = Instant::now();
    eventually("its place is free", || async {
        let mut next = Socket::open(&server, &[]).await;
        next.say(json!({ "type": "connection_init", "payload": { "x-api-key": store.secret } })).await;
        next.said().await.is_some_and(|said| said["type"] == "connection_ack").then_some(())
    })
    .await;
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

/// Whoever revokes is in another process, and Redis tells. The second is what is promised, and far more than a notice
/// takes; what a process remembers, and what it finds out by itself without notices, would last longer.
#[tokio::test]
async fn sockets_and_streams_of_every_process_end_within_a_second_of_the_revocation_in_one() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let processes = [test.beside(&redis_url(), 8).await, test.beside(&redis_url(), 9).await];
    let servers = [TestServer::of(processes[0].clone()).await, TestServer::of(processes[1].clone()).await];
    let (id, key) = spare_key(&processes[0], &store).await;
    let follow = "subscription { orderEvents { topic } }";
    let (mut sockets, mut streams, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for server in &servers {
        let mut socket = Socket::with_key(server, &key).await;
        socket.subscribe("1", follow).await;
        sockets.push(socket);
        streams.push(Events::open(server, &key, follow).await);
        kept.push(Socket::with_key(server, &store.secret).await);
    }
    revoke(&processes[0], id).await;
    let ended = async {
        for socket in &mut sockets {
            assert_eq!(socket.closed().await.0, 4403);
        }
        for stream in streams {
            let said = stream.rest().await;
            assert!(said.contains("UNAUTHENTICATED") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
        }
    };
    timeout(Duration::from_secs(1), ended).await.expect("within a second");
    for socket in &mut kept {
        socket.subscribe("1", "{ __typename }").await;
        assert_eq!(socket.hear().await["type"], "next", "no other key's are closed");
    }
}

/// `emporia key revoke` beside `serve --single-process`: they share the database and nothing else, and nobody tells.
#[tokio::test]
async fn a_command_that_revokes_a_key_without_redis_ends_what_is_open_with_it() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let (id, key) = spare_key(&app.app, &store).await;
    let follow = "subscription { orderEvents { topic } }";
    let mut socket = Socket::with_key(&server, &key).await;
    socket.subscribe("1", follow).await;
    let stream = Events::open(&server, &key, follow).await;
    let mut kept = Socket::with_key(&server, &store.secret).await;
    let [url, platform] = ["emporia_app", "emporia_platform"].map(|role| app.db.url(role));
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_emporia"));
    command.args(["key", "revoke", &id.to_string()]).env_clear();
    command.env("DATABASE_URL", url).env("DATABASE_PLATFORM_URL", platform);
    let done = command.output().await.expect("the binary runs");
    assert!(done.status.success(), "{done:?}");
    // Of the request that comes next as well: what was believed before is so for half a second.
    let refused = async {
        let body = json!({ "query": "{ __typename }" });
        eventually("401", async || {
            (app.post_json(&key, &body, &[]).await.status == StatusCode::UNAUTHORIZED).then_some(())
        })
        .await;
        assert_eq!(socket.closed().await.0, 4403);
        let said = stream.rest().await;
        assert!(said.contains("UNAUTHENTICATED") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
    };
    timeout(Duration::from_secs(1), refused).await.expect("within a second");
    kept.subscribe("1", "{ __typename }").await;
    assert_eq!(kept.hear().await["type"], "next", "no other key's are closed");
}
