//! Connections and when one may be lent again.
//!
//! A connection is marked before a transaction is begun and unmarked when its end has been answered and the server says
//! that it is in no transaction; a marked one never goes back into the pool, where the next borrower would see the
//! previous tenant's rows, and the statement it may still be running on the server is cancelled.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::endpoint::Endpoint;
use super::session::{ConnectError, Session};
use super::turns::{Turn, Turns};
use crate::config::DatabaseConfig;
use crate::error::Fault;

/// A connection with its mark.
pub struct PgConn {
    pub(super) pg: Session,
    in_transaction: AtomicBool,
}

impl PgConn {
    pub(super) fn mark(&self) {
        AtomicBool::store(&self.in_transaction, true, Ordering::Release);
    }

    /// After the transaction's end; without effect when the server does not confirm it.
    pub(super) fn unmark(&self) {
        if self.pg.is_idle() {
            AtomicBool::store(&self.in_transaction, false, Ordering::Release);
        }
    }

    pub(super) fn is_marked(&self) -> bool {
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
        let canceller = self.pg.canceller();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = canceller.cancel().await {
                    tracing::debug!(%error, "could not cancel an abandoned statement");
                }
            });
        }
    }
}

/// Makes and judges connections for the pool.
pub struct Manager {
    endpoint: Result<Endpoint, Arc<str>>,
    /// Of a replica: each connection's server and role are judged when it is made, since nobody has done it before.
    judges: bool,
}

impl bb8::ManageConnection for Manager {
    type Connection = PgConn;
    type Error = ConnectError;

    async fn connect(&self) -> Result<PgConn, ConnectError> {
        let endpoint = self.endpoint.as_ref().map_err(|error| ConnectError::Url(error.clone()))?;
        let pg = Session::connect(endpoint).await?;
        ensure_snapshots(&pg).await?;
        if self.judges {
            ensure_follows(&pg).await?;
            ensure_bound(&pg).await?;
        }
        Ok(PgConn { pg, in_transaction: AtomicBool::new(false) })
    }

    /// A look at the socket, no round trip: after a server restart the dead connections are replaced unseen.
    async fn is_valid(&self, conn: &mut PgConn) -> Result<(), ConnectError> {
        if self.is_good(conn) { Ok(()) } else { Err(ConnectError::Closed) }
    }

    fn has_broken(&self, conn: &mut PgConn) -> bool {
        conn.is_marked() || !self.is_good(conn)
    }
}

impl Manager {
    /// What a standby shows that was promoted by mistake is further behind with every minute.
    fn is_good(&self, conn: &PgConn) -> bool {
        conn.pg.is_usable() && !(self.judges && conn.pg.is_promoted())
    }
}

pub type Pool = bb8::Pool<Manager>;

/// How a pool stands, and what it has lent since the process began.
#[derive(Clone, Copy, Debug)]
pub struct PoolState {
    pub name: &'static str,
    /// Connections it has, of which so many are idle, and may have.
    pub size: u32,
    pub idle: u32,
    pub max: u32,
    /// How many wait for one.
    pub waiting: u64,
    /// How many got one at once, got one after waiting, did not get one in time.
    pub direct: u64,
    pub waited: u64,
    pub timed_out: u64,
    /// How many were kept back because their tenant had as many as it may, and did not get one in time.
    pub crowded: u64,
    /// All waits together.
    pub wait: Duration,
}

impl PoolState {
    pub(super) fn of(name: &'static str, pool: &Pool, max: u32) -> Self {
        let state = pool.state();
        let counts = &state.statistics;
        Self {
            name,
            size: state.connections,
            idle: state.idle_connections,
            max,
            waiting: counts.pending_gets(),
            direct: counts.get_direct,
            waited: counts.get_waited,
            timed_out: counts.get_timed_out,
            crowded: 0,
            wait: counts.get_wait_time,
        }
    }

    /// The same of a pool at which tenants have turns.
    pub(super) fn in_turns(self, turns: &Turns) -> Self {
        let (waiting, crowded) = turns.crowd();
        Self { waiting: self.waiting + waiting, crowded, ..self }
    }
}

/// The isolation of a transaction that does not say its own.
const SNAPSHOTS: &str = "repeatable read";

/// A connection on loan, with what its borrower waited for before: given back together.
pub(super) struct Pooled {
    conn: bb8::PooledConnection<'static, Manager>,
    _held: Held,
}

/// What a borrower has waited for before it asks the pool: its tenant's turn, and one of those that all share who follow
/// events.
pub(super) type Held = (Option<Turn>, Option<Turn>);

impl Deref for Pooled {
    type Target = PgConn;

    fn deref(&self) -> &PgConn {
        &self.conn
    }
}

/// Borrows a connection.
pub(super) async fn borrow(pool: &Pool, held: Held) -> Result<Pooled, Fault> {
    let conn = pool.get_owned().await.map_err(|error| Fault::Pool(error.to_string()))?;
    Ok(Pooled { conn, _held: held })
}

/// A pooler in between may pass over the options that [`session_url`] adds: what is read in one packet would then not be
/// read from one snapshot, and nothing would show it.
async fn ensure_snapshots(pg: &Session) -> Result<(), ConnectError> {
    let shown = pg.shows("SHOW default_transaction_isolation", SNAPSHOTS).await;
    if shown.map_err(|error| ConnectError::Refused(error.to_string()))? {
        return Ok(());
    }
    let text = format!(
        "sessions do not begin with default_transaction_isolation = '{SNAPSHOTS}': the start-up parameter `options` has to \
         reach the server; a pooler in between must not ignore it"
    );
    Err(ConnectError::Refused(text))
}

/// Refuses a server that follows no other.
async fn ensure_follows(pg: &Session) -> Result<(), ConnectError> {
    let follows = pg.shows("SHOW in_hot_standby", "on").await;
    match follows.map_err(|error| ConnectError::Refused(error.to_string()))? {
        true => Ok(()),
        false => Err(ConnectError::Refused("it is no hot standby: what it shows need not be the primary's".to_owned())),
    }
}

/// Refuses a role that row-level security does not bind, as [`super::check`] does when a process begins.
async fn ensure_bound(pg: &Session) -> Result<(), ConnectError> {
    let is_bound = pg.shows(IS_BOUND, "bound").await.map_err(|error| ConnectError::Refused(error.to_string()))?;
    match is_bound {
        true => Ok(()),
        false => Err(ConnectError::Refused("row-level security would not bind the role".to_owned())),
    }
}

const IS_BOUND: &str = "SELECT CASE WHEN EXISTS (
    SELECT FROM pg_roles o WHERE (o.rolsuper OR o.rolbypassrls) AND pg_has_role(current_user, o.oid, 'MEMBER')
  ) OR EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'platform') AND c.relkind IN ('r', 'p')
       AND pg_has_role(current_user, c.relowner, 'MEMBER')
  ) THEN 'free' ELSE 'bound' END";

/// [`build`], for connections that have to be judged.
pub(super) fn build_judging(url: &str, config: &DatabaseConfig) -> Pool {
    build_with(url, config, true)
}

/// Builds a pool without connecting. `statement_timeout` bounds every statement on it, in the server.
pub fn build(url: &str, config: &DatabaseConfig) -> Pool {
    build_with(url, config, false)
}

fn build_with(url: &str, config: &DatabaseConfig, judges: bool) -> Pool {
    let endpoint = Endpoint::parse(&session_url(url, config)).map_err(Arc::from);
    bb8::Pool::builder()
        .max_size(config.pool_size)
        .connection_timeout(config.acquire_timeout)
        .test_on_check_out(true)
        // A server that refuses is not asked again and again while somebody waits who may ask another.
        .retry_connection(!judges)
        .build_unchecked(Manager { endpoint, judges })
}

/// Adds the session's settings to the connection URL as start-up options.
///
/// Every statement here is keyed, so its generic plan is the right one; left to itself the server plans those with
/// array parameters anew each time, a fifth of what a product list costs it. What begins without `BEGIN` reads one
/// snapshot, and what writes says how it begins.
pub fn session_url(url: &str, config: &DatabaseConfig) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    let (millis, isolation) = (config.statement_timeout.as_millis(), SNAPSHOTS.replace(' ', "%5C%20"));
    format!(
        "{url}{separator}application_name=emporia&options=-c%20statement_timeout%3D{millis}\
         %20-c%20plan_cache_mode%3Dforce_generic_plan%20-c%20idle_in_transaction_session_timeout%3D60000\
         %20-c%20TimeZone%3DUTC%20-c%20default_transaction_isolation%3D{isolation}"
    )
}
