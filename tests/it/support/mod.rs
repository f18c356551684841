//! What tests stand on.

mod app;
mod cluster;
mod crash;
mod customers;
mod db;
pub mod forms;
mod gateway;
mod goods;
mod http;
pub mod issuer;
mod mailbox;
pub mod node;
mod operators;
mod process;
pub mod python;
mod receiver;
mod shopping;
mod sse;
mod staff;
mod statements;
pub mod stripe;
mod ws;
mod zone;

pub use app::{Store, TestApp, start};
pub use cluster::{Cluster, Stop};
pub use crash::{Uncommitted, dropped_after, leases_end, polled, settled};
pub use customers::{Account, PASSWORD};
pub use db::{TestDb, admin, migrated, redis_url, server, sessions};
pub use gateway::TestGateway;
pub use goods::Goods;
pub use http::{Answer, TestServer};
pub use issuer::Issuer;
pub use mailbox::{Mailbox, Proof};
pub use operators::Operator;
pub use process::Process;
pub use receiver::{Received, Receiver, Reply};
pub use shopping::{Shopping, variant};
pub use sse::Events;
pub use staff::{Member, PASSWORD as STAFF_PASSWORD, Post, SIGN_IN};
pub use statements::{Statements, statements_of};
pub use stripe::{Billing, StripeDouble, Trouble};
pub use ws::Socket;
pub use zone::Zone;

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks again until `check` answers something, for what happens in another process. Panics after ten seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, check: impl FnMut() -> F) -> T {
    within(Duration::from_secs(30), what, check).await
}

/// The same for what may take longer.
pub async fn within<T, F: Future<Output = Option<T>>>(
    patience: Duration,
    what: &str,
    mut check: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < deadline, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A free port for a server that will be away for a while: none of those that outgoing connections are given, of which
/// one that is made meanwhile could take it, or even meet itself there.
pub fn steady_port() -> u16 {
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let random = || 10_000 + (uuid::Uuid::now_v7().as_u128() % 20_000) as u16;
    std::iter::repeat_with(random).find(is_free).expect("a free port")
}

/// Some when a statement of this database waits for another transaction.
pub async fn waiting(app: &TestApp) -> Option<()> {
    #[derive(diesel::QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let sql = "SELECT count(*) AS count FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut admin = admin(&app.db.name).await;
    let waiting: Waiting =
        diesel_async::RunQueryDsl::get_result(diesel::sql_query(sql), &mut admin).await.expect("a count");
    (waiting.count > 0).then_some(())
}
