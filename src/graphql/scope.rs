//! What one request carries to its resolvers: who asks, the tenant's connection, one snapshot with its loaders.

use std::future::Future;
use std::sync::{Arc, Mutex, RwLock};

use crate::db::QueryResult;
use async_graphql::{Context, ID};
use uuid::Uuid;

use super::budget::Budget;
use super::error::ApiError;
use super::loader::{BatchKey, Loaders};
use crate::access::{Grants, Permission, Permissions};
use crate::app::App;
use crate::attempts::Network;
use crate::db::{TenantConn, TenantDb, TenantRead};
use crate::error::Fault;
use crate::ids::{GidNamespace, TenantId};
use crate::money::graphql::MoneyV2;
use crate::money::{Currency, Money};
use crate::places::Place;
use crate::telemetry::trace;
use crate::tenant::model::{Access, TenantStanding};
use crate::tenant::resolve::Resolved;

/// How an operation came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    Http,
    WebSocket,
    /// Server-sent events.
    Events,
}

impl Transport {
    /// In the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Http, Self::WebSocket, Self::Events];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::WebSocket => "websocket",
            Self::Events => "sse",
        }
    }
}

/// What the request says beside its document.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    /// Names the request in the log and in masked errors.
    pub id: String,
    pub transport: Transport,
    /// The namespace of the ids in the answer.
    pub namespace: GidNamespace,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// Under what attempts are counted that come from the same place; none: nobody knows where that is.
    pub network: Option<Network>,
    /// What the client says of itself.
    pub user_agent: Option<Arc<str>>,
}

/// One request's tenant, caller and state.
pub struct Scope {
    pub app: App,
    pub access: Access,
    /// Whether the caller is a key that ends: it lets nobody in who stays when it has ended.
    pub is_ending_key: bool,
    /// The currency of all the tenant's amounts.
    pub currency: Currency,
    /// What the guard knows of the tenant, when the request began.
    pub standing: Arc<TenantStanding>,
    pub request: RequestInfo,
    /// What the operation may take yet.
    pub budget: Arc<Budget>,
    /// What the caller may do. While a subscription runs, it may become another.
    grants: RwLock<Grants>,
    /// What the caller had to be allowed for the root fields that are running.
    asked: Mutex<Permissions>,
    db: TenantDb,
    snapshot: Mutex<Arc<Snapshot>>,
    /// The operation's places among its tenant's.
    places: Mutex<Option<Arc<Kept>>>,
}

/// Places that an operation keeps until it is over, whoever has gone.
type Kept = (Place, Option<Place>);

/// One consistent view of the tenant's rows, with the loaders that batch on it.
pub struct Snapshot {
    read: Arc<TenantRead>,
    pub loaders: Loaders,
}

impl Snapshot {
    fn new(db: &TenantDb, budget: &Arc<Budget>) -> Arc<Self> {
        let read = Arc::new(TenantRead::new(db.clone()));
        Arc::new(Self { loaders: Loaders::new(read.clone(), budget.clone()), read })
    }

    /// Runs `work` on the snapshot, pipelined with whatever else the request is reading.
    pub async fn read<T>(&self, work: impl AsyncFnOnce(&mut TenantConn<'_>) -> QueryResult<T>) -> Result<T, Fault> {
        self.read.read(work).await
    }

    fn finish(self: Arc<Self>) {
        let Some(this) = Arc::into_inner(self) else { return };
        drop(this.loaders);
        this.read.finish();
    }
}

impl Scope {
    pub fn new(app: &App, resolved: &Resolved, request: RequestInfo) -> Arc<Self> {
        Self::on(app.db.tenant(resolved.standing.id), app, resolved, request)
    }

    /// One that only reads what may be a moment old.
    pub fn of_reader(app: &App, resolved: &Resolved, request: RequestInfo) -> Arc<Self> {
        Self::on(app.db.reader(resolved.standing.id), app, resolved, request)
    }

    /// A subscription's: whatever it reads, it reads in turn with all others of the process.
    pub fn of_subscription(app: &App, resolved: &Resolved, request: RequestInfo) -> Arc<Self> {
        Self::on(app.db.follower(resolved.standing.id), app, resolved, request)
    }

    fn on(db: TenantDb, app: &App, resolved: &Resolved, request: RequestInfo) -> Arc<Self> {
        let budget = Arc::<Budget>::default();
        let snapshot = Mutex::new(Snapshot::new(&db, &budget));
        let (standing, currency) = (resolved.standing.clone(), resolved.standing.currency);
        let (access, grants) = (resolved.access, RwLock::new(resolved.grants.clone()));
        let is_ending_key = matches!(access, Access::Secret { .. }) && resolved.expires_at.is_some();
        let (app, asked, places) = (app.clone(), Mutex::default(), Mutex::default());
        Arc::new(Self {
            app,
            access,
            is_ending_key,
            currency,
            standing,
            request,
            budget,
            grants,
            asked,
            db,
            snapshot,
            places,
        })
    }

    /// Keeps places until the operation is over: with the mutation's use case that is under way, when its client goes.
    pub fn keep(&self, places: (Place, Option<Place>)) {
        *self.places.lock().expect("no holder panics") = Some(Arc::new(places));
    }

    pub fn tenant(&self) -> TenantId {
        self.db.tenant()
    }

    pub fn db(&self) -> &TenantDb {
        &self.db
    }

    /// The snapshot that this part of the request reads from.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.lock().expect("no holder panics").clone()
    }

    /// Reads on the request's snapshot.
    pub async fn read<T>(&self, work: impl AsyncFnOnce(&mut TenantConn<'_>) -> QueryResult<T>) -> Result<T, Fault> {
        self.snapshot().read(work).await
    }

    /// Runs a mutation's use case on a task of its own, so that a client that hangs up does not cancel it half way
    /// and a process that stops lets it end, and then renews the snapshot: the payload shows what was committed.
    ///
    /// What was read so far is over first, the payload of the field before in the same document included: who held
    /// one connection and waited for another could wait for ever among others who do the same, and no transaction may
    /// be open while a payment gateway is asked.
    pub async fn act<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        use tracing::Instrument;
        self.renew();
        let span = trace::of_use_case(&work);
        let places = self.places.lock().expect("no holder panics").clone();
        // On the heap: a use case is large, and is handed on a few times below the stack of a whole document.
        let work = Box::pin(work);
        let work = async move {
            let done = work.await;
            drop(places);
            done
        };
        let done = self.app.tasks.spawn(work.instrument(span).in_current_span()).await;
        self.renew();
        done.map_err(|error| Fault::internal(format!("a mutation's task ended: {error}")))
    }

    /// Reads what is all that the request reads: in a transaction that begins and ends in one packet. See
    /// [`super::known`].
    pub async fn read_alone<T>(
        &self,
        work: impl AsyncFnOnce(&mut TenantConn<'_>) -> QueryResult<T>,
    ) -> Result<T, Fault> {
        self.snapshot().read.read_alone(work).await
    }

    /// Starts a new snapshot; the old one ends in the background.
    pub fn renew(&self) {
        let fresh = Snapshot::new(&self.db, &self.budget);
        let old = std::mem::replace(&mut *self.snapshot.lock().expect("no holder panics"), fresh);
        old.finish();
    }

    /// Ends the request: after the answer is computed, not before.
    pub fn finish(&self) {
        self.renew();
    }

    /// A text of any length, for the answer.
    pub async fn text(&self, text: impl Into<String>) -> String {
        let text = text.into();
        self.budget.text(text.len()).await;
        text
    }

    pub fn gid(&self, kind: &str, id: Uuid) -> ID {
        ID(self.request.namespace.encode(kind, id))
    }

    /// An amount of the tenant's currency, for the schema.
    pub fn money(&self, minor: i64) -> MoneyV2 {
        MoneyV2(Money::new(minor, self.currency))
    }

    /// For arguments that need a permission of a field that everybody may ask for: refuses whoever lacks it.
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        let grants = self.grants();
        let decision = grants.decide(permission, None);
        if decision.is_allowed { Ok(()) } else { Err(ApiError::lacking(permission, &decision)) }
    }

    /// Whether the caller has the permission for this thing.
    pub fn may_with(&self, permission: Permission, object: Uuid) -> bool {
        self.grants.read().expect("no holder panics").may_with(permission, object)
    }

    /// Whether the caller has the permission: for what is null, or less, to others. What is refused to them says so
    /// at the field, by `#[requires(…)]`.
    pub fn may(&self, permission: Permission) -> bool {
        self.grants.read().expect("no holder panics").may(permission)
    }

    /// What a key leads to, for who has the permission; nothing for others.
    pub async fn load_for<K: BatchKey>(&self, permission: Permission, key: K) -> Result<Option<K::Value>, Fault> {
        if !self.may(permission) {
            return Ok(None);
        }
        self.snapshot().loaders.load(key).await
    }

    /// What the caller may do, as it is now.
    pub fn grants(&self) -> Grants {
        self.grants.read().expect("no holder panics").clone()
    }

    /// The caller is let in to a root field for this permission.
    pub fn note_asked(&self, permission: Permission) {
        let mut asked = self.asked.lock().expect("no holder panics");
        *asked = asked.with(Permissions::of(&[permission]));
    }

    /// From now on the caller may this. Refuses when it is no longer what the running root fields need.
    pub fn regrant(&self, grants: Grants) -> Result<(), ApiError> {
        let asked = *self.asked.lock().expect("no holder panics");
        let lost = asked.iter().find(|permission| !grants.may_with_some(*permission));
        let refused = lost.map(|permission| ApiError::lacking(permission, &grants.decide(permission, None)));
        *self.grants.write().expect("no holder panics") = grants;
        refused.map_or(Ok(()), Err)
    }
}

/// `ctx.scope()` in every resolver.
pub trait ScopeExt<'a> {
    fn scope(&self) -> &'a Scope;
}

impl<'a> ScopeExt<'a> for Context<'a> {
    fn scope(&self) -> &'a Scope {
        self.data_unchecked::<Arc<Scope>>()
    }
}
