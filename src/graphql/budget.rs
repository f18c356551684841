//! What an operation may do while it runs, whatever was estimated before: only so much, and never long at a stretch.
//!
//! Answers that are in memory already come without any waiting, so a large operation would hold its thread to its
//! end, and no timeout could fire. Look-ups and lists pay here: a counter's increment each, on one task.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;

/// Look-ups and objects of lists that one operation may take: as many as the estimate may promise.
const LIMIT: u64 = super::limits::Limits::STANDARD.cost;
/// How many of them come before others have their turn: about a millisecond.
const STRETCH: u64 = 1_000;

/// One operation's account. Without [`Budget::bound`] nothing is limited.
#[derive(Debug)]
pub struct Budget {
    spent: AtomicU64,
    /// What may be spent before the task's next turn.
    until: AtomicU64,
    limit: AtomicU64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { spent: AtomicU64::new(0), until: AtomicU64::new(u64::MAX), limit: AtomicU64::new(u64::MAX) }
    }
}

/// An operation took more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operation leads to more than {LIMIT} objects")]
pub struct Overspent;

impl Budget {
    /// Takes what comes without waiting.
    pub fn count(&self, objects: usize) {
        self.spent.fetch_add(objects as u64, Relaxed);
    }

    /// Takes one; waits for the task's next turn when this turn's share is used up, and for ever when everything is:
    /// [`Budget::bound`] then drops the whole operation.
    pub async fn spend(&self) {
        poll_fn(|cx| {
            let spent = self.spent.load(Relaxed);
            if spent > self.limit.load(Relaxed) {
                return Poll::Pending;
            }
            if spent >= self.until.load(Relaxed) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.spent.store(spent + 1, Relaxed);
            Poll::Ready(())
        })
        .await;
    }

    /// Runs `work`, which spends from this account, with a full one.
    pub async fn bound<T>(&self, work: impl Future<Output = T>) -> Result<T, Overspent> {
        self.spent.store(0, Relaxed);
        self.limit.store(LIMIT, Relaxed);
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.until.store(self.spent.load(Relaxed) + STRETCH, Relaxed);
            match work.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending if self.spent.load(Relaxed) > LIMIT => Poll::Ready(Err(Overspent)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn an_operation_ends_when_everything_is_spent() {
        let budget = Budget::default();
        let spend = async |times: u64| {
            for _ in 0..times {
                budget.spend().await;
            }
        };
        assert_eq!(budget.bound(spend(LIMIT)).await, Ok(()));
        assert_eq!(budget.bound(spend(LIMIT)).await, Ok(()), "each operation has a full account");
        assert_eq!(budget.bound(spend(LIMIT + 2)).await, Err(Overspent));
        let at_once = async {
            budget.count(usize::try_from(LIMIT).unwrap() + 1);
            budget.spend().await;
        };
        assert_eq!(budget.bound(at_once).await, Err(Overspent));
    }

    #[tokio::test]
    async fn a_timeout_fires_although_nothing_waits() {
        let budget = Budget::default();
        let busy = async {
            loop {
                budget.spend().await;
                budget.spent.store(0, Relaxed);
                budget.until.fetch_sub(1, Relaxed);
            }
        };
        tokio::time::timeout(Duration::from_millis(1), budget.bound(busy)).await.expect_err("the time is over");
    }

    #[tokio::test]
    async fn what_nobody_bounds_is_not_limited() {
        let budget = Budget::default();
        for _ in 0..=LIMIT {
            budget.spend().await;
        }
        budget.spend().await;
    }
}
