//! The stand-ins for one process: `emporia dev` without Redis, and `--single-process`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::bucket::{self, Bucket, Poured};
use super::{Notice, Shared};
use crate::clock::{Clock, SystemClock};
use crate::error::Fault;

/// Fewer entries than these are never swept.
const SWEEP_AT: usize = 10_000;

pub struct MemoryShared {
    clock: Arc<dyn Clock>,
    entries: Mutex<Entries>,
    levels: Mutex<Levels>,
    notes: Mutex<Notes>,
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

/// What is in buckets: the level, when it was that, and when it will have leaked; in milliseconds.
#[derive(Default)]
struct Levels {
    by_key: HashMap<String, (u64, i64, i64)>,
    sweep_at: usize,
}

impl Levels {
    fn pour(&mut self, buckets: &[Bucket], used: i64, wanted: u64, now: i64) -> Poured {
        let level = |bucket: &Bucket| {
            self.by_key.get(&bucket.key).map_or(0, |(level, since, _)| {
                // Nothing leaks while a clock is put back.
                bucket.leaked(*level, u64::try_from(now - since).unwrap_or_default())
            })
        };
        let poured = bucket::pour(buckets, buckets.iter().map(level).collect(), used, wanted);
        if poured.fits || used != 0 {
            self.sweep(now);
            for (bucket, level) in buckets.iter().zip(&poured.levels) {
                let leaked = now.saturating_add_unsigned(bucket.rate.millis(*level));
                self.by_key.insert(bucket.key.clone(), (*level, now, leaked));
            }
        }
        poured
    }

    /// Forgets those that are empty, when there are many.
    fn sweep(&mut self, now: i64) {
        if self.by_key.len() >= self.sweep_at.max(SWEEP_AT) {
            self.by_key.retain(|_, (_, _, leaked)| *leaked > now);
            self.sweep_at = 2 * self.by_key.len();
        }
    }
}

/// Logs of milliseconds, the oldest first, and of how long a window each is.
#[derive(Default)]
struct Notes {
    by_key: HashMap<String, (VecDeque<i64>, i64)>,
    sweep_at: usize,
}

impl Notes {
    fn note(&mut self, log: &str, now: i64, window: i64, most: u64) -> u64 {
        if self.by_key.len() >= self.sweep_at.max(SWEEP_AT) {
            self.by_key.retain(|_, (notes, window)| notes.back().is_some_and(|last| *last > now - *window));
            self.sweep_at = 2 * self.by_key.len();
        }
        let (notes, kept_for) = self.by_key.entry(log.to_owned()).or_default();
        *kept_for = window;
        while notes.front().is_some_and(|oldest| *oldest <= now - window) {
            notes.pop_front();
        }
        let noted = notes.len() as u64;
        if noted < most {
            notes.push_back(now);
        }
        noted
    }
}

impl MemoryShared {
    pub fn new() -> Arc<Self> {
        Self::by(Arc::new(SystemClock))
    }

    /// One whose buckets leak by this clock.
    pub fn by(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            entries: Mutex::default(),
            levels: Mutex::default(),
            notes: Mutex::default(),
            notices: broadcast::channel(4096).0,
        })
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

    async fn note(&self, log: &str, now: i64, window: Duration, most: u64) -> Result<u64, Fault> {
        let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        Ok(self.notes.lock().expect("no holder panics").note(log, now, window, most))
    }

    async fn unnote(&self, log: &str) -> Result<(), Fault> {
        if let Some((notes, _)) = self.notes.lock().expect("no holder panics").by_key.get_mut(log) {
            notes.pop_back();
        }
        Ok(())
    }

    async fn pour(&self, buckets: &[Bucket], used: i64, wanted: u64) -> Result<Poured, Fault> {
        let mut levels = self.levels.lock().expect("no holder panics");
        Ok(levels.pour(buckets, used, wanted, self.clock.now().timestamp_millis()))
    }

    async fn remove(&self, key: &str) -> Result<(), Fault> {
        self.entries().by_key.remove(key);
        self.notes.lock().expect("no holder panics").by_key.remove(key);
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
    use crate::cache::Rate;

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

    #[test]
    fn notes_that_are_all_older_than_their_window_are_swept() {
        let mut notes = Notes::default();
        (0..SWEEP_AT).for_each(|n| assert_eq!(notes.note(&n.to_string(), 0, 10, 1), 0));
        assert_eq!(notes.note("later", 10, 10, 1), 0);
        assert_eq!(notes.by_key.len(), 1);
    }

    #[test]
    fn a_bucket_leaks_by_the_time_and_is_forgotten_once_it_is_empty() {
        let mut levels = Levels::default();
        let bucket = |n: usize| vec![Bucket { key: n.to_string(), rate: Rate::per_second(2).unwrap() }];
        let at = |seconds: i64| seconds * 1000;
        assert_eq!(levels.pour(&bucket(0), 0, 40_000, at(0)), Poured { fits: true, levels: vec![40_000] });
        assert_eq!(levels.pour(&bucket(0), 0, 1, at(0)), Poured { fits: false, levels: vec![40_000] });
        assert_eq!(levels.pour(&bucket(0), 0, 2_000, at(1)), Poured { fits: true, levels: vec![40_000] });
        assert_eq!(levels.pour(&bucket(0), -1_000, 0, at(2)), Poured { fits: true, levels: vec![37_000] });
        (1..=SWEEP_AT).for_each(|n| drop(levels.pour(&bucket(n), 0, 1_000, at(30))));
        assert_eq!(levels.by_key.len(), SWEEP_AT, "the first has run empty");
    }
}
