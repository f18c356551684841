//! All that Stripe bills, compared with all that we know of.

use emporia::billing::service::{Finding, Reconciled, reconcile};
use serde_json::json;
use tokio::process::Command;

use crate::support::stripe::settings;
use crate::support::{Billing, Store};

async fn compared(billing: &Billing) -> Reconciled {
    let stripe = billing.app.app.stripe.clone().expect("an account");
    reconcile(&billing.app.app, &stripe).await.expect("a comparison")
}

fn drift(billing: &Billing) -> bool {
    billing.app.app.metrics.text(true).contains("emporia_stripe_syncs_total{outcome=\"drift\"} 1")
}

#[tokio::test]
async fn what_was_never_told_is_found_and_mended() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    let done = compared(&billing).await;
    assert_eq!((done.subscriptions, done.tenants, done.queued.len(), done.findings.len()), (1, 1, 0, 0), "{done:?}");
    billing.stripe.end(&id);
    billing.stripe.events();
    let done = compared(&billing).await;
    assert_eq!((done.queued.as_slice(), done.findings.len()), (&[billing.store.tenant][..], 0));
    assert!(!drift(&billing));
    billing.drain().await;
    assert_eq!(billing.stands().await, ("free".to_owned(), "ACTIVE".to_owned()));
    assert!(drift(&billing), "and counted: what Stripe told has not arrived");
    assert!(compared(&billing).await.queued.is_empty());
}

#[tokio::test]
async fn what_was_never_told_is_mended_by_the_next_morning() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.end(&id);
    billing.stripe.events();
    billing.drain().await;
    assert_eq!(billing.stands().await, ("basic".to_owned(), "ACTIVE".to_owned()));
    billing.advance(1);
    billing.drain().await;
    assert_eq!(billing.stands().await, ("free".to_owned(), "ACTIVE".to_owned()));
    assert!(drift(&billing));
}

#[tokio::test]
async fn what_nobody_can_mend_is_reported() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.advance(1);
    let twice = billing.stripe.double(&id, None, true);
    let nobodys = billing.stripe.double(&id, Some("cus_nobody"), true);
    billing.stripe.events();
    let tenant = billing.store.tenant;
    let done = compared(&billing).await;
    let customer = "cus_nobody".to_owned();
    assert_eq!(
        done.findings,
        [Finding::Twice { subscription: twice.clone(), tenant }, Finding::Nobodys { subscription: nobodys, customer }]
    );
    assert!(done.queued.is_empty(), "the older one counts, as before");
    billing.stripe.set_price(&twice, json!({ "metadata": {} }));
    billing.stripe.end(&id);
    let done = compared(&billing).await;
    assert!(matches!(&done.findings[0], Finding::UnknownPrice { tenant: of, .. } if *of == tenant), "{done:?}");
    let app = &billing.app.app;
    emporia::tenant::service::tenant_delete(&app.db, &*app.clock, &app.resolver, tenant).await.expect("deleted");
    let done = compared(&billing).await;
    assert_eq!(done.findings[0], Finding::Deleted { subscription: twice, tenant });
}

/// `emporia billing reconcile` against the double: whether it ended well, and what it says.
async fn command(billing: &Billing, with_key: bool) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
    command.args(["billing", "reconcile", "--json"]).env_clear().kill_on_drop(true);
    for (name, role) in [("DATABASE_URL", "emporia_app"), ("DATABASE_PLATFORM_URL", "emporia_platform")] {
        command.env(name, billing.app.db.url(role));
    }
    if with_key {
        command.envs(settings(&billing.stripe));
    }
    let done = command.output().await.expect("a program that starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (done.status.success(), text(done.stdout), text(done.stderr))
}

#[tokio::test]
async fn the_command_ends_well_unless_somebody_has_to_look() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.end(&id);
    let (well, said, complaint) = command(&billing, true).await;
    assert!(well, "{complaint}");
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let tenant = billing.store.tenant.to_string();
    assert_eq!(said, json!({ "subscriptions": 1, "tenants": 1, "queued": [tenant], "findings": [] }));
    assert_eq!(billing.count("jobs WHERE kind = 'stripe_sync' AND status = 'QUEUED'").await, 1, "for the worker");
    let nobodys = billing.stripe.double(&id, Some("cus_nobody"), true);
    let (well, said, _) = command(&billing, true).await;
    assert!(!well && said.contains(&nobodys), "{said}");
    let (well, _, complaint) = command(&billing, false).await;
    assert!(!well && complaint.contains("STRIPE_SECRET_KEY is not set"), "{complaint}");
}

#[tokio::test]
async fn what_is_paid_twice_on_pages_of_ours_is_mended() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.advance(1);
    billing.stripe.double(&id, None, false);
    billing.stripe.events();
    let done = compared(&billing).await;
    assert_eq!((done.queued.as_slice(), done.findings.len()), (&[billing.store.tenant][..], 0), "{done:?}");
    billing.drain().await;
    assert_eq!(billing.stripe.live(), 1);
    assert!(compared(&billing).await.queued.is_empty());
}

#[tokio::test]
async fn a_customer_of_which_the_account_knows_nothing_is_reported_and_nothing_is_changed() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.forget_customer(&id);
    let tenant = billing.store.tenant;
    assert_eq!(compared(&billing).await.findings, [Finding::Gone { tenant }]);
    billing.advance(1);
    billing.drain().await;
    assert_eq!(billing.stands().await, ("basic".to_owned(), "ACTIVE".to_owned()), "the key may be of another account");
}

#[tokio::test]
async fn each_tenant_is_compared_with_its_own_customer() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    let other: Store = billing.app.store_on("other", "free").await;
    let other = Billing { app: billing.app, stripe: billing.stripe, store: other };
    other.subscribe("pro").await;
    assert_eq!(other.stands().await.0, "pro");
    let done = compared(&other).await;
    assert_eq!((done.subscriptions, done.tenants, done.queued.len()), (2, 2, 0), "{done:?}");
}
