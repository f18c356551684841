//! Connections and when one may be lent again.
//!
//! `BEGIN` is sent by hand (together with the tenant's setting, in one message), so diesel's transaction manager
//! does not know of it and the stock pool would lend a connection whose transaction is still open: the next
//! borrower would see the previous tenant's rows. Here a connection is marked before `BEGIN` and unmarked when the
//! answer to `COMMIT` or `ROLLBACK` has come; a marked one never goes back into the pool, and the statement it may
//! still be running on the server is cancelled.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, PoolError, PoolableConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::DatabaseConfig;
use crate::error::Fault;

/// A connection with its mark.
pub struct PgConn {
    pub(super) pg: AsyncPgConnection,
    in_transaction: AtomicBool,
}

impl PgConn {
    pub(super) fn mark(&self) {
        AtomicBool::store(&self.in_transaction, true, Ordering::Release);
    }

    pub(super) fn unmark(&self) {
        AtomicBool::store(&self.in_transaction, false, Ordering::Release);
    }

    fn is_marked(&self) -> bool {
        // Written out: diesel's RunQueryDsl would capture `.load`.
        AtomicBool::load(&self.in_transaction, Ordering::Acquire)
    }
}

impl Drop for PgConn {
    /// A future was dropped half way: the statement goes on in the server unless it is told to stop.
    fn drop(&mut self) {
        if !self.is_marked() {
            return;
        }
        let token = self.pg.cancel_token();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = token.cancel_query(tokio_postgres::NoTls).await {
                    tracing::debug!(%error, "could not cancel an abandoned statement");
                }
            });
        }
    }
}

/// Makes and judges connections for the pool.
pub struct Manager(AsyncDieselConnectionManager<AsyncPgConnection>);

impl bb8::ManageConnection for Manager {
    type Connection = PgConn;
    type Error = PoolError;

    async fn connect(&self) -> Result<PgConn, PoolError> {
        Ok(PgConn { pg: self.0.connect().await?, in_transaction: AtomicBool::new(false) })
    }

    /// A look at the socket, no round trip: after a server restart the dead connections are replaced unseen.
    async fn is_valid(&self, conn: &mut PgConn) -> Result<(), PoolError> {
        if conn.pg.is_broken() {
            return Err(PoolError::QueryError(diesel::result::Error::BrokenTransactionManager));
        }
        Ok(())
    }

    fn has_broken(&self, conn: &mut PgConn) -> bool {
        conn.is_marked() || conn.pg.is_broken()
    }
}

pub type Pool = bb8::Pool<Manager>;

/// A connection on loan, with the turn of whoever borrows in turn: both are given back together.
pub(super) struct Pooled {
    conn: bb8::PooledConnection<'static, Manager>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Deref for Pooled {
    type Target = PgConn;

    fn deref(&self) -> &PgConn {
        &self.conn
    }
}

/// Borrows a connection; with `turns`, waits first until it is its turn among those who share them.
pub(super) async fn borrow(pool: &Pool, turns: Option<&Arc<Semaphore>>) -> Result<Pooled, Fault> {
    let turn = match turns {
        Some(turns) => Some(turns.clone().acquire_owned().await.expect("never closed")),
        None => None,
    };
    let conn = pool.get_owned().await.map_err(|error| Fault::Pool(error.to_string()))?;
    Ok(Pooled { conn, _turn: turn })
}

/// Builds a pool without connecting. `statement_timeout` bounds every statement on it, in the server.
pub fn build(url: &str, config: &DatabaseConfig) -> Pool {
    let url = session_url(url, config);
    bb8::Pool::builder()
        .max_size(config.pool_size)
        .connection_timeout(config.acquire_timeout)
        .test_on_check_out(true)
        .build_unchecked(Manager(AsyncDieselConnectionManager::new(url)))
}

/// Adds the session's settings to the connection URL as start-up options.
///
/// Every statement here is keyed, so its generic plan is the right one; left to itself the server plans those with
/// array parameters anew each time, a fifth of what a product list costs it.
pub fn session_url(url: &str, config: &DatabaseConfig) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    let millis = config.statement_timeout.as_millis();
    format!(
        "{url}{separator}application_name=emporia&options=-c%20statement_timeout%3D{millis}\
         %20-c%20plan_cache_mode%3Dforce_generic_plan%20-c%20idle_in_transaction_session_timeout%3D60000"
    )
}
