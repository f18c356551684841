//! The read transaction that all resolvers and loaders of one request share.
//!
//! It opens with the first query (BEGIN travels in the same packet), shows one consistent snapshot, and ends after
//! the answer has been computed: the HTTP answer does not wait for COMMIT, the connection does. Dropped before its
//! end, the connection stays marked and is thrown away by the pool.

use diesel::result::{Error, QueryResult};
use diesel_async::SimpleAsyncConnection;
use futures_util::future::try_join;
use std::sync::Arc;
use tokio::sync::Mutex;

use super::pool::Pooled;
use super::tenant::{BEGIN_READ, TenantConn, TenantDb, begin_message, finish};
use crate::error::Fault;

/// One tenant's lazily opened snapshot.
pub struct TenantRead {
    db: TenantDb,
    conn: Mutex<Option<Arc<Pooled>>>,
}

impl TenantRead {
    pub fn new(db: TenantDb) -> Self {
        Self { db, conn: Mutex::new(None) }
    }

    pub fn db(&self) -> &TenantDb {
        &self.db
    }

    /// Runs `work` on the shared snapshot, opening it when this is the first.
    pub async fn read<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: AsyncFnOnce(&mut TenantConn<'_>) -> QueryResult<T>,
    {
        let mut slot = self.conn.lock().await;
        if let Some(conn) = &*slot {
            let conn = conn.clone();
            drop(slot);
            return Ok(work(&mut TenantConn::new(&conn, self.db.tenant())).await?);
        }
        let conn = Arc::new(self.db.borrow().await?);
        conn.mark();
        *slot = Some(conn.clone());
        let begin = begin_message(BEGIN_READ, self.db.tenant());
        let mut pg = &conn.pg;
        // Polled in this order: BEGIN is on the wire before the lock is free and anyone's query can follow.
        let opened = try_join(pg.batch_execute(&begin), async {
            drop(slot);
            work(&mut TenantConn::new(&conn, self.db.tenant())).await
        })
        .await;
        Ok(opened?.1)
    }

    /// Ends the transaction on a task of its own and returns at once.
    pub fn finish(self: Arc<Self>) {
        let Some(this) = Arc::into_inner(self) else { return };
        let Some(conn) = this.conn.into_inner() else { return };
        tokio::spawn(async move {
            // COMMIT also ends a failed transaction: the server answers it with ROLLBACK.
            if let Err(error) = finish(&conn, "COMMIT").await {
                log_lost(&error);
            }
        });
    }
}

fn log_lost(error: &Error) {
    tracing::warn!(%error, "a read transaction could not be ended; its connection is replaced");
}
