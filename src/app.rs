//! What a process is made of: built once, cheap to clone, handed down.

use std::sync::Arc;

use crate::cache::{MemoryShared, RedisShared, Shared};
use crate::clock::{Clock, Entropy, SystemClock};
use crate::config::Config;
use crate::db::Db;
use crate::error::Fault;
use crate::tenant::resolve::Resolver;

#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub db: Db,
    pub shared: Arc<dyn Shared>,
    pub resolver: Resolver,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
}

impl App {
    /// Production's parts: Redis when `REDIS_URL` is set, the system's clock and randomness.
    pub async fn build(config: Config) -> Result<Self, Fault> {
        let shared: Arc<dyn Shared> = match &config.redis_url {
            Some(url) => RedisShared::connect(url).await?,
            None => MemoryShared::new(),
        };
        Ok(Self::assemble(config, shared, Arc::new(SystemClock), Entropy::from_os()))
    }

    /// The given parts: what tests call.
    pub fn assemble(config: Config, shared: Arc<dyn Shared>, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        let db = Db::new(&config.database);
        let resolver = Resolver::new(db.clone(), shared.clone());
        Self { config: Arc::new(config), db, shared, resolver, clock, entropy }
    }
}
