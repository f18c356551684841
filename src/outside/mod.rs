//! Calls to services of others (payment gateways, mail servers, identity providers, name servers, merchants' endpoints): one
//! policy for how long they may take, how often they are repeated, and when nobody asks any more ([`circuit`]).
//!
//! Nothing else in this program makes a client for HTTP, SMTP or DNS (`tests/it/architecture.rs`): [`http`] makes those of
//! HTTP, and whoever has one calls by a [`Target`]. ADR 0046 says why each is asked as it is.

pub mod address;
mod circuit;
mod circuits;
pub mod http;
mod target;

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

pub use self::circuit::{Breaker, State};
pub use self::circuits::{Asking, Circuits};
pub use self::target::{Admitted, Target};
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
        self.make(name.into(), policy, true)
    }

    /// Many services that are alike and know nothing of each other, by one name for metrics: `webhooks`.
    pub fn targets<K: Clone + Eq + Hash>(&self, name: impl Into<Arc<str>>, policy: Policy) -> Target<K> {
        self.make(name.into(), policy, false)
    }

    fn make<K: Clone + Eq + Hash>(&self, name: Arc<str>, policy: Policy, is_one: bool) -> Target<K> {
        let circuits = Arc::new(Circuits::new(policy.breaker, self.clock.clone()));
        let (entropy, metrics) = (self.entropy.clone(), self.metrics.clone());
        let target = Target { name, policy, circuits, is_one, entropy, metrics };
        target.show();
        target
    }
}
