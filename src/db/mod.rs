//! The spine of persistence: connections, the tenant boundary, migrations.
//!
//! [`Db`] is built once; a request gets a [`TenantDb`] from its guard and nothing else. What row-level security
//! does in the database, these types do in the code: there is no connection without a tenant, except
//! [`PlatformDb`]'s, whose role sees no row of a tenant's table.

mod bell;
pub mod bootstrap;
mod bulk;
pub mod check;
pub mod connect;
pub mod endpoint;
pub mod error;
pub mod idempotency;
pub mod keyset;
pub mod migrate;
mod planned;
mod platform;
mod platform_schema;
mod pool;
mod probe;
mod read;
mod replica;
/// The tenants' tables, printed from the migrated database: diesel.toml.
pub mod schema;
pub mod search;
mod session;
mod tenant;
mod tls;
mod turns;

use std::sync::Arc;

pub use bell::Bell;
pub(crate) use bulk::insert_rows;
pub use bulk::unnest;
pub use diesel::result::{Error as QueryError, QueryResult};
pub use planned::{planned, unkept};
pub use platform::{PlatformConn, PlatformDb};
/// The platform's tables.
pub use platform_schema::platform as platform_tables;
pub use pool::PoolState;
pub use read::TenantRead;
pub use session::is_too_much;
pub use tenant::{TenantConn, TenantDb, TenantTx};

use crate::config::DatabaseConfig;
use crate::error::Fault;
use crate::ids::TenantId;

/// The process's pools. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    app: pool::Pool,
    pool_size: u32,
    turns: turns::Turns,
    bell: Bell,
    platform: PlatformDb,
    replica: Option<Arc<replica::Replica>>,
    /// Those who follow events borrow in turn.
    followers: turns::Turns,
    probe: Arc<probe::Probe>,
}

impl Db {
    /// Builds the pools; connects with the first use.
    pub fn new(config: &DatabaseConfig) -> Self {
        Self {
            app: pool::build(&config.url, config),
            pool_size: config.pool_size,
            turns: turns::Turns::of(config),
            bell: Bell::default(),
            platform: PlatformDb::new(config),
            replica: config.replica_url.as_deref().map(|url| Arc::new(replica::Replica::new(url, config))),
            followers: turns::Turns::of_followers(config),
            probe: Arc::new(probe::Probe::new(pool::session_url(&config.url, config))),
        }
    }

    /// One tenant's rows. Called where a tenant has been proved: the request guard, the worker's claim and
    /// the operator's commands.
    pub fn tenant(&self, tenant: TenantId) -> TenantDb {
        TenantDb::new(self.app.clone(), self.turns.clone(), self.bell.clone(), tenant)
    }

    /// How many connections one tenant has at once, at most.
    pub fn share(&self) -> usize {
        self.turns.share()
    }

    pub fn has_replica(&self) -> bool {
        self.replica.is_some()
    }

    /// One tenant's rows for who only reads, and may read what was there a moment ago: from the replica if there is one,
    /// and it is there.
    pub fn reader(&self, tenant: TenantId) -> TenantDb {
        self.tenant(tenant).read_from(self.replica.clone())
    }

    /// One tenant's rows for somebody who follows its events. However many follow, and are told at the same moment,
    /// they hold a third of the process's connections at most: requests need the others.
    pub fn follower(&self, tenant: TenantId) -> TenantDb {
        self.tenant(tenant).in_turn(self.followers.clone())
    }

    /// Rings when a transaction of this process has committed that left work for the worker.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Whether the database answers the requests' role, however busy the pool is.
    pub async fn ping(&self) -> Result<(), Fault> {
        self.probe.ask().await
    }

    /// How the pools stand.
    pub fn pools(&self) -> Vec<PoolState> {
        let app = PoolState::of("app", &self.app, self.pool_size).in_turns(&self.turns);
        let primary = [app, self.platform.pool_state("platform")];
        primary.into_iter().chain(self.replica.as_ref().map(|replica| replica.state())).collect()
    }

    pub fn platform(&self) -> &PlatformDb {
        &self.platform
    }
}
