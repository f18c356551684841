//! The stand-ins for one process: `emporia dev` without Redis, and `--single-process`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{Notice, Shared};
use crate::error::Fault;

/// Beyond this many entries the expired ones are swept before the next is stored.
const SWEEP_AT: usize = 10_000;

pub struct MemoryShared {
    entries: Mutex<HashMap<String, (String, Instant)>>,
    notices: broadcast::Sender<Notice>,
}

impl MemoryShared {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { entries: Mutex::default(), notices: broadcast::channel(4096).0 })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, (String, Instant)>> {
        let mut entries = self.entries.lock().expect("no holder panics");
        if entries.len() > SWEEP_AT {
            let now = Instant::now();
            entries.retain(|_, (_, until)| *until > now);
        }
        entries
    }
}

#[async_trait]
impl Shared for MemoryShared {
    async fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        let entries = self.entries();
        Ok(entries.get(key).filter(|(_, until)| *until > Instant::now()).map(|(value, _)| value.clone()))
    }

    async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        self.entries().insert(key.to_owned(), (value.to_owned(), Instant::now() + ttl));
        Ok(())
    }

    async fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        let mut entries = self.entries();
        let now = Instant::now();
        if entries.get(key).is_none_or(|(_, until)| *until <= now) {
            entries.insert(key.to_owned(), (value.to_owned(), now + ttl));
        }
        Ok(())
    }

    /// One: it forgets everything or nothing.
    async fn epoch(&self) -> Result<String, Fault> {
        Ok(String::new())
    }

    async fn publish(&self, notice: &Notice) -> Result<(), Fault> {
        // Fails only when nobody listens, which is fine.
        let _ = self.notices.send(notice.clone());
        Ok(())
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Never: an operator's command beside this process has stand-ins of its own, and nobody hears what it says.
    fn is_listening(&self) -> bool {
        false
    }

    async fn ping(&self) -> Result<(), Fault> {
        Ok(())
    }
}
