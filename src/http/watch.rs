//! Whether those who were let in still may: for sockets and streams, which outlive their request's guard, and for
//! requests, whose bodies and batches may.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::context::{Credentials, Denied, guard};
use super::router::Served;
use crate::access::Grants;
use crate::ids::TenantId;
use crate::tenant::resolve::{Moment, Resolved, Resolver};

/// A guard that cannot decide is asked again after so long.
const RETRY: Duration = Duration::from_millis(500);
/// A credential that ends is looked at again after so long at the earliest.
const MOMENT: Duration = Duration::from_millis(100);
/// What it said before stands for so long: a database that is away for a moment closes no socket.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells when the guard has to be asked again: of the changes that every process hears of, those that are about the tenant.
pub struct Watch {
    resolver: Resolver,
    changes: watch::Receiver<()>,
    /// When the guard was asked.
    asked: Moment,
    /// Whom it let in: nobody yet when none.
    tenant: Option<TenantId>,
    patience: Patience,
    /// When the credential ends by itself.
    ends_at: Option<Instant>,
}

/// With a guard that cannot decide.
#[derive(Default)]
struct Patience {
    undecided: Option<Undecided>,
}

struct Undecided {
    since: Instant,
    ask_at: Instant,
}

impl Watch {
    /// Begins before the guard is asked for the first time, so that nothing is missed in between.
    pub fn begin(served: &Served) -> Self {
        let resolver = served.app.resolver.clone();
        let (changes, asked) = (resolver.changes(), resolver.moment());
        Self { resolver, changes, asked, tenant: None, patience: Patience::default(), ends_at: None }
    }

    /// Has the guard asked again when what it let in ends by itself. Said again, it changes nothing until then.
    pub fn follow(&mut self, served: &Served, resolved: &Resolved) {
        self.tenant = Some(resolved.standing.id);
        if self.ends_at.is_none() {
            self.ends_at = resolved.expires_at.map(|at| {
                let left = (at - served.app.clock.now()).to_std().unwrap_or_default();
                // No sooner: clocks may differ by a little, and it would be asked over and over.
                Instant::now() + left.max(MOMENT)
            });
        }
    }

    /// Waits until the guard has to be asked again. May be dropped at any time.
    pub async fn due(&mut self) {
        if let Some(undecided) = &self.patience.undecided {
            return sleep_until(undecided.ask_at).await;
        }
        let Self { resolver, changes, asked, tenant, ends_at, .. } = self;
        let ends_at = *ends_at;
        let changed = async {
            loop {
                if changes.changed().await.is_err() {
                    // There is no resolver any more, and so nobody who could change anything.
                    std::future::pending().await
                }
                if tenant.is_none_or(|tenant| resolver.has_changed_since(tenant, *asked)) {
                    return;
                }
            }
        };
        let ended = async {
            match ends_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = changed => {}
            () = ended => {}
        }
    }

    /// Asks the guard again if anything has changed. One that cannot decide refuses: this is for requests, which can
    /// be sent again.
    pub async fn renew(
        &mut self,
        served: &Served,
        credentials: &Credentials,
        resolved: &mut Resolved,
    ) -> Result<(), Denied> {
        let has_ended = resolved.expires_at.is_some_and(|at| at <= served.app.clock.now());
        if has_ended || self.resolver.has_changed_since(resolved.standing.id, self.asked) {
            // Before the guard is asked: a further change is another.
            self.asked = self.resolver.moment();
            *resolved = guard(served, credentials).await?;
        }
        Ok(())
    }

    /// Asks the guard again. None: it cannot decide now, and what it said before stands.
    pub async fn prove(&mut self, served: &Served, credentials: &Credentials) -> Result<Option<Resolved>, Denied> {
        self.asked = self.resolver.moment();
        let proved = guard(served, credentials).await;
        let proved = self.patience.judge(proved, Instant::now())?;
        if let Some(resolved) = &proved {
            self.ends_at = None;
            self.follow(served, resolved);
        }
        Ok(proved)
    }
}

impl Patience {
    fn judge<T>(&mut self, proved: Result<T, Denied>, now: Instant) -> Result<Option<T>, Denied> {
        let since = self.undecided.take().map_or(now, |undecided| undecided.since);
        match proved {
            Ok(resolved) => Ok(Some(resolved)),
            Err(denied) if denied.status == StatusCode::SERVICE_UNAVAILABLE && now < since + PATIENCE => {
                self.undecided = Some(Undecided { since, ask_at: now + RETRY });
                Ok(None)
            }
            Err(denied) => Err(denied),
        }
    }
}

/// Tells the running operations what their caller may do from now on, if that is something else.
pub fn renew(grants: &watch::Sender<Grants>, now: &Grants) {
    grants.send_if_modified(|grants| {
        let is_other = grants != now;
        grants.clone_from(now);
        is_other
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;
    use crate::tenant::resolve::Refusal;

    #[test]
    fn a_guard_that_cannot_decide_is_asked_again_for_a_while() {
        let mut patience = Patience::default();
        let fault = || Err::<(), _>(Denied::from(Refusal::Fault(Fault::internal("away"))));
        let start = Instant::now();
        assert!(matches!(patience.judge(fault(), start), Ok(None)));
        assert!(matches!(patience.judge(fault(), start + PATIENCE - RETRY), Ok(None)));
        assert!(patience.judge(fault(), start + PATIENCE).is_err());
        assert!(matches!(patience.judge(fault(), start), Ok(None)));
        assert!(matches!(patience.judge(Ok(()), start), Ok(Some(()))));
        assert!(matches!(patience.judge(fault(), start + PATIENCE), Ok(None)), "its patience is new");
        assert!(patience.judge(Err::<(), _>(Refusal::Suspended.into()), start).is_err(), "what is decided is");
    }
}
