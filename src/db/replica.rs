//! A server that follows the primary, for reads that may be a moment old.
//!
//! It may be away at any time, and it may be promoted: then the primary is asked, at once for the next while. Every
//! connection is judged when it is made, since nobody may have been there to be judged when the process began.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::pool::{self, Pool, PoolState, Pooled};
use crate::config::DatabaseConfig;

/// How long a request waits for a connection to the replica at most, before it asks the primary.
const PATIENCE: Duration = Duration::from_millis(250);
/// For how long the primary alone is asked after the replica was away.
const REST: Duration = Duration::from_secs(2);

pub struct Replica {
    pool: Pool,
    max: u32,
    rests_until: Mutex<Option<Instant>>,
}

impl Replica {
    /// Builds the pool; connects with the first use.
    pub fn new(url: &str, config: &DatabaseConfig) -> Self {
        let patient = DatabaseConfig { acquire_timeout: config.acquire_timeout.min(PATIENCE), ..config.clone() };
        Self { pool: pool::build_judging(url, &patient), max: config.pool_size, rests_until: Mutex::default() }
    }

    /// A connection to it, if it is there.
    pub async fn borrow(&self) -> Option<Pooled> {
        if self.rests() {
            return None;
        }
        match pool::borrow(&self.pool, None).await {
            Ok(conn) => Some(conn),
            Err(fault) => {
                tracing::warn!(%fault, "the replica is not there; the primary answers");
                *self.rests_until.lock().expect("no holder panics") = Some(Instant::now() + REST);
                None
            }
        }
    }

    fn rests(&self) -> bool {
        self.rests_until.lock().expect("no holder panics").is_some_and(|until| Instant::now() < until)
    }

    pub fn state(&self) -> PoolState {
        PoolState::of("replica", &self.pool, self.max)
    }
}
