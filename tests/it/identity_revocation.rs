//! Sessions that end: in every process within a second, whatever becomes of Redis, and with the sockets that they opened.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use emporia::app::App;
use emporia::cache::MemoryShared;
use emporia::clock::Entropy;
use emporia::tenant::resolve::Refusal;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::guard::{OwnRedis, within_a_second};
use crate::identity_attacks::Stage;
use crate::support::{Member, Socket, Store, TestApp, TestServer, eventually, redis_url};

async fn is_let_in(app: &App, token: &str) -> bool {
    match app.resolver.by_token(token).await {
        Ok(_) => true,
        Err(Refusal::SessionEnded) => false,
        Err(other) => panic!("{other}"),
    }
}

/// A member who signs out by one process and whom another knows.
async fn two_processes() -> (TestApp, OwnRedis, Store, Member, App, App) {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let redis = OwnRedis::start().await;
    let (first, second) = (test.beside(&redis.url(), 8).await, test.beside(&redis.url(), 9).await);
    let member = test.member(&store, "ada@shop.example", "owner").await;
    for app in [&first, &second] {
        assert!(is_let_in(app, &member.access_token).await);
    }
    (test, redis, store, member, first, second)
}

/// Signs out by a request to this process.
async fn sign_out(app: &App, member: &Member) {
    let server = TestServer::of(app.clone()).await;
    let answer = reqwest::Client::new()
        .post(server.url("/graphql"))
        .bearer_auth(&member.access_token)
        .header("content-type", "application/json")
        .body(r#"{"query":"mutation { staffSignOut { userErrors { code } } }"}"#)
        .send()
        .await
        .expect("an answer");
    let answer: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    assert_eq!(answer["data"]["staffSignOut"]["userErrors"], json!([]), "{answer}");
}

#[tokio::test]
async fn a_revoked_session_is_refused_by_every_process_within_a_second() {
    let (test, _redis, store, member, first, second) = two_processes().await;
    let other = test.sign_in(&store, "ada@shop.example").await;
    sign_out(&first, &member).await;
    assert!(!is_let_in(&first, &member.access_token).await);
    within_a_second("refusal", || async { !is_let_in(&second, &member.access_token).await }).await;
    assert!(is_let_in(&second, &other.access_token).await, "no other session is");
}

#[tokio::test]
async fn a_redis_that_is_emptied_or_starts_anew_revives_no_session() {
    let (test, mut redis, store, member, first, second) = two_processes().await;
    redis.say(&["SAVE"]).await;
    sign_out(&first, &member).await;
    within_a_second("refusal", || async { !is_let_in(&second, &member.access_token).await }).await;
    redis.say(&["FLUSHALL"]).await;
    let third = test.beside(&redis.url(), 10).await;
    for app in [&first, &second, &third] {
        assert!(!is_let_in(app, &member.access_token).await);
    }
    redis.stop();
    redis.start_again();
    let other = test.sign_in(&store, "ada@shop.example").await;
    for app in [&first, &second, &third] {
        eventually("notices arrive again", || async { app.shared.is_listening().then_some(()) }).await;
        assert!(!is_let_in(app, &member.access_token).await, "the snapshot has it open");
        assert!(is_let_in(app, &other.access_token).await);
    }
}

#[tokio::test]
async fn a_revocation_beats_a_reader_that_is_about_to_store_what_it_found() {
    let (_test, redis, store, member, first, second) = two_processes().await;
    let session = member.session_id.rsplit('/').next().expect("an id");
    let entry = redis.entry(&format!("session:{}:{session}", store.tenant)).await;
    let open = redis.text(&["GET", &entry]).await;
    sign_out(&first, &member).await;
    redis.say(&["SET", &entry, &open, "NX"]).await;
    within_a_second("refusal", || async { !is_let_in(&second, &member.access_token).await }).await;
}

#[tokio::test]
async fn what_redis_keeps_of_a_session_opens_nothing() {
    let (_test, redis, store, member, _first, _second) = two_processes().await;
    let session = member.session_id.rsplit('/').next().expect("an id");
    let entry = redis.entry(&format!("session:{}:{session}", store.tenant)).await;
    let kept: Value = serde_json::from_str(&redis.text(&["GET", &entry]).await).expect("JSON");
    let names: Vec<&String> = kept.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["expires_at", "role", "staff_id"]);
}

#[tokio::test]
async fn without_redis_another_processs_revocation_is_known_within_a_second() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let member = test.member(&store, "ada@shop.example", "owner").await;
    let other = App::assemble((*test.app.config).clone(), MemoryShared::new(), test.clock.clone(), Entropy::seeded(9));
    assert!(is_let_in(&other, &member.access_token).await && is_let_in(&test.app, &member.access_token).await);
    sign_out(&other, &member).await;
    within_a_second("refusal", || async { !is_let_in(&test.app, &member.access_token).await }).await;
}

async fn socket(server: &TestServer, authorization: &str) -> Socket {
    let mut socket = Socket::open(server, &[]).await;
    socket.say(json!({ "type": "connection_init", "payload": { "Authorization": authorization } })).await;
    assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
    socket
}

#[tokio::test]
async fn sockets_of_every_process_end_within_a_second_of_the_revocation_in_one() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let member = test.member(&store, "ada@shop.example", "owner").await;
    let kept = test.sign_in(&store, "ada@shop.example").await;
    let processes = [test.beside(&redis_url(), 8).await, test.beside(&redis_url(), 9).await];
    let servers = [TestServer::of(processes[0].clone()).await, TestServer::of(processes[1].clone()).await];
    let (mut ending, mut staying) = (Vec::new(), Vec::new());
    for server in &servers {
        let mut one = socket(server, &format!("Bearer {}", member.access_token)).await;
        one.subscribe("1", "subscription { orderEvents { topic } }").await;
        ending.push(one);
        staying.push(socket(server, &format!("bearer {}", kept.access_token)).await);
    }
    sign_out(&processes[0], &member).await;
    let ended = async {
        for socket in &mut ending {
            let (code, reason) = socket.closed().await;
            assert_eq!((code, reason.as_str()), (4403, "the session has ended: sign in again"));
        }
    };
    timeout(Duration::from_secs(1), ended).await.expect("within a second");
    for socket in &mut staying {
        socket.subscribe("1", "{ currentStaffMember { email } }").await;
        assert_eq!(socket.hear().await["payload"]["data"]["currentStaffMember"]["email"], "ada@shop.example");
    }
}

#[tokio::test]
async fn a_socket_ends_with_its_access_token() {
    let stage = Stage::set().await;
    let server = stage.app.serve().await;
    // For who signs, a token that lives for a second of the machine's clock.
    let exp = stage.claims["iat"].as_i64().expect("a time") + 1;
    let short = stage.signed(|claims| claims["exp"] = json!(exp));
    let mut ending = socket(&server, &format!("Bearer {short}")).await;
    ending.subscribe("1", "subscription { orderEvents { topic } }").await;
    let mut staying = socket(&server, &format!("Bearer {}", stage.owner.access_token)).await;
    stage.app.clock.advance(TimeDelta::seconds(1));
    let since = Instant::now();
    let (code, reason) = ending.closed().await;
    assert_eq!(code, 4403);
    assert!(reason.contains("has expired"), "{reason}");
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    staying.subscribe("1", "{ __typename }").await;
    assert_eq!(staying.hear().await["type"], "next");
}

#[tokio::test]
async fn a_stream_of_events_ends_with_its_access_token() {
    let stage = Stage::set().await;
    let server = stage.app.serve().await;
    let exp = stage.claims["iat"].as_i64().expect("a time") + 1;
    let short = stage.signed(|claims| claims["exp"] = json!(exp));
    let answer = reqwest::Client::new()
        .post(server.url("/graphql"))
        .bearer_auth(short)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(r#"{"query":"subscription { orderEvents { topic } }"}"#)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    stage.app.clock.advance(TimeDelta::seconds(1));
    let said = timeout(Duration::from_secs(10), answer.text()).await.expect("an end").expect("a text");
    assert!(said.contains("UNAUTHENTICATED") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
}

/// A member who follows the orders by a role of the shop's own, and what the role is to become.
async fn follower(stage: &Stage) -> (Member, impl AsyncFn(Value) + use<'_>) {
    let create = r#"mutation { roleCreate(input: { handle: "packer", name: "Packer", accessScopes: ["read_orders"] }) {
        role { id } } }"#;
    let key = &stage.store.secret;
    let id = stage.app.gql(key, create, json!({})).await["roleCreate"]["role"]["id"].take();
    let member = stage.app.member(&stage.store, "pia@shop.example", "packer").await;
    let becomes = async move |scopes: Value| {
        let update = "mutation ($id: ID!, $scopes: [String!]!) {
            roleUpdate(id: $id, input: { accessScopes: $scopes }) { userErrors { message } } }";
        let done = stage.app.gql(key, update, json!({ "id": id, "scopes": scopes })).await;
        assert_eq!(done["roleUpdate"]["userErrors"], json!([]));
    };
    (member, becomes)
}

#[tokio::test]
async fn a_subscription_ends_when_its_member_may_no_longer_read_what_it_tells() {
    let stage = Stage::set().await;
    let server = stage.app.serve().await;
    let (member, becomes) = follower(&stage).await;
    let mut socket = socket(&server, &format!("Bearer {}", member.access_token)).await;
    socket.subscribe("1", "subscription { orderEvents { topic } }").await;
    let stream = reqwest::Client::new()
        .post(server.url("/graphql"))
        .bearer_auth(&member.access_token)
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(r#"{"query":"subscription { orderEvents { topic } }"}"#)
        .send()
        .await
        .expect("an answer");
    // Another permission more or less changes nothing.
    becomes(json!(["read_orders", "read_products"])).await;
    socket.subscribe("2", "{ viewer { permissions { handle } } }").await;
    let seen = socket.hear().await;
    assert_eq!((&seen["id"], &seen["type"]), (&json!("2"), &json!("next")), "{seen:#}");
    assert_eq!(socket.hear().await["type"], "complete");
    becomes(json!(["read_products"])).await;
    let ended = timeout(Duration::from_secs(10), socket.hear()).await.expect("an end");
    assert_eq!(ended["id"], "1", "{ended:#}");
    assert!(ended.to_string().contains("FORBIDDEN") && ended.to_string().contains("read_orders"), "{ended:#}");
    let said = timeout(Duration::from_secs(10), stream.text()).await.expect("an end").expect("a text");
    assert!(said.contains("FORBIDDEN") && said.ends_with("event: complete\ndata: \n\n"), "{said}");
}

#[tokio::test]
async fn a_socket_whose_credentials_are_not_good_is_closed() {
    let stage = Stage::set().await;
    let other = stage.app.store("other").await;
    let server = stage.app.serve().await;
    let good = format!("Bearer {}", stage.owner.access_token);
    for payload in [
        json!({ "authorization": "Bearer rubbish" }),
        json!({ "authorization": 7 }),
        json!({ "authorization": good, "x-api-key": other.secret }),
        json!({ "authorization": stage.signed(|claims| claims["exp"] = json!(0)) }),
    ] {
        let mut socket = Socket::open(&server, &[]).await;
        socket.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.closed().await.0, 4403, "{payload}");
    }
    // The upgrade's own header counts where the payload says nothing.
    let mut quiet = Socket::open(&server, &[]).await;
    quiet.say(json!({ "type": "connection_init" })).await;
    assert_eq!(quiet.closed().await.0, 4403);
}
