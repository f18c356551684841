//! What tests stand on.

mod app;
mod crash;
mod db;
pub mod forms;
mod gateway;
mod goods;
mod http;
pub mod node;
mod process;
mod receiver;
mod shopping;
mod ws;

pub use app::{Store, TestApp, start};
pub use crash::{Uncommitted, dropped_after, polled, settled};
pub use db::{TestDb, admin, redis_url, sessions};
pub use gateway::TestGateway;
pub use goods::Goods;
pub use http::{Answer, TestServer};
pub use process::Process;
pub use receiver::{Receiver, Reply};
pub use shopping::{Shopping, variant};
pub use ws::Socket;

use std::future::Future;
use std::time::{Duration, Instant};

/// Asks again until `check` answers something, for what happens in another process. Panics after ten seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut check: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < deadline, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
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
