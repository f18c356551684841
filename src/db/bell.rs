//! Tells this process's own tasks that a committed transaction left work behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// Rung after the commit, with one bit for each kind of work. Any number of rings before someone listens are one.
#[derive(Clone, Default)]
pub struct Bell(Arc<Inner>);

#[derive(Default)]
struct Inner {
    kinds: AtomicU8,
    notify: Notify,
}

impl Bell {
    pub(super) fn ring(&self, kinds: u8) {
        AtomicU8::fetch_or(&self.0.kinds, kinds, Ordering::AcqRel);
        self.0.notify.notify_one();
    }

    /// Waits for the next ring, or returns at once when there was one: the kinds of work it was for. For one
    /// listener.
    pub async fn rung(&self) -> u8 {
        self.0.notify.notified().await;
        AtomicU8::swap(&self.0.kinds, 0, Ordering::AcqRel)
    }
}
