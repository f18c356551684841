//! Sending webhooks: fair between tenants, bounded, one claim per attempt.
//!
//! Each endpoint that has something due gets up to [`LANES`] lanes: a lane claims one delivery, sends it, records it,
//! and goes on until nothing is due. A lane waits for its place among the tenant's and the process's attempts before
//! it claims, so that a claim's lease covers nothing but the attempt. A receiver that hangs holds its own lanes; a
//! tenant whose receivers all hang holds its own places, of which the first is one that no other tenant's further
//! attempts can take. Connections to the database are held by nobody while sending, and by at most [`DATABASE`] lanes
//! otherwise; a tenant's bodies are made one after the other, so that one whose orders take long to read does not hold
//! them all.
//!
//! An endpoint that does not answer rests ([`crate::outside`]), by its circuit in this process: nothing is claimed for it, and
//! the bell that is set while something is due has one lane try again.
//!
//! A suspended tenant's deliveries wait, and go on within seconds of its being resumed; a disabled subscription's, until
//! the merchant has enabled it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::{Outcome, render};
use crate::app::App;
use crate::db::TenantDb;
use crate::error::Fault;
use crate::events::{Work, ring_now_in_tx, store};
use crate::graphql::schema::{self, EmporiaSchema};
use crate::ids::TenantId;
use crate::outside::Admitted;
use crate::telemetry::trace;
use crate::webhook::client::{Answer, Client, Heard, Message};
use crate::webhook::health::Verdict;
use crate::webhook::model::{Attempt, Claimed};
use crate::webhook::service;
use crate::webhook::sign::message_id;

/// Attempts at once: to one endpoint, for one tenant.
const LANES: usize = 4;
const PER_TENANT: usize = 16;
/// Lanes that may hold a database connection at once: requests need them too.
const DATABASE: usize = 3;
/// For rendering and recording, on top of the time that sending may take.
const MARGIN: TimeDelta = TimeDelta::seconds(45);
/// Rendering must leave time to send.
const RENDER_TIMEOUT: Duration = Duration::from_secs(20);
/// How long, and how often, something is read or written that the database does not let be: what is not written down
/// is done again when the lease ends.
const PATIENCE: Duration = Duration::from_secs(10);
const BACK_OFF: Duration = Duration::from_millis(500);

/// The deliveries of one process. Cheap to clone.
#[derive(Clone)]
pub struct Deliverer(Arc<Inner>);

struct Inner {
    app: App,
    schema: EmporiaSchema,
    client: Client,
    tenants: Mutex<HashMap<TenantId, Tenant>>,
    places: Places,
    database: Semaphore,
    tasks: TaskTracker,
    /// No further claims.
    closing: CancellationToken,
}

/// What one tenant is sending.
struct Tenant {
    turns: Arc<Turns>,
    endpoints: HashMap<Uuid, Endpoint>,
}

/// What a tenant's lanes take turns at.
struct Turns {
    places: Places,
    rendering: Semaphore,
}

impl Turns {
    fn new() -> Self {
        Self { places: Places::new(1, PER_TENANT - 1), rendering: Semaphore::new(1) }
    }
}

#[derive(Default)]
struct Endpoint {
    lanes: usize,
    /// Something became due since a lane looked last.
    again: bool,
}

/// How many attempts may run at once, a tenant's first one counted apart from further ones.
struct Places {
    first: Semaphore,
    further: Semaphore,
}

impl Places {
    fn new(first: usize, further: usize) -> Self {
        Self { first: Semaphore::new(first), further: Semaphore::new(further) }
    }

    /// A tenant's place, and one of the process of the same kind.
    async fn take<'a>(tenant: &'a Self, process: &'a Self) -> [SemaphorePermit<'a>; 2] {
        tokio::select! {
            biased;
            places = take_both(&tenant.first, &process.first) => places,
            places = take_both(&tenant.further, &process.further) => places,
        }
    }
}

async fn take_both<'a>(one: &'a Semaphore, other: &'a Semaphore) -> [SemaphorePermit<'a>; 2] {
    [one.acquire().await.expect("never closed"), other.acquire().await.expect("never closed")]
}

impl Deliverer {
    /// With room for so many attempts at once; half of them are kept for tenants' first ones.
    pub fn new(app: App, attempts: usize) -> Result<Self, Fault> {
        let client = Client::new(&app.config.webhook)?;
        Ok(Self(Arc::new(Inner {
            app,
            schema: schema::builder().finish(),
            client,
            tenants: Mutex::default(),
            places: Places::new(attempts / 2, attempts.div_ceil(2)),
            database: Semaphore::new(DATABASE),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        })))
    }

    /// Sees to it that everything due for the tenant is being sent, and returns: the sending goes on by itself.
    pub async fn start_due(&self, tenant: TenantId) -> Result<Outcome, Fault> {
        let due = self.0.due(tenant).await?;
        Ok(if self.start_lanes(tenant, &due) { Outcome::Done } else { Outcome::Busy })
    }

    /// Sends everything that is due for the tenant, one after the other.
    pub async fn finish_due(&self, tenant: TenantId) -> Result<(), Fault> {
        let turns = Turns::new();
        for (subscription, _) in self.0.due(tenant).await? {
            while self.0.deliver_next(tenant, subscription, &turns).await? {}
        }
        Ok(())
    }

    /// Claims nothing more. Answers the tenants of which something may be due that is left to others.
    pub fn close(&self) -> Vec<TenantId> {
        // In one step with the starting of lanes: each has started before and is known here, or does not start.
        let tenants = self.0.tenants();
        self.0.closing.cancel();
        self.0.tasks.close();
        tenants.keys().copied().collect()
    }

    /// Rings for what is left to others: their bells have been taken down when it was begun.
    pub async fn hand_over(&self, tenants: &[TenantId]) {
        let app = &self.0.app;
        for &tenant in tenants {
            let now = app.clock.now();
            let db = app.db.tenant(tenant);
            let rung = db.write(async |tx| Ok::<_, Fault>(ring_now_in_tx(tx, Work::Deliveries, now)?)).await;
            if let Err(fault) = rung {
                tracing::warn!(%fault, %tenant, "deliveries wait for the bell that was set for dying workers");
            }
        }
    }

    /// Waits, after [`Self::close`], for the attempts that are running.
    pub async fn closed(&self) {
        self.0.tasks.wait().await;
    }

    /// Starts lanes for what is due by subscription; false when nothing is started any more.
    fn start_lanes(&self, tenant: TenantId, due: &[(Uuid, usize)]) -> bool {
        let mut tenants = self.0.tenants();
        if self.0.closing.is_cancelled() {
            return false;
        }
        if due.is_empty() {
            return true;
        }
        let of_tenant = tenants
            .entry(tenant)
            .or_insert_with(|| Tenant { turns: Arc::new(Turns::new()), endpoints: HashMap::new() });
        for &(subscription, due) in due {
            let endpoint = of_tenant.endpoints.entry(subscription).or_default();
            endpoint.again = true;
            while endpoint.lanes < due.min(LANES) {
                endpoint.lanes += 1;
                let lane = Lane { inner: self.0.clone(), tenant, subscription, is_open: true };
                self.0.tasks.spawn(lane.run(of_tenant.turns.clone()));
            }
        }
        true
    }
}

impl Inner {
    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, Tenant>> {
        self.tenants.lock().expect("no holder panics")
    }

    fn lease(&self) -> TimeDelta {
        TimeDelta::from_std(self.app.config.webhook.timeout).unwrap_or(MARGIN) + MARGIN
    }

    async fn due(&self, tenant: TenantId) -> Result<Vec<(Uuid, usize)>, Fault> {
        let now = self.app.clock.now();
        let due = service::due(&self.app.db.tenant(tenant), now, LANES).await?;
        // Those of a suspended tenant are looked at again by the bell that is set now.
        Ok(if self.is_suspended(tenant).await? { Vec::new() } else { due })
    }

    async fn is_suspended(&self, tenant: TenantId) -> Result<bool, Fault> {
        Ok(self.app.resolver.standing(tenant).await?.is_none_or(|standing| standing.suspended))
    }

    /// Claims, sends and records one delivery; false when none was free, or its endpoint rests.
    async fn deliver_next(&self, tenant: TenantId, subscription: Uuid, turns: &Turns) -> Result<bool, Fault> {
        let db = self.app.db.tenant(tenant);
        if self.is_suspended(tenant).await? {
            return Ok(false);
        }
        let Some(admitted) = self.app.endpoints.admit(subscription) else { return Ok(false) };
        let claimed = self.patiently(|| service::claim(&self.app, &db, subscription, self.lease())).await?;
        let Some(mut claimed) = claimed else { return Ok(false) };
        let span = self.span(&db, &claimed).await;
        let body = self.body(&db, &mut claimed, turns).instrument(span.clone()).await?;
        let attempted_at = self.app.clock.now();
        let (answer, verdict) = match body {
            Some(Ok(body)) => {
                let sending = self.send(admitted, &claimed, attempted_at.timestamp(), body);
                let answer = sending.instrument(span.clone()).await;
                let verdict = answer.verdict();
                (answer, verdict)
            }
            // Told to the merchant as an attempt: it ends with the schedule instead of coming back for ever.
            Some(Err(answer)) => (answer, Verdict::Unsent),
            None => return Ok(true),
        };
        self.count(&claimed, &answer, verdict, attempted_at);
        let attempt = Attempt {
            number: claimed.attempts + 1,
            status_code: answer.status.and_then(|status| i16::try_from(status).ok()),
            duration_ms: i32::try_from(answer.duration.as_millis()).unwrap_or(i32::MAX),
            response_excerpt: answer.excerpt.clone(),
            error: answer.error.clone(),
            attempted_at,
        };
        let record = || service::record(&self.app, &db, &claimed, &attempt, verdict);
        if !self.patiently(record).instrument(span).await? {
            tracing::warn!(%tenant, delivery = %claimed.id, "an attempt outlived its claim and was not recorded");
        }
        Ok(true)
    }

    /// The attempt's span, in the trace of what is told.
    async fn span(&self, db: &TenantDb, claimed: &Claimed) -> Span {
        if !trace::is_on() {
            return Span::none();
        }
        let span = trace::span!("delivery", otel.kind = "producer", tenant = %db.tenant(), delivery = %claimed.id,
            topic = claimed.topic.as_db(), attempt = claimed.attempts + 1);
        let told = db.read(async |conn| Ok::<_, Fault>(store::traceparent(conn, claimed.event_id).await?));
        if let Ok(Some(traceparent)) = self.on_database(told).await {
            trace::follow(&span, &traceparent);
        }
        span
    }

    fn count(&self, claimed: &Claimed, answer: &Answer, verdict: Verdict, attempted_at: DateTime<Utc>) {
        let outcome = match (verdict, answer.status) {
            (Verdict::Taken, _) => "taken",
            (Verdict::Unsent, _) => "not_sent",
            (_, Some(_)) => "refused",
            (_, None) => "unreachable",
        };
        let since_event = (attempted_at - claimed.occurred_at).to_std().ok().filter(|_| claimed.attempts == 0);
        self.app.metrics.attempt(outcome, answer.duration, since_event);
    }

    /// The body, kept before it is sent for the first time. None: nothing is to be sent now. The claim was lost
    /// meanwhile, or the database does not let the body be made: the delivery comes again when the claim has run out.
    async fn body(
        &self,
        db: &TenantDb,
        claimed: &mut Claimed,
        turns: &Turns,
    ) -> Result<Option<Result<String, Answer>>, Fault> {
        if let Some(body) = claimed.body.take() {
            return Ok(Some(Ok(body)));
        }
        let turn = turns.rendering.acquire().await.expect("never closed");
        let rendered = self.patiently(|| self.render(db.tenant(), claimed)).await;
        drop(turn);
        match rendered {
            Ok(Ok(body)) => {
                let kept = self.patiently(|| service::keep_body(&self.app, db, claimed, &body, self.lease())).await?;
                Ok(kept.then_some(Ok(body)))
            }
            Err(fault) => {
                tracing::warn!(%fault, tenant = %db.tenant(), delivery = %claimed.id, "a delivery waits for its body");
                Ok(None)
            }
            Ok(Err(fault)) => {
                tracing::error!(%fault, tenant = %db.tenant(), delivery = %claimed.id, "a delivery was not rendered");
                let error = Some("the body could not be made; nothing was sent".to_owned());
                Ok(Some(Err(Answer { status: None, duration: Duration::ZERO, excerpt: None, error })))
            }
        }
    }

    /// The body, or why it can never be made; fails when it could not be read at the moment.
    async fn render(&self, tenant: TenantId, claimed: &Claimed) -> Result<Result<String, Fault>, Fault> {
        let rendering = render::body(&self.app, &self.schema, tenant, claimed);
        match tokio::time::timeout(RENDER_TIMEOUT, rendering).await {
            Ok(Ok(body)) => Ok(Ok(body)),
            Ok(Err(fault @ (Fault::Internal(_) | Fault::TooMuch))) => Ok(Err(fault)),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::Pool("reading took too long".to_owned())),
        }
    }

    async fn send(&self, admitted: Admitted<'_, Uuid>, claimed: &Claimed, timestamp: i64, body: String) -> Answer {
        let id = message_id(claimed.event_id);
        let signature = claimed.secret.sign(&id, timestamp, &body);
        let (uri, is_test) = (&claimed.uri, claimed.is_test);
        let message = Message { uri, id: &id, timestamp, signature: &signature, is_test, body };
        let (started, heard) = (Instant::now(), Heard::default());
        let done = admitted.run(self.client.send(message, &heard)).await;
        heard.answer(started.elapsed(), done)
    }

    /// Works on the database, again after a while when that fails.
    async fn patiently<T, F>(&self, work: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.on_database(work()).await {
                Err(fault) if Instant::now() < until => {
                    tracing::warn!(%fault, "a webhook's state could not be read or written; trying again");
                    tokio::time::sleep(BACK_OFF).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Waits for a place at the database.
    async fn on_database<T>(&self, work: impl Future<Output = T>) -> T {
        let _place = self.database.acquire().await.expect("never closed");
        work.await
    }
}

/// One of an endpoint's lanes. Leaves the books in order however it ends.
struct Lane {
    inner: Arc<Inner>,
    tenant: TenantId,
    subscription: Uuid,
    is_open: bool,
}

impl Lane {
    async fn run(mut self, turns: Arc<Turns>) {
        let inner = self.inner.clone();
        while self.is_open {
            let taken = inner.closing.run_until_cancelled(Places::take(&turns.places, &inner.places)).await;
            let Some(_places) = taken else { return };
            match inner.deliver_next(self.tenant, self.subscription, &turns).await {
                Ok(true) => {}
                Ok(false) => self.close_unless_rung(),
                Err(fault) => {
                    // The bell that was set for the end of the leases brings it back.
                    tracing::error!(%fault, tenant = %self.tenant, "a lane of webhooks stopped");
                    return;
                }
            }
        }
    }

    /// Ends the lane if nothing became due since it looked; in one step, so that no ring is missed.
    fn close_unless_rung(&mut self) {
        let inner = self.inner.clone();
        let mut tenants = inner.tenants();
        let endpoint = tenants.get_mut(&self.tenant).and_then(|tenant| tenant.endpoints.get_mut(&self.subscription));
        if endpoint.is_some_and(|endpoint| std::mem::take(&mut endpoint.again)) {
            return;
        }
        self.leave(&mut tenants);
    }

    fn leave(&mut self, tenants: &mut HashMap<TenantId, Tenant>) {
        self.is_open = false;
        let Some(tenant) = tenants.get_mut(&self.tenant) else { return };
        if let Some(endpoint) = tenant.endpoints.get_mut(&self.subscription) {
            endpoint.lanes -= 1;
            if endpoint.lanes == 0 {
                tenant.endpoints.remove(&self.subscription);
            }
        }
        if tenant.endpoints.is_empty() {
            tenants.remove(&self.tenant);
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if self.is_open {
            let inner = self.inner.clone();
            self.leave(&mut inner.tenants());
        }
    }
}
