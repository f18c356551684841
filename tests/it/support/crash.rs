//! Work that is broken off in the middle.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;

use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{admin, eventually, sessions};

/// Polls the future so many times; true when it was finished by then.
pub async fn polled(polls: usize, mut future: Pin<&mut impl Future>) -> bool {
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Polls the future so many times and drops it then; true when it was finished by then.
pub async fn dropped_after(polls: usize, future: impl Future) -> bool {
    polled(polls, pin!(future)).await
}

/// Waits until the server has done with what dropped futures left on it.
pub async fn settled(database: &str) {
    eventually("the server has ended abandoned transactions", || async {
        (sessions(database, "state <> 'idle'").await == 0).then_some(())
    })
    .await;
}

/// Lets three minutes go by for what workers hold or wait for, in a database on which none works: every lease is over
/// then, everything that was set for later is due.
pub async fn leases_end(admin: &mut AsyncPgConnection) {
    for sql in [
        "UPDATE platform.outbox_ready SET due_at = due_at - interval '3 minutes',
            claimed_until = claimed_until - interval '3 minutes'",
        "UPDATE webhook_deliveries SET next_attempt_at = next_attempt_at - interval '3 minutes',
            claimed_until = claimed_until - interval '3 minutes' WHERE next_attempt_at IS NOT NULL",
        "UPDATE jobs SET run_at = run_at - interval '3 minutes', claimed_until = claimed_until - interval '3 minutes'
            WHERE run_at IS NOT NULL",
    ] {
        diesel::sql_query(sql).execute(admin).await.expect(sql);
    }
}

/// A change that is made but not committed.
pub struct Uncommitted {
    conn: AsyncPgConnection,
    database: String,
}

impl Uncommitted {
    pub async fn begin(database: &str, sql: &str) -> Self {
        let mut conn = admin(database).await;
        for sql in ["BEGIN", sql] {
            diesel::sql_query(sql).execute(&mut conn).await.expect(sql);
        }
        Self { conn, database: database.to_owned() }
    }

    pub async fn commit(&mut self) {
        diesel::sql_query("COMMIT").execute(&mut self.conn).await.expect("committed");
    }

    /// Commits once somebody waits for it.
    pub async fn finish_when_waited_for(self) {
        self.finish_when_waited_for_by(1).await;
    }

    /// Commits once so many wait for it, or for each other.
    pub async fn finish_when_waited_for_by(mut self, sessions_waiting: i64) {
        eventually("somebody waits", || async {
            (sessions(&self.database, "wait_event_type = 'Lock'").await >= sessions_waiting).then_some(())
        })
        .await;
        self.commit().await;
    }
}
