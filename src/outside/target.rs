//! Services of others, as this process knows them.

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use super::circuits::{Asking, Circuits, Counts};
use super::{Failed, NotDone, Policy, State};
use crate::clock::Entropy;
use crate::metrics::Metrics;

/// A service, or many under one name and policy, each of which has a circuit of its own by its key: merchants' endpoints, of
/// which one shop's must not rest because another's is away. Cheap to clone.
#[derive(Clone)]
pub struct Target<K = ()> {
    pub(super) name: Arc<str>,
    pub(super) policy: Policy,
    pub(super) circuits: Arc<Circuits<K>>,
    /// Whether it is one service, which is there or not, whoever asks.
    pub(super) is_one: bool,
    pub(super) entropy: Entropy,
    pub(super) metrics: Metrics,
}

impl Target {
    /// Calls it, once or as often as its policy says. May be dropped at any time.
    pub async fn call<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, NotDone<E>>
    where
        F: Future<Output = Result<T, Failed<E>>>,
    {
        self.call_one((), attempt).await
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.circuits.state(&())
    }
}

impl<K: Clone + Eq + Hash> Target<K> {
    /// The same, which may take so long.
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { policy: Policy { timeout, ..self.policy }, ..self.clone() }
    }

    /// Calls one of many. What is said of a call that is broken off, since nobody asks any more, is how it last failed.
    pub async fn call_one<T, E, F>(&self, key: K, attempt: impl Fn() -> F) -> Result<T, NotDone<E>>
    where
        F: Future<Output = Result<T, Failed<E>>>,
    {
        let (mut made, mut last) = (0, NotDone::Resting);
        loop {
            let Some(admitted) = self.admit(key.clone()) else { return Err(last) };
            let failure = match admitted.run(attempt()).await {
                Err(failure @ (NotDone::Away(_) | NotDone::TimedOut)) => failure,
                done => return done,
            };
            made += 1;
            if made >= self.policy.attempts {
                return Err(failure);
            }
            last = failure;
            let longest = self.policy.wait.saturating_mul(1 << (made - 1).min(10));
            tokio::time::sleep(longest.mul_f64(self.entropy.unit())).await;
        }
    }

    /// Whether it is asked now: for who has to prepare an attempt, and repeats it by a schedule of its own.
    pub fn admit(&self, key: K) -> Option<Admitted<'_, K>> {
        let asking = self.circuits.ask(key);
        if asking.is_none() {
            self.count("skipped");
        }
        self.show();
        asking.map(|asking| Admitted { target: self, asking })
    }

    /// It is another by now, or has been mended: what is known of it counts no more.
    pub fn close(&self, key: &K) {
        self.circuits.close(key);
        self.show();
    }

    fn count(&self, outcome: &'static str) {
        self.metrics.outside_call(&self.name, outcome);
    }

    pub(super) fn show(&self) {
        let Counts { half_open, open } = self.circuits.counts();
        // Of many nobody knows how many there are.
        let closed = self.is_one.then(|| 1_usize.saturating_sub(half_open + open));
        let counts = [(State::Closed, closed), (State::HalfOpen, Some(half_open)), (State::Open, Some(open))];
        for (state, count) in counts {
            if let Some(count) = count {
                self.metrics.circuits(&self.name, state, count);
            }
        }
    }
}

/// An attempt that may be made. Dropped without, it says nothing.
pub struct Admitted<'a, K: Clone + Eq + Hash = ()> {
    target: &'a Target<K>,
    asking: Asking<'a, K>,
}

impl<K: Clone + Eq + Hash> Admitted<'_, K> {
    /// Makes it, in the time that the policy gives it.
    pub async fn run<T, E>(self, attempt: impl Future<Output = Result<T, Failed<E>>>) -> Result<T, NotDone<E>> {
        let Self { target, asking } = self;
        let done = match tokio::time::timeout(target.policy.timeout, attempt).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(Failed::Refused(error))) => Err(NotDone::Refused(error)),
            Ok(Err(Failed::Away(error))) => Err(NotDone::Away(error)),
            Err(_) => Err(NotDone::TimedOut),
        };
        asking.ended(matches!(&done, Ok(_) | Err(NotDone::Refused(_))));
        target.count(match &done {
            Ok(_) => "done",
            Err(NotDone::Refused(_)) => "refused",
            Err(NotDone::TimedOut) => "timed_out",
            Err(_) => "away",
        });
        target.show();
        done
    }
}
