//! The read transaction that all resolvers and loaders of one request share.
//!
//! It opens with the first query (BEGIN travels in the same packet), shows one consistent snapshot, and ends after
//! the answer has been computed: the HTTP answer does not wait for COMMIT, the connection does. Dropped before its
//! end, the connection stays marked and is thrown away by the pool.

use diesel::result::{Error, QueryResult};
use futures_util::future::try_join;
use std::sync::Arc;
use tokio::sync::Mutex;

use super::pool::Pooled;
use super::tenant::{Begin, TenantConn, TenantDb, finish};
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
        Begin::Read.say(&conn.pg, self.db.tenant())?;
        *slot = Some(conn.clone());
        drop(slot);
        Ok(work(&mut TenantConn::new(&conn, self.db.tenant())).await?)
    }

    /// Runs `work`, which asks for all it needs at once, as a transaction of its own when none is open yet: one packet,
    /// with which it ends. For who knows that the request reads nothing else.
    pub async fn read_alone<T, F>(&self, work: F) -> Result<T, Fault>
    where
        F: AsyncFnOnce(&mut TenantConn<'_>) -> QueryResult<T>,
    {
        if self.conn.lock().await.is_some() {
            return self.read(work).await;
        }
        let conn = self.db.borrow().await?;
        conn.mark();
        Begin::ReadPacket.say(&conn.pg, self.db.tenant())?;
        let mut handle = TenantConn::new(&conn, self.db.tenant());
        // Polled in this order: what `work` asks for is in the packet, and what it asked for later would be refused.
        let told = try_join(work(&mut handle), conn.pg.end_packet()).await;
        if told.is_err() {
            // Where it failed before anything was sent, the beginning still stands in front of what comes next.
            let _ = conn.pg.end_packet().await;
        }
        conn.unmark();
        Ok(told?.0)
    }

    /// Ends the transaction on a task of its own and returns at once.
    pub fn finish(self: Arc<Self>) {
        let Some(this) = Arc::into_inner(self) else { return };
        let Some(conn) = this.conn.into_inner() else { return };
        tokio::spawn(async move {
            match finish(&conn, "COMMIT").await {
                // COMMIT also ends a failed transaction.
                Ok(()) | Err(Error::RollbackTransaction) => {}
                Err(error) => log_lost(&error),
            }
        });
    }
}

fn log_lost(error: &Error) {
    tracing::warn!(%error, "a read transaction could not be ended; its connection is replaced");
}
