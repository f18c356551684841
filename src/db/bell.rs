//! Tells this process's own tasks that a committed transaction left work behind.

use std::sync::Arc;

use tokio::sync::Notify;

/// Rung after the commit. Any number of rings before someone listens are one.
#[derive(Clone, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    pub(super) fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits for the next ring, or returns at once when there was one. For one listener.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}
