//! A server that follows the primary, for reads that may be a moment old.
//!
//! It may be away at any time, and it may be promoted: then the primary is asked, at once for the next while. Every
//! connection is judged when it is made, since nobody may have been there to be judged when the process began.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::pool::{self, Pool, PoolState, Pooled};
use super::turns::Turns;
use crate::clock::SystemClock;
use crate::config::DatabaseConfig;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::outside::{Breaker, Circuits};

/// How long a request waits for a connection to the replica at most, before it asks the primary.
const PATIENCE: Duration = Duration::from_millis(250);
/// After the replica was away the primary alone is asked for a while, and then the replica by one first.
const BREAKER: Breaker = Breaker { failures: 1, rest: REST, longest_rest: REST };
const REST: TimeDelta = TimeDelta::seconds(2);

pub struct Replica {
    pool: Pool,
    max: u32,
    turns: Turns,
    circuit: Circuits,
}

impl Replica {
    /// Builds the pool; connects with the first use.
    pub fn new(url: &str, config: &DatabaseConfig) -> Self {
        let patient = DatabaseConfig { acquire_timeout: config.acquire_timeout.min(PATIENCE), ..config.clone() };
        let (pool, turns) = (pool::build_judging(url, &patient), Turns::of(config));
        let circuit = Circuits::new(BREAKER, Arc::new(SystemClock));
        Self { pool, max: config.pool_size, turns, circuit }
    }

    /// A connection to it for a tenant whose turn it is, if it is there.
    pub async fn borrow(&self, tenant: TenantId) -> Result<Option<Pooled>, Fault> {
        let Some(asking) = self.circuit.ask(()) else { return Ok(None) };
        // For as long as anybody waits for a connection: the crowd that is too much for this server is not sent to the other.
        let turn = self.turns.take(tenant).await?;
        let borrowed = pool::borrow(&self.pool, (Some(turn), None)).await;
        asking.ended(borrowed.is_ok());
        match borrowed {
            Ok(conn) => Ok(Some(conn)),
            Err(fault) => {
                tracing::warn!(%fault, "the replica is not there; the primary answers");
                Ok(None)
            }
        }
    }

    pub fn state(&self) -> PoolState {
        PoolState::of("replica", &self.pool, self.max).in_turns(&self.turns)
    }
}
