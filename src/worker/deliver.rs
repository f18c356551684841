//! Sending webhooks: fair between tenants, bounded, one claim per attempt.
//!
//! Each endpoint that has something due gets up to [`LANES`] lanes: a lane claims one delivery, sends it, records it,
//! and goes on until nothing is due. A lane waits for its place among the tenant's and the process's attempts before
//! it claims, so that a claim's lease covers nothing but the attempt. A receiver that hangs holds its own lanes; a
//! tenant whose receivers all hang holds its own places, of which the first is one that no other tenant's further
//! attempts can take. Connections to the database are held by nobody while sending, and by at most [`DATABASE`] lanes
//! otherwise.
//!
//! A suspended tenant's deliveries wait, and go on within about a minute of its being resumed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::render;
use crate::app::App;
use crate::db::TenantDb;
use crate::error::Fault;
use crate::graphql::schema::{self, EmporiaSchema};
use crate::ids::TenantId;
use crate::webhook::client::{Answer, Client, Message};
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
/// How long, and how often, something is written down that the database does not take: what is not written down is
/// done again when the lease ends.
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
    places: Arc<Places>,
    endpoints: HashMap<Uuid, Endpoint>,
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
    pub async fn start_due(&self, tenant: TenantId) -> Result<(), Fault> {
        for (subscription, due) in self.0.due(tenant).await? {
            self.start_lanes(tenant, subscription, usize::try_from(due).unwrap_or(LANES));
        }
        Ok(())
    }

    /// Sends everything that is due for the tenant, one after the other.
    pub async fn finish_due(&self, tenant: TenantId) -> Result<(), Fault> {
        for (subscription, _) in self.0.due(tenant).await? {
            while self.0.deliver_next(tenant, subscription).await? {}
        }
        Ok(())
    }

    /// Claims nothing more.
    pub fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
    }

    /// Waits, after [`Self::close`], for the attempts that are running.
    pub async fn closed(&self) {
        self.0.tasks.wait().await;
    }

    fn start_lanes(&self, tenant: TenantId, subscription: Uuid, due: usize) {
        let mut tenants = self.0.tenants();
        let of_tenant = tenants
            .entry(tenant)
            .or_insert_with(|| Tenant { places: Arc::new(Places::new(1, PER_TENANT - 1)), endpoints: HashMap::new() });
        let endpoint = of_tenant.endpoints.entry(subscription).or_default();
        endpoint.again = true;
        while endpoint.lanes < due.min(LANES) {
            endpoint.lanes += 1;
            let lane = Lane { inner: self.0.clone(), tenant, subscription, is_open: true };
            self.0.tasks.spawn(lane.run(of_tenant.places.clone()));
        }
    }
}

impl Inner {
    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, Tenant>> {
        self.tenants.lock().expect("no holder panics")
    }

    fn lease(&self) -> TimeDelta {
        TimeDelta::from_std(self.app.config.webhook.timeout).unwrap_or(MARGIN) + MARGIN
    }

    async fn due(&self, tenant: TenantId) -> Result<Vec<(Uuid, i64)>, Fault> {
        let now = self.app.clock.now();
        let due = service::due(&self.app.db.tenant(tenant), now, now + self.lease() + TimeDelta::seconds(1)).await?;
        // Those of a suspended tenant are looked at again by the bell that is set now.
        Ok(if self.is_suspended(tenant).await? { Vec::new() } else { due })
    }

    async fn is_suspended(&self, tenant: TenantId) -> Result<bool, Fault> {
        Ok(self.app.resolver.standing(tenant).await?.is_none_or(|standing| standing.suspended))
    }

    /// Claims, sends and records one delivery; false when none was free.
    async fn deliver_next(&self, tenant: TenantId, subscription: Uuid) -> Result<bool, Fault> {
        let db = self.app.db.tenant(tenant);
        if self.is_suspended(tenant).await? {
            return Ok(false);
        }
        let claimed = self.patiently(|| service::claim(&self.app, &db, subscription, self.lease())).await?;
        let Some(mut claimed) = claimed else { return Ok(false) };
        let attempted_at = self.app.clock.now();
        let answer = match self.body(&db, &mut claimed).await? {
            Some(Ok(body)) => self.send(&claimed, attempted_at.timestamp(), body).await,
            // Told to the merchant as an attempt: it ends with the schedule instead of coming back for ever.
            Some(Err(answer)) => answer,
            None => return Ok(true),
        };
        let attempt = Attempt {
            number: claimed.attempts + 1,
            status_code: answer.status.and_then(|status| i16::try_from(status).ok()),
            duration_ms: i32::try_from(answer.duration.as_millis()).unwrap_or(i32::MAX),
            response_excerpt: answer.excerpt.clone(),
            error: answer.error.clone(),
            attempted_at,
        };
        let is_taken = answer.is_taken();
        let record = || service::record(&self.app, &db, &claimed, &attempt, is_taken);
        if !self.patiently(record).await? {
            tracing::warn!(%tenant, delivery = %claimed.id, "an attempt outlived its claim and was not recorded");
        }
        Ok(true)
    }

    /// The body, kept before it is sent for the first time. None: the claim was lost meanwhile.
    async fn body(&self, db: &TenantDb, claimed: &mut Claimed) -> Result<Option<Result<String, Answer>>, Fault> {
        if let Some(body) = claimed.body.take() {
            return Ok(Some(Ok(body)));
        }
        let rendering = render::body(&self.app, &self.schema, db.tenant(), claimed);
        let rendered = self.on_database(tokio::time::timeout(RENDER_TIMEOUT, rendering)).await;
        let rendered = rendered.unwrap_or_else(|_| Err(Fault::internal("rendering took too long")));
        match rendered {
            Ok(body) => {
                let kept = self.patiently(|| service::keep_body(db, claimed, &body)).await?;
                Ok(kept.then_some(Ok(body)))
            }
            Err(fault) => {
                tracing::error!(%fault, tenant = %db.tenant(), delivery = %claimed.id, "a delivery was not rendered");
                let error = Some("the body could not be made; nothing was sent".to_owned());
                Ok(Some(Err(Answer { status: None, duration: Duration::ZERO, excerpt: None, error })))
            }
        }
    }

    async fn send(&self, claimed: &Claimed, timestamp: i64, body: String) -> Answer {
        let id = message_id(claimed.event_id);
        let signature = claimed.secret.sign(&id, timestamp, &body);
        let message = Message { uri: &claimed.uri, id: &id, timestamp, signature: &signature, body };
        self.client.send(message).await
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
                    tracing::warn!(%fault, "a webhook's state could not be written; trying again");
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
    async fn run(mut self, of_tenant: Arc<Places>) {
        let inner = self.inner.clone();
        while self.is_open {
            let taken = inner.closing.run_until_cancelled(Places::take(&of_tenant, &inner.places)).await;
            let Some(_places) = taken else { return };
            match inner.deliver_next(self.tenant, self.subscription).await {
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
