//! Time and randomness as parameters, so that tests decide both.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::{Builder, Uuid};

/// Says what time it is, to PostgreSQL's microsecond.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the machine for the time")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// A clock that stands until a test moves it.
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    pub fn new(now: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(now.trunc_subsecs(6))))
    }

    /// Moves the clock forward (or back).
    pub fn advance(&self, by: Duration) {
        *self.0.lock().expect("no holder panics") += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no holder panics")
    }
}

/// Random bytes: the operating system's in production, seeded in tests.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<Source>>);

struct Source {
    random: StdRng,
    /// The last UUIDv7's millisecond and counter.
    last: (u64, u16),
}

impl Source {
    fn new(random: StdRng) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { random, last: (0, 0) }))
    }
}

/// The counter fills a UUIDv7's 12 bits behind the millisecond.
const COUNTER_BITS: u16 = 12;

impl Entropy {
    /// A cryptographically strong generator seeded by the operating system.
    pub fn from_os() -> Self {
        Self(Source::new(rand::make_rng()))
    }

    /// The same numbers every time: for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::new(StdRng::seed_from_u64(seed)))
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().expect("no holder panics").random.fill(&mut bytes);
        bytes
    }

    /// A number in `0.0..1.0`, for jitter.
    pub fn unit(&self) -> f64 {
        self.0.lock().expect("no holder panics").random.random()
    }

    /// A UUIDv7: ordered by the millisecond and, within one, by when this process made it (RFC 9562, method 1), so
    /// that what is written together keeps its order; 62 random bits behind that.
    pub fn uuid_v7(&self, now: DateTime<Utc>) -> Uuid {
        let mut random: [u8; 10] = self.bytes();
        let mut source = self.0.lock().expect("no holder panics");
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let (last, counter) = source.last;
        source.last = match counter + 1 {
            _ if millis > last => (millis, 0),
            next if next >> COUNTER_BITS == 0 => (last, next),
            _ => (last + 1, 0),
        };
        let (millis, counter) = source.last;
        random[..2].copy_from_slice(&counter.to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_are_in_the_order_they_were_made() {
        let (entropy, now) = (Entropy::seeded(1), DateTime::UNIX_EPOCH + Duration::days(20_000));
        let ids: Vec<Uuid> = (0..10_000).map(|_| entropy.uuid_v7(now)).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| id.get_version_num() == 7));
    }
}
