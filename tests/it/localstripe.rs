//! Against localstripe (PyPI), which others wrote after Stripe's manuals: a real process, which speaks an API of 2021.
//!
//! It has customers, and the lists of subscriptions and invoices while they are empty. It has no prices, no checkout sessions
//! and no portal (404); and its subscriptions lack what async-stripe's types require today: `automatic_tax`, `billing_mode`,
//! `billing_schedules`, `collection_method`, `currency`, `discounts`, `invoice_settings`, and in their items the price and the
//! period. All of that is the double's (`support/stripe`).

use std::path::Path;
use std::process::Stdio;

use emporia::billing::stripe::{NotAsked, Stripe, StripeError};
use emporia::ids::TenantId;
use emporia::outside::NotDone;
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::support::{TestApp, eventually, python, steady_port};

struct Local {
    app: TestApp,
    url: String,
    _process: Child,
}

impl Local {
    /// None where there is no Python that could run it.
    async fn start() -> Option<Self> {
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/localstripe/requirements.txt");
        let python = python::installed("localstripe", &requirements).await?;
        let port = steady_port().to_string();
        let process = Command::new(python)
            .args(["-m", "localstripe", "--port", &port, "--from-scratch"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("localstripe");
        let url = format!("http://127.0.0.1:{port}");
        eventually("localstripe listens", || async { reqwest::get(&url).await.ok().map(drop) }).await;
        let settings = [
            ("STRIPE_SECRET_KEY", "sk_test_12345"),
            ("STRIPE_WEBHOOK_SECRETS", "whsec_0123456789abcdef"),
            ("STRIPE_API_URL", url.as_str()),
        ];
        let app = TestApp::with(&settings).await;
        Some(Self { app, url, _process: process })
    }

    fn stripe(&self) -> &Stripe {
        self.app.app.stripe.as_ref().expect("an account")
    }

    /// Sends what our client has no call for.
    async fn post(&self, path: &str, form: &str) -> serde_json::Value {
        let request = reqwest::Client::new().post(format!("{}/v1/{path}", self.url)).bearer_auth("sk_test_12345");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON")
    }
}

#[tokio::test]
async fn customers_and_lists_are_spoken_and_what_lacks_what_a_type_requires_is_no_outage() {
    let Some(local) = Local::start().await else { return };
    let (stripe, tenant) = (local.stripe(), TenantId(Uuid::from_u128(7)));
    let customer = stripe.customer_create(tenant, "Acme & Söhne", Some("ada@shop.example"), "key").await;
    let customer = customer.expect("a customer");
    assert!(customer.starts_with("cus_"), "{customer}");
    assert_eq!(stripe.subscriptions_of(&customer).await.expect("a list"), []);
    assert_eq!(stripe.invoices_of(&customer).await.expect("a list"), []);
    assert_eq!(stripe.subscriptions_page(None).await.expect("a page"), (vec![], true));
    let portal = stripe.portal(&customer, "https://admin.example", "key").await;
    assert!(matches!(portal, Err(NotDone::Refused(StripeError::Said { status: 404, .. }))), "{portal:?}");
    local.post("plans", "id=basic&amount=2900&currency=eur&interval=month&product[name]=Basic").await;
    local.post("subscriptions", &format!("customer={customer}&items[0][plan]=basic&trial_period_days=7")).await;
    let read: Result<_, NotAsked> = stripe.subscriptions_of(&customer).await;
    assert!(matches!(read, Err(NotDone::Refused(StripeError::Unreadable(_)))), "{read:?}");
}
