//! The long-running commands as operators run them: started, used, asked to stop.

use std::net::SocketAddr;
use std::process::{ExitStatus, Output};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use emporia::error::Fault;
use emporia::events::{Topic, store};
use reqwest::header;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

use crate::cli::emporia;
use crate::support::{Process, TestApp, eventually, redis_url};

/// What the process needs to know.
fn settings(test: &TestApp) -> [(&'static str, String); 3] {
    let [app, platform] = ["emporia_app", "emporia_platform"].map(|role| test.db.url(role));
    [("DATABASE_URL", app), ("DATABASE_PLATFORM_URL", platform), ("REDIS_URL", redis_url())]
}

fn as_text<'a>(settings: &'a [(&'static str, String); 3]) -> [(&'static str, &'a str); 3] {
    settings.each_ref().map(|(name, value)| (*name, value.as_str()))
}

/// `emporia serve` that waits for so many milliseconds between being asked to stop and closing.
fn serve(test: &TestApp, delay: &str) -> (Process, SocketAddr) {
    let settings = settings(test);
    Process::serve(&[&as_text(&settings)[..], &[("SHUTDOWN_DELAY_MS", delay)]].concat())
}

async fn end(process: &mut Process) -> ExitStatus {
    let process = std::cell::RefCell::new(process);
    eventually("it ends", || async { process.borrow_mut().ended() }).await
}

#[tokio::test]
async fn serve_answers_and_ends_with_what_was_begun() {
    let test = TestApp::new().await;
    let key = test.store("acme").await.publishable;
    let (mut serve, address) = serve(&test, "0");
    let ready = reqwest::get(format!("http://{address}/readyz")).await.expect("an answer");
    assert_eq!(ready.status(), 200);

    // The body is asked for: the request is under way when the process is told to stop.
    let body = r#"{"query":"{ __typename }"}"#;
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).await.expect("an interim answer");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    serve.terminate();
    eventually("nobody else gets in", || async { TcpStream::connect(address).await.err() }).await;
    connection.write_all(body.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(5), connection.read_to_string(&mut answer))
        .await
        .expect("in time")
        .expect("an end");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("QueryRoot"), "{answer}");
    assert_eq!(end(&mut serve).await.code(), Some(0));
}

/// Long enough that nobody lives to see its end.
const AN_HOUR: &str = "3600000";

#[tokio::test]
async fn one_that_is_asked_to_stop_is_not_ready_and_answers_on() {
    let test = TestApp::new().await;
    let key = test.store("acme").await.publishable;
    let (mut process, address) = serve(&test, AN_HOUR);
    let ready = format!("http://{address}/readyz");
    assert!(asked(&ready).status.success());
    // One connection, kept: it is told to end, not cut off.
    let client = reqwest::Client::new();
    let query = async || ask(&client, address, &key, "{ __typename }").await.expect("an answer");
    assert_eq!(query().await.headers().get(header::CONNECTION), None);

    process.terminate();
    let stopping = async || {
        let response = client.get(&ready).send().await.expect("an answer");
        (response.status() == 503).then_some(response.text().await.expect("a word"))
    };
    assert_eq!(eventually("it is not ready", stopping).await, "stopping");
    let answered = query().await;
    assert_eq!(answered.headers()[header::CONNECTION], "close");
    let body = answered.text().await.expect("a body");
    assert!(body.starts_with(r#"{"data":{"__typename":"QueryRoot"}"#), "{body}");
    let refused = asked(&ready);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("answers 503 Service Unavailable: stopping"), "{said}");

    process.terminate();
    assert_eq!(end(&mut process).await.code(), Some(130), "a second time ends it on the spot");
    let gone = asked(&ready);
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains(&ready));
}

/// `emporia health` of a URL.
fn asked(url: &str) -> Output {
    emporia(&["health", url], &[])
}

async fn ask(client: &reqwest::Client, to: SocketAddr, key: &str, query: &str) -> reqwest::Result<reqwest::Response> {
    let body = json!({ "query": query });
    let request = client.post(format!("http://{to}/graphql")).header("x-api-key", key);
    request.header(header::CONTENT_TYPE, "application/json").body(body.to_string()).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_processes_are_renewed_in_their_order_and_every_request_is_answered() {
    // Longer than a client of this test may be kept from the processor between asking who is ready and asking him.
    const DELAY: &str = "3000";
    let test = TestApp::new().await;
    let key = test.store("acme").await.publishable;
    let start = || block_in_place(|| serve(&test, DELAY));
    let mut running = [start(), start()];
    let behind = Arc::new(RwLock::new(running.each_ref().map(|(_, address)| *address)));
    let (done, client) = (CancellationToken::new(), reqwest::Client::new());
    let clients: Vec<_> = (0..4)
        .map(|turn| {
            let (behind, done, client, key) = (behind.clone(), done.clone(), client.clone(), key.clone());
            tokio::spawn(async move {
                let mut answered = 0;
                while !done.is_cancelled() {
                    let to = ready_one(&client, &behind, turn + answered).await;
                    let response = ask(&client, to, &key, "mutation { cartCreate { cart { id } } }").await;
                    let text = response.expect("an answer").text().await.expect("a body");
                    let body: Value = serde_json::from_str(&text).expect("JSON");
                    assert!(body["data"]["cartCreate"]["cart"]["id"].is_string(), "{body}");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    // What the next version brings: its migration first, then workers, then the API.
    let start_worker = || {
        let listen = [("METRICS_LISTEN", "127.0.0.1:0")];
        block_in_place(|| Process::worker_with_metrics(&[&as_text(&settings(&test))[..], &listen].concat()).0)
    };
    let mut worker = start_worker();
    let mut owner = AsyncPgConnection::establish(&test.db.url("emporia_owner")).await.expect("the owner");
    let migration = "SET lock_timeout = '5s'; ALTER TABLE carts ADD COLUMN of_the_next_version text;
        CREATE TABLE of_the_next_version (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
        CALL platform.isolate('of_the_next_version', 'SELECT')";
    owner.batch_execute(migration).await.expect("a migration beside requests");
    worker.terminate();
    assert_eq!(end(&mut worker).await.code(), Some(0));
    let _successor = start_worker();
    for (place, (process, _)) in running.iter_mut().enumerate() {
        process.terminate();
        assert_eq!(end(process).await.code(), Some(0));
        let (successor, address) = start();
        *process = successor;
        // As operators do: the next one is stopped when this one's successor is ready.
        eventually("it is ready", || async { is_ready(&client, address).await.then_some(()) }).await;
        behind.write().expect("whole")[place] = address;
    }
    done.cancel();
    let mut answered = Vec::new();
    for client in clients {
        answered.push(client.await.expect("every request answered"));
    }
    assert!(answered.iter().all(|count| *count > 1), "{answered:?}");
}

/// As a load balancer does: one that says it is ready, in turns.
async fn ready_one(client: &reqwest::Client, behind: &RwLock<[SocketAddr; 2]>, turn: usize) -> SocketAddr {
    let look = || async {
        // Looked up each time: the one that was told of a moment ago may be gone.
        let [one, other] = *behind.read().expect("whole");
        for address in if turn.is_multiple_of(2) { [one, other] } else { [other, one] } {
            if is_ready(client, address).await {
                return Some(address);
            }
        }
        None
    };
    eventually("one is ready", look).await
}

async fn is_ready(client: &reqwest::Client, address: SocketAddr) -> bool {
    let answer = client.get(format!("http://{address}/readyz")).send().await;
    answer.is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test]
async fn a_worker_publishes_and_ends_in_order() {
    let test = TestApp::new().await;
    let shop = test.store("acme").await;
    let app = test.beside(&redis_url(), 9).await;
    let mut worker = Process::worker(&as_text(&settings(&test)));
    crate::events::append(&app, &shop, &[Topic::OrdersPaid]).await;
    let position = async || {
        app.db.tenant(shop.tenant).read::<_, Fault, _>(async |conn| Ok(store::last_position(conn).await?)).await
    };
    eventually("it is published", || async { position().await.is_ok_and(|position| position > 0).then_some(()) }).await;
    worker.terminate();
    assert_eq!(end(&mut worker).await.code(), Some(0));
}
