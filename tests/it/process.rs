//! The long-running commands as operators run them: started, used, asked to stop.

use std::process::ExitStatus;
use std::time::Duration;

use emporia::app::App;
use emporia::cache::RedisShared;
use emporia::clock::Entropy;
use emporia::error::Fault;
use emporia::events::{Topic, store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Process, TestApp, eventually, redis_url};

/// What the process needs to know.
fn settings(test: &TestApp) -> [(&'static str, String); 3] {
    let [app, platform] = ["emporia_app", "emporia_platform"].map(|role| test.db.url(role));
    [("DATABASE_URL", app), ("DATABASE_PLATFORM_URL", platform), ("REDIS_URL", redis_url())]
}

fn as_text<'a>(settings: &'a [(&'static str, String); 3]) -> [(&'static str, &'a str); 3] {
    settings.each_ref().map(|(name, value)| (*name, value.as_str()))
}

async fn end(process: &mut Process) -> ExitStatus {
    let process = std::cell::RefCell::new(process);
    eventually("it ends", || async { process.borrow_mut().ended() }).await
}

#[tokio::test]
async fn serve_answers_and_ends_with_what_was_begun() {
    let test = TestApp::new().await;
    let key = test.store("acme").await.publishable;
    let (mut serve, address) = Process::serve(&as_text(&settings(&test)));
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

#[tokio::test]
async fn a_worker_publishes_and_ends_in_order() {
    let test = TestApp::new().await;
    let shop = test.store("acme").await;
    let shared = RedisShared::connect(&redis_url()).await.expect("Redis");
    let app = App::assemble((*test.app.config).clone(), shared, test.clock.clone(), Entropy::seeded(9));
    let mut worker = Process::worker(&as_text(&settings(&test)));
    crate::events::append(&app, &shop, &[Topic::OrdersPaid]).await;
    let position = async || {
        app.db.tenant(shop.tenant).read::<_, Fault, _>(async |conn| Ok(store::last_position(conn).await?)).await
    };
    eventually("it is published", || async { position().await.is_ok_and(|position| position > 0).then_some(()) }).await;
    worker.terminate();
    assert_eq!(end(&mut worker).await.code(), Some(0));
}
