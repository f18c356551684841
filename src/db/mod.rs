//! The spine of persistence: connections, the tenant boundary, migrations.
//!
//! [`Db`] is built once; a request gets a [`TenantDb`] from its guard and nothing else. What row-level security
//! does in the database, these types do in the code: there is no connection without a tenant, except
//! [`PlatformDb`]'s, whose role has no grant on any tenant table.

mod bell;
pub mod bootstrap;
mod bulk;
pub mod check;
pub mod error;
pub mod idempotency;
pub mod keyset;
pub mod migrate;
mod planned;
mod platform;
mod pool;
mod read;
#[rustfmt::skip]
pub mod schema;
pub mod search;
mod tenant;

pub use bell::Bell;
pub(crate) use bulk::insert_rows;
pub use bulk::unnest;
pub use diesel::result::{Error as QueryError, QueryResult};
pub use planned::planned;
pub use platform::{PlatformConn, PlatformDb};
pub use read::TenantRead;
pub use tenant::{TenantConn, TenantDb, TenantTx};

use crate::config::DatabaseConfig;
use crate::error::Fault;
use crate::ids::TenantId;

/// The process's pools. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    app: pool::Pool,
    bell: Bell,
    platform: PlatformDb,
}

impl Db {
    /// Builds the pools; connects with the first use.
    pub fn new(config: &DatabaseConfig) -> Self {
        Self { app: pool::build(&config.url, config), bell: Bell::default(), platform: PlatformDb::new(config) }
    }

    /// One tenant's rows. Called where a tenant has been proved: the request guard, the worker's claim,
    /// provisioning and the operator's commands.
    pub fn tenant(&self, tenant: TenantId) -> TenantDb {
        TenantDb::new(self.app.clone(), self.bell.clone(), tenant)
    }

    /// Rings when a transaction of this process has committed that left work for the worker.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Whether the database answers the requests' role.
    pub async fn ping(&self) -> Result<(), Fault> {
        let nobody = self.tenant(TenantId(uuid::Uuid::nil()));
        nobody.read(async |_| Ok::<_, Fault>(())).await
    }

    pub fn platform(&self) -> &PlatformDb {
        &self.platform
    }
}
