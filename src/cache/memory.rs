//! The stand-ins for one process: `emporia dev` without Redis, and `--single-process`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::{Notice, Shared};
use crate::error::Fault;

/// Fewer entries than these are never swept.
const SWEEP_AT: usize = 10_000;

pub struct MemoryShared {
    entries: Mutex<Entries>,
    notices: broadcast::Sender<Notice>,
}

struct Entries {
    by_key: HashMap<String, (String, Instant)>,
    /// When there are so many, the expired ones are swept before the next is stored.
    sweep_at: usize,
}

impl Default for Entries {
    fn default() -> Self {
        Self { by_key: HashMap::new(), sweep_at: SWEEP_AT }
    }
}

impl Entries {
    fn get(&self, key: &str) -> Option<&String> {
        self.by_key.get(key).filter(|(_, until)| *until > Instant::now()).map(|(value, _)| value)
    }

    fn set(&mut self, key: &str, value: &str, ttl: Duration) {
        let now = Instant::now();
        if self.by_key.len() >= self.sweep_at {
            self.by_key.retain(|_, (_, until)| *until > now);
            // Those that live were looked at in vain: not again before as many have come.
            self.sweep_at = SWEEP_AT.max(2 * self.by_key.len());
        }
        self.by_key.insert(key.to_owned(), (value.to_owned(), now + ttl));
    }
}

impl MemoryShared {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { entries: Mutex::default(), notices: broadcast::channel(4096).0 })
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().expect("no holder panics")
    }
}

#[async_trait]
impl Shared for MemoryShared {
    async fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        Ok(self.entries().get(key).cloned())
    }

    async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        self.entries().set(key, value, ttl);
        Ok(())
    }

    async fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        let mut entries = self.entries();
        if entries.get(key).is_none() {
            entries.set(key, value, ttl);
        }
        Ok(())
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, Fault> {
        let mut entries = self.entries();
        let count = entries.get(key).and_then(|count| count.parse().ok()).unwrap_or(0_u64) + 1;
        match entries.by_key.get_mut(key).filter(|_| count > 1) {
            // It ends when it was to end.
            Some((value, _)) => *value = count.to_string(),
            None => entries.set(key, "1", ttl),
        }
        Ok(count)
    }

    async fn uncount(&self, key: &str, _: Duration) -> Result<(), Fault> {
        let mut entries = self.entries();
        let count: Option<u64> = entries.get(key).and_then(|count| count.parse().ok());
        if let (Some(count), Some((value, _))) = (count, entries.by_key.get_mut(key)) {
            *value = count.saturating_sub(1).to_string();
        }
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), Fault> {
        self.entries().by_key.remove(key);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_expired_is_swept_and_what_lives_is_seldom_looked_at() {
        let mut entries = Entries::default();
        let long = Duration::from_secs(3600);
        (0..SWEEP_AT).for_each(|n| entries.set(&n.to_string(), "", Duration::ZERO));
        entries.set("living", "", long);
        assert_eq!(entries.by_key.len(), 1);
        (0..SWEEP_AT).for_each(|n| entries.set(&n.to_string(), "", long));
        assert_eq!((entries.by_key.len(), entries.sweep_at), (SWEEP_AT + 1, 2 * SWEEP_AT));
        assert!(entries.get("living").is_some());
    }
}
