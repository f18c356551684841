//! The only way to a tenant's rows.
//!
//! [`TenantDb`] belongs to one tenant. Everything it lends sits inside a transaction whose first statement sets
//! `app.tenant_id`, which the policies of row-level security compare with every row. [`TenantConn`] reads,
//! [`TenantTx`] also writes: what a function may do shows in its parameters. Neither gives out the connection
//! beneath it, and neither runs raw SQL, so nothing can change the tenant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use diesel_async::{AsyncConnectionCore, SimpleAsyncConnection};
use uuid::Uuid;

use super::bell::Bell;
use super::pool::{self, PgConn, Pool, Pooled};
use super::replica::Replica;
use super::session::Session;
use super::turns::Turns;
use crate::error::Fault;
use crate::ids::TenantId;

/// Access to one tenant's rows, and to no other's. Cheap to clone; holds no connection until asked.
#[derive(Clone)]
pub struct TenantDb {
    pool: Pool,
    turns: Turns,
    bell: Bell,
    tenant: TenantId,
    followers: Option<Turns>,
    replica: Option<Arc<Replica>>,
}

impl TenantDb {
    /// Only the request guard, the worker and provisioning build one: see [`super::Db::tenant`].
    pub(super) fn new(pool: Pool, turns: Turns, bell: Bell, tenant: TenantId) -> Self {
        Self { pool, turns, bell, tenant, followers: None, replica: None }
    }

    /// The same, borrowing only as many connections at once as `followers` has, with all others who share them.
    pub(super) fn in_turn(self, followers: Turns) -> Self {
        Self { followers: Some(followers), ..self }
    }

    /// The same, reading from the replica if there is one.
    pub(super) fn read_from(self, replica: Option<Arc<Replica>>) -> Self {
        Self { replica, ..self }
    }

    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Runs `work` in a read-only transaction with one consistent snapshot.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<Fault> + From<Error>,
        F: AsyncFnOnce(&mut TenantConn<'_>) -> Result<T, E>,
    {
        let conn = self.borrow().await?;
        self.transact(&conn, Begin::Read, work).await
    }

    /// Runs `work` in a transaction: commits when it answers `Ok`, rolls back when it answers `Err`.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<Fault> + From<Error>,
        F: AsyncFnOnce(&mut TenantTx<'_>) -> Result<T, E>,
    {
        let conn = self.borrow_primary().await?;
        let rung = AtomicU8::new(0);
        let value = self
            .transact(&conn, Begin::Write, async |conn: &mut TenantConn<'_>| {
                let mut tx = TenantTx { conn: conn.clone(), rung: &rung };
                work(&mut tx).await
            })
            .await?;
        match AtomicU8::load(&rung, Ordering::Acquire) {
            0 => {}
            kinds => self.bell.ring(kinds),
        }
        Ok(value)
    }

    async fn transact<T, E, F>(&self, conn: &PgConn, begin: Begin, work: F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFnOnce(&mut TenantConn<'_>) -> Result<T, E>,
    {
        let mut scoped = TenantConn { pg: &conn.pg, tenant: self.tenant };
        transact(conn, || begin.say(&conn.pg, self.tenant), work(&mut scoped)).await
    }

    /// To read from.
    pub(super) async fn borrow(&self) -> Result<Pooled, Fault> {
        if let Some(replica) = &self.replica
            && let Some(conn) = replica.borrow(self.tenant).await?
        {
            return Ok(conn);
        }
        self.borrow_primary().await
    }

    async fn borrow_primary(&self) -> Result<Pooled, Fault> {
        let follower = match &self.followers {
            Some(followers) => Some(followers.take(self.tenant).await?),
            None => None,
        };
        // Not in the other order: who waits for a follower's turn keeps nobody's connection.
        let turn = self.turns.take(self.tenant).await?;
        pool::borrow(&self.pool, (Some(turn), follower)).await
    }
}

/// How a transaction that writes begins: the pool's connections read consistently where nothing else is said.
pub(super) const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// How a tenant's transaction begins.
#[derive(Clone, Copy)]
pub(super) enum Begin {
    Read,
    /// [`Read`](Self::Read) in a transaction that is one packet.
    ReadPacket,
    Write,
}

impl Begin {
    /// `BEGIN` and the tenant's setting, ahead of the first statement and in one packet with it.
    pub(super) fn say(self, pg: &Session, tenant: TenantId) -> QueryResult<()> {
        let mut buffer = Uuid::encode_buffer();
        let id: &str = tenant.0.as_hyphenated().encode_lower(&mut buffer);
        let tenant: (_, &[&str]) = ("SELECT set_config('app.tenant_id', $1, true)", &[id]);
        match self {
            Self::Read => pg.begin(&[("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &[]), tenant]),
            // Repeatable read is what the pool's connections do where nothing else is said.
            Self::ReadPacket => pg.begin_packet(&[(
                "SELECT set_config('app.tenant_id', $1, true), set_config('transaction_read_only', 'on', true)",
                &[id],
            )]),
            Self::Write => pg.begin(&[(BEGIN_WRITE, &[]), tenant]),
        }
    }
}

/// Runs `work` on the connection between what `begin` says and COMMIT, or ROLLBACK when it fails.
pub(super) async fn transact<T, E: From<Error>>(
    conn: &PgConn,
    begin: impl FnOnce() -> QueryResult<()>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    conn.mark();
    begin()?;
    match work.await {
        Ok(value) => match finish(conn, "COMMIT").await {
            Ok(()) => Ok(value),
            // Something that was sent along has failed, so that COMMIT was passed over.
            Err(error) => Err(undone(conn, error.into()).await),
        },
        Err(error) => Err(undone(conn, error).await),
    }
}

/// Rolls back. The first error is the one worth telling; a connection that cannot roll back stays marked.
pub(super) async fn undone<E>(conn: &PgConn, error: E) -> E {
    // A COMMIT that became a rollback has ended the transaction as well. Where something that was sent along fails only
    // now, the first ROLLBACK is passed over with it.
    for _ in 0..2 {
        if !conn.is_marked() || finish(conn, "ROLLBACK").await.is_ok() {
            break;
        }
    }
    error
}

/// Ends the transaction and gives the connection back its good name. A `COMMIT` that the server answers with a
/// rollback, since a statement had failed, is an error.
pub(super) async fn finish(conn: &PgConn, end: &'static str) -> QueryResult<()> {
    let told = conn.pg.end(end).await?;
    conn.unmark();
    match told.rolled_back && end == "COMMIT" {
        true => Err(conn.pg.lost().unwrap_or(Error::RollbackTransaction)),
        false => Ok(()),
    }
}

/// A handle on the tenant's running transaction. Clones share it, and their statements are pipelined.
#[derive(Clone)]
pub struct TenantConn<'a> {
    pg: &'a Session,
    tenant: TenantId,
}

impl<'a> TenantConn<'a> {
    pub(super) fn new(conn: &'a PgConn, tenant: TenantId) -> Self {
        Self { pg: &conn.pg, tenant }
    }

    /// The tenant's id for the statement's own predicate: the planner's constant and the shard's address.
    /// The policy remains the boundary.
    pub fn tenant(&self) -> Uuid {
        self.tenant.0
    }
}

impl SimpleAsyncConnection for TenantConn<'_> {
    async fn batch_execute(&mut self, _: &str) -> QueryResult<()> {
        Err(raw_sql_refused())
    }
}

impl<'a> AsyncConnectionCore for TenantConn<'a> {
    type ExecuteFuture<'c, 'q> = <&'a Session as AsyncConnectionCore>::ExecuteFuture<'c, 'q>;
    type LoadFuture<'c, 'q> = <&'a Session as AsyncConnectionCore>::LoadFuture<'c, 'q>;
    type Stream<'c, 'q> = <&'a Session as AsyncConnectionCore>::Stream<'c, 'q>;
    type Row<'c, 'q> = <&'a Session as AsyncConnectionCore>::Row<'c, 'q>;
    type Backend = Pg;

    fn load<'c, 'q, T>(&'c mut self, source: T) -> Self::LoadFuture<'c, 'q>
    where
        T: AsQuery + 'q,
        T::Query: QueryFragment<Pg> + QueryId + 'q,
    {
        AsyncConnectionCore::load(&mut self.pg, source)
    }

    fn execute_returning_count<'c, 'q, T>(&'c mut self, source: T) -> Self::ExecuteFuture<'c, 'q>
    where
        T: QueryFragment<Pg> + QueryId + 'q,
    {
        AsyncConnectionCore::execute_returning_count(&mut self.pg, source)
    }
}

/// A handle on the tenant's running read-write transaction.
pub struct TenantTx<'a> {
    conn: TenantConn<'a>,
    /// For which kinds of work the worker is to be woken after the commit.
    rung: &'a AtomicU8,
}

impl<'a> TenantTx<'a> {
    /// On a connection of the platform's role, which may put rows into what a new store begins with, and nothing more:
    /// see [`super::PlatformDb::found`].
    pub(super) fn of_founder(conn: &'a PgConn, tenant: TenantId, rung: &'a AtomicU8) -> Self {
        Self { conn: TenantConn::new(conn, tenant), rung }
    }

    pub fn tenant(&self) -> Uuid {
        self.conn.tenant()
    }

    /// For the store functions that only read.
    pub fn conn(&mut self) -> &mut TenantConn<'a> {
        &mut self.conn
    }

    /// Another handle on the same transaction: statements of both are pipelined.
    pub fn fork(&self) -> Self {
        Self { conn: self.conn.clone(), rung: self.rung }
    }

    /// Sends a statement whose answer is of no interest: it travels with the next that is waited for, at the latest
    /// with COMMIT, which fails with its error. Statements run in the order in which they are asked for.
    pub fn send(&mut self, statement: impl QueryFragment<Pg> + QueryId) -> QueryResult<()> {
        self.conn.pg.send(&statement)
    }

    /// Wakes the worker for these kinds of work when this transaction has committed; without effect when it has not.
    pub fn ring_after_commit(&self, kinds: u8) {
        AtomicU8::fetch_or(self.rung, kinds, Ordering::AcqRel);
    }

    /// Runs `work` so that its failure undoes only what it did, and the transaction goes on.
    pub async fn savepoint<T, E, F>(&mut self, work: F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFnOnce(&mut TenantTx<'_>) -> Result<T, E>,
    {
        let pg = self.conn.pg;
        pg.say("SAVEPOINT s", &[])?;
        let outcome = match work(&mut TenantTx { conn: self.conn.clone(), rung: self.rung }).await {
            Ok(value) => pg.run("RELEASE SAVEPOINT s").await.map(|_| value).map_err(E::from),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(value) => Ok(value),
            Err(error) => {
                // Passed over when something that was sent along fails only now: so once more.
                for _ in 0..2 {
                    pg.say("ROLLBACK TO SAVEPOINT s", &[])?;
                    if pg.run("RELEASE SAVEPOINT s").await.is_ok() {
                        break;
                    }
                }
                Err(error)
            }
        }
    }
}

impl SimpleAsyncConnection for TenantTx<'_> {
    async fn batch_execute(&mut self, _: &str) -> QueryResult<()> {
        Err(raw_sql_refused())
    }
}

impl<'a> AsyncConnectionCore for TenantTx<'a> {
    type ExecuteFuture<'c, 'q> = <TenantConn<'a> as AsyncConnectionCore>::ExecuteFuture<'c, 'q>;
    type LoadFuture<'c, 'q> = <TenantConn<'a> as AsyncConnectionCore>::LoadFuture<'c, 'q>;
    type Stream<'c, 'q> = <TenantConn<'a> as AsyncConnectionCore>::Stream<'c, 'q>;
    type Row<'c, 'q> = <TenantConn<'a> as AsyncConnectionCore>::Row<'c, 'q>;
    type Backend = Pg;

    fn load<'c, 'q, T>(&'c mut self, source: T) -> Self::LoadFuture<'c, 'q>
    where
        T: AsQuery + 'q,
        T::Query: QueryFragment<Pg> + QueryId + 'q,
    {
        AsyncConnectionCore::load(&mut self.conn, source)
    }

    fn execute_returning_count<'c, 'q, T>(&'c mut self, source: T) -> Self::ExecuteFuture<'c, 'q>
    where
        T: QueryFragment<Pg> + QueryId + 'q,
    {
        AsyncConnectionCore::execute_returning_count(&mut self.conn, source)
    }
}

fn raw_sql_refused() -> Error {
    Error::QueryBuilderError("raw SQL is not available on a tenant's connection".into())
}
