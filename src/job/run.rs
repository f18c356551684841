//! What a job's code has while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::kind::Failure;
use super::model::{Claimed, End, Next, Progress};
use super::{service, store};
use crate::app::App;
use crate::db::{TenantDb, TenantTx};
use crate::error::Fault;

/// One attempt at a job.
#[derive(Clone)]
pub struct Run {
    pub app: App,
    /// The rows of whom the job is.
    pub db: TenantDb,
    pub id: Uuid,
    /// 1 for the first.
    pub attempt: i32,
    claim: Uuid,
    checkpoint: Option<Value>,
    state: Arc<State>,
}

struct State {
    stop: CancellationToken,
    is_cancelled: AtomicBool,
    done: AtomicI64,
    total: AtomicI64,
}

/// As a total: not known.
const UNKNOWN: i64 = -1;

impl Run {
    pub(crate) fn new(app: App, db: TenantDb, claimed: &Claimed, stop: CancellationToken) -> Self {
        let Progress { done, total } = claimed.progress;
        let state = State {
            stop,
            is_cancelled: AtomicBool::new(false),
            done: AtomicI64::new(done),
            total: AtomicI64::new(total.unwrap_or(UNKNOWN)),
        };
        Self {
            app,
            db,
            id: claimed.id,
            attempt: claimed.attempts,
            claim: claimed.claim,
            checkpoint: claimed.checkpoint.clone(),
            state: Arc::new(state),
        }
    }

    /// Says how far it is; shown within seconds.
    pub fn progress(&self, done: i64, total: Option<i64>) {
        AtomicI64::store(&self.state.done, done.max(0), Ordering::Relaxed);
        AtomicI64::store(&self.state.total, total.map_or(UNKNOWN, |total| total.max(0)), Ordering::Relaxed);
    }

    /// Waits until it is to stop: somebody has cancelled it, its process ends, or it is another worker's by now. What runs
    /// for more than seconds looks at it between two steps, and answers [`Failure::Interrupted`].
    pub async fn stopped(&self) {
        self.state.stop.cancelled().await;
    }

    pub fn is_stopped(&self) -> bool {
        self.state.stop.is_cancelled()
    }

    /// Where an attempt before this one has got to.
    pub fn checkpoint<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        let read = self.checkpoint.clone().map(serde_json::from_value).transpose();
        read.map_err(|error| Fault::internal(format!("a job's checkpoint: {error}")).into())
    }

    /// Keeps where it has got to, in the transaction of what has been done until there. Fails when the claim is lost, so
    /// that nothing of that transaction is done twice.
    pub async fn keep_in_tx(&self, tx: &mut TenantTx<'_>, checkpoint: &impl Serialize) -> Result<(), Failure> {
        let checkpoint = serde_json::to_value(checkpoint)
            .map_err(|error| Fault::internal(format!("a job's checkpoint: {error}")))?;
        let kept = store::keep(tx, (self.id, self.claim), &checkpoint, self.shown_progress()).await?;
        self.held(kept)
    }

    /// Ends the job, in the transaction of what it was for: that happens once. Fails when the claim is lost.
    pub async fn end_in_tx(&self, tx: &mut TenantTx<'_>) -> Result<(), Failure> {
        let now = self.app.clock.now();
        let next = Next::End(End::Succeeded, None);
        let ended = service::end_in_tx(tx, (self.id, self.claim), &next, self.shown_progress(), now).await?;
        self.held(ended)
    }

    fn held(&self, is_held: bool) -> Result<(), Failure> {
        if is_held {
            return Ok(());
        }
        self.state.stop.cancel();
        Err(Failure::Interrupted)
    }

    pub(crate) fn shown_progress(&self) -> Progress {
        let total = AtomicI64::load(&self.state.total, Ordering::Relaxed);
        let done = AtomicI64::load(&self.state.done, Ordering::Relaxed);
        Progress { done, total: (total != UNKNOWN).then_some(total) }
    }

    /// Somebody wishes that it is not done.
    pub(crate) fn cancel(&self) {
        AtomicBool::store(&self.state.is_cancelled, true, Ordering::Release);
        self.stop();
    }

    pub(crate) fn stop(&self) {
        self.state.stop.cancel();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        AtomicBool::load(&self.state.is_cancelled, Ordering::Acquire)
    }
}
