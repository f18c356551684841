//! A provider's keys, as this process knows them.
//!
//! They are asked for in the background when they are five minutes old, and waited for when they are an hour old; a
//! provider that is away has its keys count for a day longer. A `kid` that is unknown asks at once, but no more than once a
//! minute, whoever sends it. One question at a time: who needs its answer waits for it, at most five seconds; nobody else
//! does.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::fetch::Fetcher;
use crate::clock::Clock;
use crate::config::ProviderConfig;
use crate::identity::keys::VerifyingKey;
use crate::outside::{Breaker, Failed, NotDone, Outside, Policy, Target};

/// Older keys are asked for anew, and go on counting meanwhile …
const FRESH: TimeDelta = TimeDelta::minutes(5);
/// … these only when there is no answer …
const OLD: TimeDelta = TimeDelta::hours(1);
/// … and these not at all.
const TOO_OLD: TimeDelta = TimeDelta::hours(25);
/// Between two questions that unknown keys lead to, and between two tries at replacing old ones.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// The same while nothing is known at all.
const ASK_FIRST_AGAIN: TimeDelta = TimeDelta::seconds(10);
/// For discovery and keys together. No rest is longer than the pauses above.
const POLICY: Policy = Policy {
    timeout: Duration::from_secs(5),
    attempts: 1,
    wait: Duration::ZERO,
    breaker: Breaker { failures: 3, rest: TimeDelta::seconds(5), longest_rest: ASK_FIRST_AGAIN },
};

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// The provider has none of this name, as far as is known.
    Unknown,
    /// Nothing is known of its keys.
    Away,
}

struct Known {
    keys: Vec<Arc<VerifyingKey>>,
    asked_at: DateTime<Utc>,
}

impl Known {
    fn find(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        self.keys.iter().find(|key| key.kid == kid).cloned()
    }
}

/// When it was asked last, whatever came of it.
type Asked = Option<DateTime<Utc>>;

pub struct ProviderKeys {
    fetcher: Fetcher,
    target: Target,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Arc<Known>>>,
    /// Held while it is asked.
    turn: Arc<Mutex<Asked>>,
}

impl ProviderKeys {
    pub fn new(config: &ProviderConfig, clock: Arc<dyn Clock>, outside: &Outside) -> Self {
        let target = outside.target(format!("jwks:{}", config.name), POLICY);
        Self { fetcher: Fetcher::new(config), target, clock, known: RwLock::new(None), turn: Arc::default() }
    }

    /// The key of this name.
    pub async fn key(self: &Arc<Self>, kid: &str) -> Result<Arc<VerifyingKey>, NoKey> {
        let now = self.clock.now();
        let (known, age) = self.known(now);
        match known.as_ref().and_then(|known| known.find(kid)) {
            Some(key) if age < FRESH => return Ok(key),
            Some(key) if age < OLD => {
                self.ask_meanwhile(now);
                return Ok(key);
            }
            _ => self.ask(now).await,
        }
        match self.known(self.clock.now()).0 {
            Some(known) => known.find(kid).ok_or(NoKey::Unknown),
            None => Err(NoKey::Away),
        }
    }

    /// What is known and not too old, and how old it is.
    fn known(&self, now: DateTime<Utc>) -> (Option<Arc<Known>>, TimeDelta) {
        let known = self.known.read().expect("no holder panics").clone();
        let age = known.as_ref().map_or(TimeDelta::MAX, |known| now - known.asked_at);
        (known.filter(|_| age < TOO_OLD), age)
    }

    /// Asks, unless that was done a moment ago; waits for who is asking.
    async fn ask(self: &Arc<Self>, now: DateTime<Utc>) {
        let turn = self.turn.clone().lock_owned().await;
        if let Some(asking) = self.begin(turn, now) {
            // In a task of its own: who asked may hang up, and others wait for the answer.
            let _ = tokio::spawn(asking).await;
        }
    }

    /// Asks, unless somebody does, and waits for nobody.
    fn ask_meanwhile(self: &Arc<Self>, now: DateTime<Utc>) {
        if let Ok(turn) = self.turn.clone().try_lock_owned()
            && let Some(asking) = self.begin(turn, now)
        {
            tokio::spawn(asking);
        }
    }

    fn begin(
        self: &Arc<Self>,
        mut turn: OwnedMutexGuard<Asked>,
        now: DateTime<Utc>,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let pause = if self.known(now).0.is_some() { ASK_AGAIN } else { ASK_FIRST_AGAIN };
        if turn.is_some_and(|asked| now < asked + pause) {
            return None;
        }
        *turn = Some(now);
        let this = self.clone();
        Some(async move {
            match this.target.call(|| async { this.fetcher.keys().await.map_err(Failed::Away) }).await {
                Ok(keys) => {
                    let known = Arc::new(Known { keys, asked_at: now });
                    *this.known.write().expect("no holder panics") = Some(known);
                }
                Err(error) => this.complain(&error),
            }
            drop(turn);
        })
    }

    fn complain(&self, error: &NotDone<String>) {
        tracing::warn!(issuer = self.fetcher.issuer(), %error, "an identity provider does not say its keys");
    }
}
