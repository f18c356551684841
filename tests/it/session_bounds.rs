//! What our connection bounds: how much a transaction reads, and how long connecting takes.

use std::time::Duration;

use diesel_async::RunQueryDsl;
use emporia::db::Db;
use emporia::error::Fault;
use emporia::ids::TenantId;
use tokio::io::AsyncReadExt;
use tokio::join;
use uuid::Uuid;

use crate::session::{alone, backend, generate_series, number, repeat};

#[tokio::test]
async fn a_transaction_that_reads_more_than_memory_bears_ends_and_says_so() {
    let (_test, _db, tenant) = alone().await;
    let rows = |bytes: i32| {
        tenant.read(async move |conn| {
            let rows = diesel::select((generate_series(1, bytes / 100_000), repeat("x", 100_000)));
            let half: Vec<(i32, String)> = rows.load(conn).await?;
            let before = backend(conn).await?;
            let other: Vec<(i32, String)> = rows.load(conn).await?;
            Ok::<_, Fault>((half.len() + other.len(), before))
        })
    };
    let (len, before) = rows(33_000_000).await.expect("as much as that may be read");
    assert_eq!(len, 660);
    let told = rows(34_000_000).await.expect_err("more than 64 MiB");
    assert!(matches!(told, Fault::TooMuch), "{told}");
    let (len, after) = rows(33_000_000).await.expect("each transaction has an account of its own");
    assert_eq!(len, 660);
    assert_ne!(before, after, "what the server had still to say is not listened to");
}

#[tokio::test]
async fn a_server_that_takes_connections_and_says_nothing_is_left_alone() {
    let (test, _db, _) = alone().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut config = test.config(&[("DATABASE_ACQUIRE_TIMEOUT_MS", "100")]).database;
    config.url = format!("postgres://a@{}/x?connect_timeout=1", silent.local_addr().expect("bound"));
    let db = Db::new(&config);
    let tenant = db.tenant(TenantId(Uuid::from_u128(1)));
    let read = tenant.read(async |conn| Ok::<_, Fault>(number(conn, 1).await?));
    let (read, accepted) = join!(read, silent.accept());
    assert!(matches!(read, Err(Fault::Pool(_))), "whoever waits is told after DATABASE_ACQUIRE_TIMEOUT_MS");
    let (mut connection, _) = accepted.expect("a connection");
    // The attempt itself ends too, and gives its place in the pool back.
    let said = tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut Vec::new())).await;
    said.expect("it does not wait for ever").expect("a greeting and an end");
}
