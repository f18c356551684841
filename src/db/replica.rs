//! A server that follows the primary, for reads that may be a moment old.
//!
//! It may be away at any time, and it may be promoted: then the primary is asked, at once for the next while. Every
//! connection is judged when it is made, since nobody may have been there to be judged when the process began.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::pool::{self, Pool, PoolState, Pooled};
use super::turns::Turns;
use crate::config::DatabaseConfig;
use crate::error::Fault;
use crate::ids::TenantId;

/// How long a request waits for a connection to the replica at most, before it asks the primary.
const PATIENCE: Duration = Duration::from_millis(250);
/// For how long the primary alone is asked after the replica was away.
const REST: Duration = Duration::from_secs(2);

pub struct Replica {
    pool: Pool,
    max: u32,
    turns: Turns,
    rests_until: Mutex<Option<Instant>>,
}

impl Replica {
    /// Builds the pool; connects with the first use.
    pub fn new(url: &str, config: &DatabaseConfig) -> Self {
        let patient = DatabaseConfig { acquire_timeout: config.acquire_timeout.min(PATIENCE), ..config.clone() };
        let (pool, turns) = (pool::build_judging(url, &patient), Turns::of(config));
        Self { pool, max: config.pool_size, turns, rests_until: Mutex::default() }
    }

    /// A connection to it for a tenant whose turn it is, if it is there.
    pub async fn borrow(&self, tenant: TenantId) -> Result<Option<Pooled>, Fault> {
        if self.rests() {
            return Ok(None);
        }
        // For as long as anybody waits for a connection: the crowd that is too much for this server is not sent to the other.
        let turn = self.turns.take(tenant).await?;
        match pool::borrow(&self.pool, (Some(turn), None)).await {
            Ok(conn) => Ok(Some(conn)),
            Err(fault) => {
                tracing::warn!(%fault, "the replica is not there; the primary answers");
                *self.rests_until.lock().expect("no holder panics") = Some(Instant::now() + REST);
                Ok(None)
            }
        }
    }

    fn rests(&self) -> bool {
        self.rests_until.lock().expect("no holder panics").is_some_and(|until| Instant::now() < until)
    }

    pub fn state(&self) -> PoolState {
        PoolState::of("replica", &self.pool, self.max).in_turns(&self.turns)
    }
}
