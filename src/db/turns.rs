//! Whose turn it is to have a connection: a tenant's documents, however slow and many, do not keep the others from theirs.
//!
//! Of a pool's connections one tenant has half at most, rounded up, and the last quarter is for tenants that have none. Who may not have
//! one now waits in line, and whoever in it may have one is next: those who may are not kept waiting by those who may not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::config::DatabaseConfig;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::places::Shares;

/// One in so many connections may be held by followers.
const FOLLOWERS_SHARE: u32 = 3;
const FOLLOWERS_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// The turns at one pool. Cheap to clone.
#[derive(Clone)]
pub(super) struct Turns(Arc<Inner>);

struct Inner {
    /// How many one tenant has at once, at most.
    share: usize,
    patience: Duration,
    /// How many have not had theirs in time.
    crowded: AtomicU64,
    state: Mutex<State>,
}

struct State {
    shares: Shares,
    waiting: VecDeque<(TenantId, oneshot::Sender<Turn>)>,
}

/// Had until it is dropped.
pub(super) struct Turn {
    of: Turns,
    tenant: TenantId,
}

impl Turns {
    /// At a pool of so many connections, for which nobody waits longer than this.
    fn new(most: usize, patience: Duration) -> Self {
        Self::with(most.max(1), most.div_ceil(2).max(1), most / 4, patience)
    }

    fn with(most: usize, share: usize, kept: usize, patience: Duration) -> Self {
        let state = State { shares: Shares::new(most, share, kept), waiting: VecDeque::new() };
        Self(Arc::new(Inner { share, patience, crowded: AtomicU64::new(0), state: Mutex::new(state) }))
    }

    /// At a pool of this configuration.
    pub fn of(config: &DatabaseConfig) -> Self {
        Self::new(usize::try_from(config.pool_size).unwrap_or(usize::MAX), config.acquire_timeout)
    }

    /// Of those that followers share: a third of a pool of this configuration, of which one tenant has two thirds at most.
    /// However many are told at the same moment, they wait for each other as long as it takes.
    pub fn of_followers(config: &DatabaseConfig) -> Self {
        let most = usize::try_from(config.pool_size / FOLLOWERS_SHARE).unwrap_or(1).max(1);
        Self::with(most, (most * 2 / 3).max(1), most / 4, FOLLOWERS_PATIENCE)
    }

    /// How many one tenant has at once, at most.
    pub fn share(&self) -> usize {
        self.0.share
    }

    /// Waits for the tenant's turn. A future that is dropped gives it back.
    pub async fn take(&self, tenant: TenantId) -> Result<Turn, Fault> {
        let given = {
            let mut state = self.state();
            if state.shares.may(tenant) && !state.waiting.iter().any(|(waiting, _)| *waiting == tenant) {
                state.shares.give(tenant);
                return Ok(Turn { of: self.clone(), tenant });
            }
            let (give, given) = oneshot::channel();
            state.waiting.push_back((tenant, give));
            given
        };
        match timeout(self.0.patience, given).await {
            Ok(Ok(turn)) => Ok(turn),
            // Nobody forgets who waits.
            Ok(Err(_)) => Err(Fault::internal("a turn was lost")),
            Err(_) => {
                self.0.crowded.fetch_add(1, Ordering::Relaxed);
                Err(Fault::Crowded)
            }
        }
    }

    /// How many wait, and how many have not had their turn in time since the process began.
    pub fn crowd(&self) -> (u64, u64) {
        (self.state().waiting.len() as u64, self.0.crowded.load(Ordering::Relaxed))
    }

    /// Gives what is free to those who may have it, in the order in which they came.
    fn give_on(&self) {
        let mut given = Vec::new();
        {
            let mut state = self.state();
            let mut at = 0;
            while !state.shares.is_full() && at < state.waiting.len() {
                let (tenant, is_gone) = (state.waiting[at].0, state.waiting[at].1.is_closed());
                if is_gone {
                    state.waiting.remove(at);
                } else if state.shares.may(tenant) {
                    state.shares.give(tenant);
                    if let Some((tenant, give)) = state.waiting.remove(at) {
                        given.push((give, Turn { of: self.clone(), tenant }));
                    }
                } else {
                    at += 1;
                }
            }
        }
        // Not under the lock: one whose taker has gone meanwhile gives itself back.
        for (give, turn) in given {
            let _ = give.send(turn);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between two changes of it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.of.state().shares.take_back(self.tenant);
        self.of.give_on();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use uuid::Uuid;

    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId(Uuid::from_u128(n))
    }

    fn turns(most: usize) -> Turns {
        Turns::new(most, Duration::from_secs(5))
    }

    /// How many are given, how many of those to this tenant, and how many wait.
    fn counts(turns: &Turns, tenant: TenantId) -> (usize, usize, usize) {
        let state = turns.state();
        (state.shares.had().0, state.shares.of(tenant), state.waiting.len())
    }

    /// The turns that a tenant gets without waiting.
    fn at_once(turns: &Turns, tenant: TenantId) -> Vec<Turn> {
        std::iter::from_fn(|| turns.take(tenant).now_or_never()?.ok()).collect()
    }

    #[tokio::test]
    async fn a_tenant_has_half_and_the_last_quarter_is_for_who_has_none() {
        let turns = turns(8);
        let crowds: Vec<Vec<Turn>> = (1..=3).map(|n| at_once(&turns, tenant(n))).collect();
        assert_eq!(crowds.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2, 1]);
        assert_eq!(at_once(&turns, tenant(4)).len(), 1, "the last");
        assert_eq!(at_once(&turns, tenant(1)).len(), 0);
        drop(crowds);
        assert_eq!(counts(&turns, tenant(1)), (0, 0, 0));
        assert!(turns.state().shares.had() == (0, 0), "nobody is remembered who has none");
    }

    #[tokio::test]
    async fn who_may_have_one_is_not_kept_waiting_by_who_may_not() {
        let turns = turns(2);
        let mut held = at_once(&turns, tenant(1));
        assert_eq!(held.len(), 1);
        let mut second = Box::pin(turns.take(tenant(1)));
        assert!(second.as_mut().now_or_never().is_none(), "a half it has");
        let other = turns.take(tenant(2)).await.expect("the other half");
        let mut third = Box::pin(turns.take(tenant(3)));
        assert!(third.as_mut().now_or_never().is_none(), "there is none");
        drop(other);
        let third = third.await.expect("the one that was given back, though the first tenant's came before");
        assert!(second.as_mut().now_or_never().is_none());
        held.clear();
        drop(second.await.expect("its own, given back"));
        drop(third);
        assert_eq!(counts(&turns, tenant(1)), (0, 0, 0));
    }

    #[tokio::test]
    async fn who_stops_waiting_is_passed_over() {
        let turns = turns(1);
        let held = turns.take(tenant(1)).await.expect("the one");
        let mut gone = Box::pin(turns.take(tenant(1)));
        let mut next = Box::pin(turns.take(tenant(1)));
        assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        drop(gone);
        drop(held);
        let next = next.await.expect("the next in line");
        // Given to one who went before looking.
        let mut late = Box::pin(turns.take(tenant(2)));
        assert!(late.as_mut().now_or_never().is_none());
        drop(next);
        drop(late);
        assert!(turns.take(tenant(3)).now_or_never().is_some_and(|turn| turn.is_ok()));
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let turns = Turns::new(1, Duration::from_millis(1));
        let _held = turns.take(tenant(1)).await.expect("the one");
        assert!(matches!(turns.take(tenant(2)).await, Err(Fault::Crowded)));
        assert!(turns.take(tenant(2)).now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_crowd_gets_its_turns_one_after_the_other() {
        let turns = turns(4);
        let one = async |n: u128| {
            let turn = turns.take(tenant(n % 5)).await.expect("a turn");
            let (all, own, _) = counts(&turns, tenant(n % 5));
            assert!(all <= 4 && own <= 2, "{all} {own}");
            tokio::task::yield_now().await;
            drop(turn);
        };
        join_all((0..500).map(one)).await;
        assert_eq!(counts(&turns, tenant(0)), (0, 0, 0));
    }
}
