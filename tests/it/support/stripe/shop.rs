//! A shop of a service that takes its payments through the double.

use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use emporia::plan::service::plan_by_handle;
use emporia::worker;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{SECRET, StripeDouble, settings, signature};
use crate::support::{Store, TestApp, admin};
use crate::tenancy::count;

const CURRENT: &str = "{ currentPlan { plan { handle } status trialEndsAt graceEndsAt isBilled cancelAtPeriodEnd
    currentPeriodStart currentPeriodEnd price { interval price { amount currencyCode } } pending { since } } }";
const CREATE: &str = "mutation ($plan: ID!, $interval: PlanInterval = MONTH, $currency: CurrencyCode) {
    done: subscriptionCreate(planId: $plan, interval: $interval, currencyCode: $currency,
        returnUrl: \"https://admin.example/billing\") { confirmationUrl userErrors { field code message } } }";
const CHANGE: &str = "mutation ($plan: ID!, $prorate: Boolean = true) {
    done: planChange(planId: $plan, prorate: $prorate) { currentPlan { plan { handle } status } preview { start }
        userErrors { field code message } } }";

pub struct Billing {
    pub app: TestApp,
    pub stripe: StripeDouble,
    pub store: Store,
}

impl Billing {
    /// A shop on the free plan.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(more: &[(&str, &str)]) -> Self {
        let stripe = StripeDouble::start().await;
        let own = settings(&stripe);
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let app = TestApp::with(&own.chain(more.iter().copied()).collect::<Vec<_>>()).await;
        let store = app.store_on("acme", "free").await;
        Self { app, stripe, store }
    }

    /// Sends an operation that must be answered; answers its field `done`.
    pub async fn gql(&self, document: &str, variables: Value) -> Value {
        self.app.gql(&self.store.secret, document, variables).await["done"].take()
    }

    pub async fn current(&self) -> Value {
        self.app.gql(&self.store.secret, CURRENT, json!({})).await["currentPlan"].take()
    }

    /// Plan and standing.
    pub async fn stands(&self) -> (String, String) {
        let now = self.current().await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        (text(&now["plan"]["handle"]), text(&now["status"]))
    }

    pub async fn plan(&self, handle: &str) -> String {
        let plan = plan_by_handle(&self.app.app.db, handle).await.expect("plans").expect(handle);
        format!("gid://emporia/Plan/{}", plan.id)
    }

    /// What `subscriptionCreate` answers.
    pub async fn create(&self, plan: &str) -> Value {
        self.gql(CREATE, json!({ "plan": self.plan(plan).await })).await
    }

    /// What `planChange` answers.
    pub async fn change(&self, plan: &str, prorate: bool) -> Value {
        self.gql(CHANGE, json!({ "plan": self.plan(plan).await, "prorate": prorate })).await
    }

    /// Subscribes to a plan, and hears of it; answers Stripe's id of the subscription.
    pub async fn subscribe(&self, plan: &str) -> String {
        let made = self.create(plan).await;
        let url = made["confirmationUrl"].as_str().unwrap_or_else(|| panic!("{made:#}"));
        let id = self.stripe.complete(url);
        self.hear().await;
        id
    }

    /// Hears of all that has happened, in its order, and does what follows.
    pub async fn hear(&self) {
        for event in self.stripe.events() {
            self.send(&event).await;
        }
        self.drain().await;
    }

    /// Is sent an event, which must be taken; answers what became of it.
    pub async fn send(&self, event: &Value) -> String {
        let body = event.to_string();
        let (status, answer) = self.post(&body, &self.signed(&body)).await;
        assert_eq!(status, 200, "{answer:#}");
        answer["outcome"].as_str().expect("an outcome").to_owned()
    }

    /// The signature of a body that is sent now.
    pub fn signed(&self, body: &str) -> String {
        signature(SECRET, self.app.app.clock.now().timestamp(), body)
    }

    /// Sends a body with a signature as Stripe does.
    pub async fn post(&self, body: &str, signature: &str) -> (u16, Value) {
        let request = Request::post("/webhooks/stripe").header("stripe-signature", signature);
        self.request(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    pub async fn request(&self, request: Request<Body>) -> (u16, Value) {
        let response = self.app.router().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    pub async fn drain(&self) {
        worker::drain(&self.app.app).await.expect("the worker's work");
    }

    /// Days go by, here and there.
    pub fn advance(&self, days: u32) {
        let time = TimeDelta::days(days.into());
        self.app.clock.advance(time);
        self.stripe.advance(time.num_seconds());
    }

    /// How many rows there are.
    pub async fn count(&self, of: &str) -> i64 {
        count(&mut admin(&self.app.db.name).await, &format!("SELECT count(*) AS n FROM {of}")).await
    }
}
