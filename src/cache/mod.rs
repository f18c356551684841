//! What processes share beside PostgreSQL: a cache with expiry and a notice board. Redis in production; in-process
//! stand-ins where there is only one process. Neither is a source of truth: a lost entry is read again, a lost
//! notice is announced by [`Notice::Reset`].

mod bucket;
mod memory;
mod redis;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

pub use bucket::{Bucket, Poured, Rate, WINDOW_SECONDS};
pub use memory::MemoryShared;
pub use redis::RedisShared;

use crate::error::Fault;
use crate::ids::TenantId;

/// What one process tells the others. Small: the facts are in PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// Something has changed of what leads to this tenant, or is known of it: forget that. Nobody's: of what is no
    /// tenant's.
    CredentialsChanged { tenant: TenantId },
    /// The tenant's events up to this position can be read.
    EventsPublished { tenant: TenantId, position: i64 },
    /// Transactions have committed that left work of these kinds for the worker: `events::Work::bit`s.
    WorkWaiting { kinds: u8 },
    /// Notices may have been missed (the connection was lost): forget what you know, look for yourself.
    /// Never sent over the wire.
    Reset,
}

/// The cache and the notice board.
#[async_trait]
pub trait Shared: Send + Sync + 'static {
    async fn get(&self, key: &str) -> Result<Option<String>, Fault>;

    /// Stores for `ttl`, over whatever is there.
    async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault>;

    /// Stores for `ttl` unless there is an entry: what a reader found must not overwrite what a writer said since.
    async fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault>;

    /// Notes that something happens now, unless it has as often as it may within the window before; answers how often it has,
    /// without this time: it was noted when that is less than `most`. `now` is in milliseconds.
    async fn note(&self, log: &str, now: i64, window: Duration, most: u64) -> Result<u64, Fault>;

    /// Strikes out the last note.
    async fn unnote(&self, log: &str) -> Result<(), Fault>;

    /// Pours so many thousandths of points that were used into all of the buckets, whether they fit or not (less than none
    /// are taken out), and then as many as are wanted, or none of these when one of the buckets would overflow. At once for
    /// all processes, by the store's own clock.
    async fn pour(&self, buckets: &[Bucket], used: i64, wanted: u64) -> Result<Poured, Fault>;

    /// Forgets an entry.
    async fn remove(&self, key: &str) -> Result<(), Fault>;

    /// The current epoch of the store. It changes with the server behind it, which may have forgotten what was
    /// written last: what must not come back is stored under the epoch's name.
    async fn epoch(&self) -> Result<String, Fault>;

    /// Tells every process, this one included.
    async fn publish(&self, notice: &Notice) -> Result<(), Fault>;

    /// Notices from now on. One that falls behind is told so by the channel: treat it as [`Notice::Reset`].
    fn subscribe(&self) -> broadcast::Receiver<Notice>;

    /// Whether the notices of every process that works on the database arrive. While they do not, nothing may be
    /// trusted for long that only a notice would end.
    fn is_listening(&self) -> bool;

    /// Whether the store behind it answers.
    async fn ping(&self) -> Result<(), Fault>;
}
