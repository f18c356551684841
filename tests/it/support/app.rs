//! A process under test, without a socket: requests go through the real router and guard.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::{DateTime, Utc};
use emporia::app::App;
use emporia::cache::{MemoryShared, RedisShared};
use emporia::clock::{Entropy, ManualClock};
use emporia::country::Country;
use emporia::domain::dns::{self, Dns};
use emporia::ids::TenantId;
use emporia::money::Currency;
use emporia::provision::{NewStore, store_create};
use emporia::tenant::service::tenant_set_api_rate;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Mailbox, TestDb, Zone};

pub struct TestApp {
    pub app: App,
    router: OnceLock<Router>,
    pub db: TestDb,
    pub clock: Arc<ManualClock>,
    /// What the process has sent.
    pub mailbox: Arc<Mailbox>,
    /// What it learns of DNS.
    pub zone: Arc<Zone>,
}

/// A tenant with its keys.
#[derive(Clone)]
pub struct Store {
    pub tenant: TenantId,
    pub publishable: String,
    pub secret: String,
}

/// When every test's clock starts.
pub fn start() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().expect("a time")
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With settings over the usual ones.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(TestDb::create().await, settings)
    }

    /// A process on a database that is there.
    pub fn on(db: TestDb, settings: &[(&str, &str)]) -> Self {
        let clock = ManualClock::new(start());
        let app =
            App::assemble(db.config(settings), MemoryShared::by(clock.clone()), clock.clone(), Entropy::seeded(7));
        Self::of(app, db, clock)
    }

    /// A further process on the same database and clock, which hears by this Redis, with a seed of its own.
    pub async fn beside(&self, redis: &str, seed: u64) -> App {
        let shared = RedisShared::connect(redis).await.expect("Redis");
        App::assemble((*self.app.config).clone(), shared, self.clock.clone(), Entropy::seeded(seed))
    }

    /// Of the given parts.
    pub fn of(mut app: App, db: TestDb, clock: Arc<ManualClock>) -> Self {
        let mailbox = Arc::<Mailbox>::default();
        app.mailer = mailbox.clone();
        let zone = Arc::new(Zone::of(&db.name));
        app.dns = Dns::by(zone.clone(), app.outside.targets("dns", dns::POLICY));
        Self { app, router: OnceLock::new(), db, clock, mailbox, zone }
    }

    /// The process's router, made once.
    pub fn router(&self) -> Router {
        self.router.get_or_init(|| emporia::http::router::router(self.app.clone())).clone()
    }

    /// A new tenant with a shop, which sells in euros.
    pub async fn store(&self, handle: &str) -> Store {
        self.store_in(handle, Currency::EUR).await
    }

    /// A new tenant with a shop that sells in this currency.
    pub async fn store_in(&self, handle: &str, currency: Currency) -> Store {
        self.store_with(handle, currency, "pro").await
    }

    /// A new tenant with a shop, which is on this plan.
    pub async fn store_on(&self, handle: &str, plan: &str) -> Store {
        self.store_with(handle, Currency::EUR, plan).await
    }

    async fn store_with(&self, handle: &str, currency: Currency, plan: &str) -> Store {
        let new = NewStore {
            external_id: None,
            handle: handle.to_owned(),
            name: handle.to_owned(),
            description: String::new(),
            currency,
            country: Country::DE,
            delivery: None,
            plan: Some(plan.to_owned()),
            owner: None,
        };
        let made = store_create(&self.app, &new).await.unwrap_or_else(|error| panic!("a store: {error:?}"));
        let (tenant, keys) = (made.tenant, made.keys.expect("keys"));
        // What it may use of the API a test sets that is about it.
        let set = tenant_set_api_rate(&self.app.db, &*self.app.clock, &self.app.resolver, tenant, None).await;
        assert!(set.expect("no bound"));
        Store { tenant, publishable: keys.publishable.reveal().to_owned(), secret: keys.secret.reveal().to_owned() }
    }

    /// Sends one operation with an API key; answers status and body.
    pub async fn post(&self, key: &str, query: &str, variables: Value) -> (StatusCode, Value) {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("x-api-key", key)
            .body(Body::from(body))
            .expect("a request");
        let response = self.router().oneshot(request).await.expect("an answer");
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 10 << 20).await.expect("a body");
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    /// Sends one operation that must succeed; answers its data.
    pub async fn gql(&self, key: &str, query: &str, variables: Value) -> Value {
        let (status, mut body) = self.post(key, query, variables).await;
        assert!(status.is_success() && body.get("errors").is_none(), "{status}: {body:#}");
        body["data"].take()
    }
}
