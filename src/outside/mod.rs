//! Calls to services of others that the operator has chosen (mail servers, identity providers): one policy for how long they
//! may take, how often they are repeated, and when nobody asks any more ([`circuit`]). Merchants' endpoints have a policy of
//! their own, since each is one shop's: [`crate::webhook`].

mod circuit;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::circuit::{Asked, Circuit};
pub use self::circuit::{Breaker, State};
use crate::clock::{Clock, Entropy};
use crate::metrics::Metrics;

/// How a service of others is called.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// For one attempt.
    pub timeout: Duration,
    /// Attempts of one call, at least 1. More than one only of what may be done twice.
    pub attempts: u32,
    /// Before the second attempt at most; before each further one twice as long. How long really is chance, so that those
    /// who failed together do not come again together.
    pub wait: Duration,
    pub breaker: Breaker,
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed<E> {
    /// The service is there and will not: that says nothing about others' calls, and is not repeated.
    Refused(E),
    /// It is not there, or not able to.
    Away(E),
}

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone<E> {
    #[error("{0}")]
    Refused(E),
    #[error("{0}")]
    Away(E),
    #[error("no answer in time")]
    TimedOut,
    /// Nobody asks it at the moment, since it has not answered for a while.
    #[error("it has not answered lately, and is asked again in a while")]
    Resting,
}

/// What targets are made with. Cheap to clone.
#[derive(Clone)]
pub struct Outside {
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    metrics: Metrics,
}

impl Outside {
    pub fn new(clock: Arc<dyn Clock>, entropy: Entropy, metrics: Metrics) -> Self {
        Self { clock, entropy, metrics }
    }

    /// A service, by a name for metrics of which there are few: `smtp`, `jwks:clerk`.
    pub fn target(&self, name: impl Into<Arc<str>>, policy: Policy) -> Target {
        let (name, circuit) = (name.into(), Arc::default());
        let target = Target { name, policy, outside: self.clone(), circuit };
        target.show();
        target
    }
}

/// A service of others', as this process knows it. Cheap to clone.
#[derive(Clone)]
pub struct Target {
    name: Arc<str>,
    policy: Policy,
    outside: Outside,
    circuit: Arc<Mutex<Circuit>>,
}

impl Target {
    /// Calls it, once or as often as its policy says. May be dropped at any time.
    pub async fn call<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, NotDone<E>>
    where
        F: Future<Output = Result<T, Failed<E>>>,
    {
        let mut made = 0;
        loop {
            let failure = match self.attempt(attempt()).await {
                Err(failure @ (NotDone::Away(_) | NotDone::TimedOut)) => failure,
                done => return done,
            };
            made += 1;
            if made >= self.policy.attempts {
                return Err(failure);
            }
            let longest = self.policy.wait.saturating_mul(1 << (made - 1).min(10));
            tokio::time::sleep(longest.mul_f64(self.outside.entropy.unit())).await;
        }
    }

    async fn attempt<T, E>(&self, attempt: impl Future<Output = Result<T, Failed<E>>>) -> Result<T, NotDone<E>> {
        let Some(asked) = self.circuit().admits(self.outside.clock.now()) else {
            self.count("skipped");
            return Err(NotDone::Resting);
        };
        self.show();
        let mut asking = Asking { target: self, asked, is_over: false };
        let done = match tokio::time::timeout(self.policy.timeout, attempt).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(Failed::Refused(error))) => Err(NotDone::Refused(error)),
            Ok(Err(Failed::Away(error))) => Err(NotDone::Away(error)),
            Err(_) => Err(NotDone::TimedOut),
        };
        asking.is_over = true;
        let outcome = match &done {
            Ok(_) => "done",
            Err(NotDone::Refused(_)) => "refused",
            Err(NotDone::TimedOut) => "timed_out",
            Err(_) => "away",
        };
        match &done {
            Ok(_) | Err(NotDone::Refused(_)) => self.circuit().succeeded(asked),
            Err(_) => self.circuit().failed(asked, &self.policy.breaker, self.outside.clock.now()),
        }
        self.count(outcome);
        self.show();
        done
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.circuit().state(self.outside.clock.now())
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        // Nothing panics between two changes of it.
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, outcome: &'static str) {
        self.outside.metrics.outside_call(&self.name, outcome);
    }

    fn show(&self) {
        self.outside.metrics.circuit(&self.name, self.state());
    }
}

/// An attempt under way.
struct Asking<'a> {
    target: &'a Target,
    asked: Asked,
    is_over: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.target.circuit().abandoned(self.asked);
        }
    }
}
