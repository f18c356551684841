//! Connections for the platform's own tables (tenants, keys, the worker's bell), under a role that sees no tenant's row.
//! It may put rows where a new store begins, for a tenant that the same transaction makes: [`PlatformDb::found`].

use std::sync::atomic::AtomicU8;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::pool::{self, Held, Pool, PoolState};
use super::session::Session;
use super::tenant::{BEGIN_WRITE, Begin, TenantTx, transact};
use crate::clock::Entropy;
use crate::config::DatabaseConfig;
use crate::error::Fault;
use crate::ids::TenantId;

/// A pipelining handle on a platform connection: pass it on as `&mut conn`.
pub type PlatformConn<'a> = &'a Session;

/// A database's identity: that of its cluster, which a standby shares with its primary, and its own within it.
#[derive(QueryableByName)]
pub(super) struct Identity {
    #[diesel(sql_type = Text)]
    pub identity: String,
}

impl Identity {
    pub const SQL: &str = "SELECT system_identifier || '-' || oid AS identity
                             FROM pg_control_system(), pg_database WHERE datname = current_database()";
}

#[derive(Clone)]
pub struct PlatformDb {
    pool: Pool,
    pool_size: u32,
}

impl PlatformDb {
    pub(super) fn new(config: &DatabaseConfig) -> Self {
        Self { pool: pool::build(&config.platform_url, config), pool_size: config.pool_size }
    }

    pub(super) fn pool_state(&self, name: &'static str) -> PoolState {
        PoolState::of(name, &self.pool, self.pool_size)
    }

    /// Runs `work` while nobody else, in any process, runs one under the same name; others wait for it, as long as a
    /// statement may take. It may use other connections.
    #[expect(clippy::disallowed_methods, reason = "an advisory lock, on a connection without a tenant")]
    pub async fn alone<T, E, F>(&self, name: &str, work: F) -> Result<T, E>
    where
        E: From<Fault> + From<diesel::result::Error>,
        F: AsyncFnOnce() -> Result<T, E>,
    {
        self.run(async |conn| {
            let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
            lock.bind::<Text, _>(name).execute(conn).await?;
            work().await
        })
        .await
    }

    /// What tells this database from every other.
    #[expect(clippy::disallowed_methods, reason = "the system's catalogue, on a connection without a tenant")]
    pub async fn identity(&self) -> Result<String, Fault> {
        let asked = async |conn: &mut PlatformConn<'_>| {
            Ok::<Identity, Fault>(diesel::sql_query(Identity::SQL).get_result(conn).await?)
        };
        Ok(self.run(asked).await?.identity)
    }

    /// Runs `work` in a transaction on the platform's tables: commits on `Ok`, rolls back on `Err`.
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<Fault> + From<diesel::result::Error>,
        F: AsyncFnOnce(&mut PlatformConn<'_>) -> Result<T, E>,
    {
        self.transact(&[(BEGIN_WRITE, &[])], work).await
    }

    /// [`run`](Self::run) without waiting for the disk: for what may be undone by a crash of the server, which loses
    /// nothing but the last moments.
    pub async fn run_relaxed<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<Fault> + From<diesel::result::Error>,
        F: AsyncFnOnce(&mut PlatformConn<'_>) -> Result<T, E>,
    {
        self.transact(&[(BEGIN_WRITE, &[]), ("SET LOCAL synchronous_commit = off", &[])], work).await
    }

    /// Runs `work` in one transaction on the platform's tables and the rows of a tenant that it makes. The tenant's id is
    /// drawn here, so that it is nobody's: there is no way by this to the rows of a tenant that is there already. Of
    /// tenants' tables the role may insert into those that a new store begins with, and do nothing else.
    pub async fn found<T, E, F>(&self, entropy: &Entropy, now: DateTime<Utc>, work: F) -> Result<T, E>
    where
        E: From<Fault> + From<diesel::result::Error>,
        F: AsyncFnOnce(&mut PlatformConn<'_>, &mut TenantTx<'_>) -> Result<T, E>,
    {
        let tenant = TenantId(entropy.uuid_v7(now));
        let conn = pool::borrow(&self.pool, Held::default()).await?;
        // Nothing that a new store begins with is work for the worker.
        let rung = AtomicU8::new(0);
        let (mut pg, mut tx) = (&conn.pg, TenantTx::of_founder(&conn, tenant, &rung));
        transact(&conn, || Begin::Write.say(&conn.pg, tenant), work(&mut pg, &mut tx)).await
    }

    async fn transact<T, E, F>(&self, begin: &[(&'static str, &[&str])], work: F) -> Result<T, E>
    where
        E: From<Fault> + From<diesel::result::Error>,
        F: AsyncFnOnce(&mut PlatformConn<'_>) -> Result<T, E>,
    {
        let conn = pool::borrow(&self.pool, Held::default()).await?;
        let mut pg = &conn.pg;
        transact(&conn, || conn.pg.begin(begin), work(&mut pg)).await
    }
}
