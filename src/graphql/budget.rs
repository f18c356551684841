//! What an operation may do while it runs, whatever was estimated before: only so much, and never long at a stretch.
//!
//! Answers that are in memory already come without any waiting, so a large operation would hold its thread to its
//! end, and no timeout could fire. Look-ups and lists pay here, and texts of some length: a counter's increment each,
//! on one task.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;

/// Look-ups and objects of lists that one operation may take: as many as the estimate may promise.
const LIMIT: u64 = super::limits::Limits::STANDARD.cost;
/// Bytes that an answer may have, and the long texts in it while it is made.
pub const ANSWER_BYTES: u64 = 10 << 20;
/// Texts from here on are counted, in bytes: how many short ones there may be says the estimate.
const LONG: usize = 256;
/// How many of them come before others have their turn: about a millisecond.
const STRETCH: u64 = 1_000;

/// One operation's account. Without [`Budget::bound`] nothing is limited.
#[derive(Debug)]
pub struct Budget {
    spent: AtomicU64,
    /// What may be spent before the task's next turn.
    until: AtomicU64,
    limit: AtomicU64,
    /// Bytes of long texts so far.
    text: AtomicU64,
    text_limit: AtomicU64,
}

impl Default for Budget {
    fn default() -> Self {
        let [spent, text] = [0, 0].map(AtomicU64::new);
        let [until, limit, text_limit] = [u64::MAX; 3].map(AtomicU64::new);
        Self { spent, until, limit, text, text_limit }
    }
}

/// What an operation had taken at some point.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    spent: u64,
    text: u64,
}

/// An operation took more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Overspent {
    #[error("the operation leads to more than {LIMIT} objects")]
    Objects,
    #[error("the operation's answer is longer than {ANSWER_BYTES} bytes")]
    Text,
}

impl Budget {
    /// Takes what comes without waiting.
    pub fn count(&self, objects: usize) {
        self.spent.fetch_add(objects as u64, Relaxed);
    }

    /// Takes a text that is answered at once.
    pub fn count_text(&self, bytes: usize) {
        if bytes >= LONG {
            self.text.fetch_add(bytes as u64, Relaxed);
        }
    }

    /// Takes a text; waits for ever when there were too many before: [`Budget::bound`] then drops the operation.
    pub async fn text(&self, bytes: usize) {
        poll_fn(|_| if self.overspent().is_some() { Poll::Pending } else { Poll::Ready(()) }).await;
        self.count_text(bytes);
    }

    /// Whether others are to have their turn before more is taken.
    pub fn is_due(&self) -> bool {
        self.spent.load(Relaxed) >= self.until.load(Relaxed)
    }

    /// What has been taken so far.
    pub fn mark(&self) -> Mark {
        Mark { spent: self.spent.load(Relaxed), text: self.text.load(Relaxed) }
    }

    /// Gives back what has been taken since, for an answer that was not used.
    pub fn back_to(&self, mark: Mark) {
        self.spent.store(mark.spent, Relaxed);
        self.text.store(mark.text, Relaxed);
    }

    /// What has been taken too much of.
    pub fn overspent(&self) -> Option<Overspent> {
        if self.spent.load(Relaxed) > self.limit.load(Relaxed) {
            Some(Overspent::Objects)
        } else if self.text.load(Relaxed) > self.text_limit.load(Relaxed) {
            Some(Overspent::Text)
        } else {
            None
        }
    }

    /// Takes one; waits for the task's next turn when this turn's share is used up, and for ever when everything is:
    /// [`Budget::bound`] then drops the whole operation.
    pub async fn spend(&self) {
        poll_fn(|cx| {
            if self.overspent().is_some() {
                return Poll::Pending;
            }
            let spent = self.spent.load(Relaxed);
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
        self.text.store(0, Relaxed);
        self.text_limit.store(ANSWER_BYTES, Relaxed);
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.until.store(self.spent.load(Relaxed) + STRETCH, Relaxed);
            match work.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending => self.overspent().map_or(Poll::Pending, |too_much| Poll::Ready(Err(too_much))),
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
        assert_eq!(budget.bound(spend(LIMIT + 2)).await, Err(Overspent::Objects));
        let at_once = async {
            budget.count(usize::try_from(LIMIT).unwrap() + 1);
            budget.spend().await;
        };
        assert_eq!(budget.bound(at_once).await, Err(Overspent::Objects));
    }

    #[tokio::test]
    async fn an_operation_ends_when_its_texts_are_too_long_together() {
        let budget = Budget::default();
        let say = async |times: usize, bytes: usize| {
            for _ in 0..times {
                budget.text(bytes).await;
            }
        };
        assert_eq!(budget.bound(say(10, 1 << 20)).await, Ok(()));
        assert_eq!(budget.bound(say(20, 1 << 20)).await, Err(Overspent::Text));
        assert_eq!(budget.bound(say(100_000, LONG - 1)).await, Ok(()), "short ones are not counted here");
        let at_once = async {
            budget.count_text(11 << 20);
            budget.spend().await;
        };
        assert_eq!(budget.bound(at_once).await, Err(Overspent::Text));
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
