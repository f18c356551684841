//! What is rare at Stripe: two pages at once, two subscriptions, ends that are said by their time, customers that are deleted.

use serde_json::{Value, json};

use crate::support::{Billing, eventually};

const CANCEL: &str = "mutation { done: subscriptionCancel { currentPlan { cancelAtPeriodEnd } userErrors { code } } }";
const RESUME: &str = "mutation { done: subscriptionResume { currentPlan { cancelAtPeriodEnd } userErrors { code } } }";
const PORTAL: &str = "mutation { done: billingPortalSessionCreate(returnUrl: \"https://admin.example\") {
    url userErrors { field code message } } }";
const PAGES: &str = "/v1/checkout/sessions";

fn stood(plan: &str, status: &str) -> (String, String) {
    (plan.to_owned(), status.to_owned())
}

/// Code and field of the first thing that is wrong.
fn wrong(done: &Value) -> (&str, &Value) {
    let error = &done["userErrors"][0];
    (error["code"].as_str().unwrap_or_else(|| panic!("{done:#}")), &error["field"])
}

fn page(made: &Value) -> &str {
    made["confirmationUrl"].as_str().unwrap_or_else(|| panic!("{made:#}"))
}

async fn asked(billing: &Billing, method: &str, path: &str, times: usize) {
    eventually("it is asked", || async { (billing.stripe.count(method, path) >= times).then_some(()) }).await;
}

#[tokio::test]
async fn of_two_who_want_to_pay_at_the_same_moment_one_is_sent_to_a_page() {
    let billing = Billing::new().await;
    let let_go = billing.stripe.hold("POST", PAGES);
    // It has looked, and is about to make a page, when the other one comes, looks, makes one and is sent there.
    let (slow, quick) = tokio::join!(billing.create("basic"), async {
        asked(&billing, "POST", PAGES, 1).await;
        let quick = billing.create("pro").await;
        let_go.send(()).expect("it waits");
        quick
    });
    assert_eq!((wrong(&slow), &slow["confirmationUrl"]), (("NOT_ALLOWED", &Value::Null), &Value::Null));
    assert_eq!(billing.stripe.open_pages(), [page(&quick)], "and nobody can pay on another one");
    billing.stripe.complete(page(&quick));
    billing.hear().await;
    assert_eq!((billing.stands().await, billing.stripe.live()), (stood("pro", "ACTIVE"), 1));
}

#[tokio::test]
async fn who_pays_on_a_page_while_another_is_asked_for_pays_once() {
    let billing = Billing::new().await;
    let first = billing.create("basic").await;
    let expire = format!("{PAGES}/{}/expire", page(&first).rsplit('/').next().expect("an id"));
    let let_go = billing.stripe.hold("POST", &expire);
    let (second, ()) = tokio::join!(billing.create("pro"), async {
        asked(&billing, "POST", &expire, 1).await;
        billing.stripe.complete(page(&first));
        let_go.send(()).expect("it waits");
    });
    assert_eq!(wrong(&second), ("NOT_ALLOWED", &json!(["planId"])), "it pays already");
    billing.drain().await;
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"), "which a job has found out");
    assert_eq!((billing.stripe.live(), billing.stripe.open_pages().len()), (1, 0));
}

#[tokio::test]
async fn while_a_bank_thinks_no_other_page_is_to_be_had() {
    let billing = Billing::new().await;
    let first = billing.create("basic").await;
    billing.stripe.begin_to_pay(page(&first));
    let second = billing.create("pro").await;
    assert_eq!(wrong(&second), ("NOT_ALLOWED", &Value::Null));
    billing.stripe.complete(page(&first));
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"));
}

#[tokio::test]
async fn what_is_paid_a_second_time_ends_and_is_the_shops_credit() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    let second = billing.stripe.double(&id, None, false);
    billing.hear().await;
    let status = |id: &str| billing.stripe.subscription(id)["status"].clone();
    assert_eq!((status(&id), status(&second)), (json!("active"), json!("canceled")), "what was there first goes on");
    assert_eq!((billing.stands().await, billing.stripe.credit_of(&id)), (stood("basic", "ACTIVE"), 2900));
    let metrics = billing.app.app.metrics.text(true);
    assert!(metrics.contains("emporia_stripe_syncs_total{outcome=\"twice\"} 1"), "{metrics}");
    let by_hand = billing.stripe.double(&id, None, true);
    billing.hear().await;
    assert_eq!(status(&by_hand), "active", "what people have made, people end");
    billing.stripe.give_up(&id, false);
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"), "what is paid counts before what is owed");
    assert_eq!((status(&id), billing.stripe.credit_of(&id)), (json!("canceled"), 2900), "nothing is paid back of that");
}

#[tokio::test]
async fn an_end_is_taken_back_whoever_has_said_it_and_however() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    let end = billing.stripe.subscription(&id)["items"]["data"][0]["current_period_end"].as_i64().expect("a time");
    let ends = || {
        let said = billing.stripe.subscription(&id);
        (said["cancel_at_period_end"].clone(), said["cancel_at"].clone())
    };
    let shown = async || billing.current().await["cancelAtPeriodEnd"].clone();
    for (at, is_shown) in [(None, true), (Some(end), true), (Some(end - 60), true), (Some(end + 60), false)] {
        match at {
            None => assert_eq!(billing.gql(CANCEL, json!({})).await["userErrors"], json!([])),
            Some(_) => billing.stripe.end_at(&id, at),
        }
        billing.hear().await;
        assert_eq!(shown().await, is_shown, "{at:?}");
        let resumed = billing.gql(RESUME, json!({})).await;
        assert_eq!(resumed, json!({ "currentPlan": { "cancelAtPeriodEnd": false }, "userErrors": [] }), "{at:?}");
        assert_eq!(ends(), (json!(false), Value::Null), "{at:?}");
        assert_eq!(wrong(&billing.gql(RESUME, json!({})).await).0, "ALREADY_DONE");
    }
    billing.stripe.end_at(&id, Some(end + 60));
    assert_eq!(billing.gql(CANCEL, json!({})).await["currentPlan"]["cancelAtPeriodEnd"], true, "earlier than that");
    assert_eq!(ends(), (json!(true), json!(end)));
    billing.stripe.end_at(&id, Some(end - 60));
    assert_eq!(wrong(&billing.gql(CANCEL, json!({})).await).0, "ALREADY_DONE");
}

#[tokio::test]
async fn who_pays_for_nobody_knows_what_pays_and_is_suspended_like_everybody() {
    let billing = Billing::with(&[("BILLING_GRACE_DAYS", "10")]).await;
    let id = billing.subscribe("basic").await;
    let before = billing.current().await;
    billing.stripe.set_price(&id, json!({ "metadata": {}, "unit_amount": 100 }));
    billing.advance(30);
    billing.stripe.renew(&id, false);
    billing.hear().await;
    let now = billing.current().await;
    assert_eq!(
        (&now["plan"]["handle"], &now["status"], &now["price"]),
        (&json!("basic"), &json!("PAST_DUE"), &before["price"])
    );
    assert_eq!(now["currentPeriodStart"], before["currentPeriodEnd"], "{now:#}");
    let invoices = billing.gql("{ done: invoices(first: 9) { nodes { status } } }", json!({})).await;
    assert_eq!(invoices["nodes"], json!([{ "status": "PAID" }, { "status": "OPEN" }]));
    billing.advance(10);
    billing.drain().await;
    assert_eq!(billing.stands().await, stood("basic", "UNPAID"));
    billing.stripe.pay(&id);
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"));
    let failed = "{ done: jobs(first: 5, kind: \"stripe_sync\", status: FAILED) { nodes { lastError } } }";
    let jobs = billing.gql(failed, json!({})).await;
    assert!(jobs["nodes"][0]["lastError"].as_str().expect("a reason").contains("of no plan"), "{jobs:#}");
}

#[tokio::test]
async fn a_shop_whose_customer_was_deleted_pays_for_nothing_and_may_begin_anew() {
    // Stripe may go on telling what a deleted customer had, or not.
    for (tells, nothing) in [(true, false), (true, true), (false, true)] {
        let billing = Billing::new().await;
        let id = billing.subscribe("basic").await;
        billing.stripe.renew(&id, false);
        billing.hear().await;
        assert_eq!(billing.stands().await, stood("basic", "PAST_DUE"));
        billing.stripe.delete_customer(&id, nothing);
        if !tells {
            billing.stripe.events();
            billing.advance(1);
        }
        billing.hear().await;
        assert_eq!(billing.stands().await, stood("free", "ACTIVE"), "nobody can pay what was owed: {tells} {nothing}");
        let portal = billing.gql(PORTAL, json!({})).await;
        assert_eq!(wrong(&portal), ("NOT_FOUND", &Value::Null));
        let message = portal["userErrors"][0]["message"].as_str().expect("a message");
        assert!(message.contains("deleted: subscribe"), "{message}");
        let anew = billing.subscribe("pro").await;
        assert_eq!(billing.stands().await, stood("pro", "ACTIVE"));
        assert_ne!(billing.stripe.subscription(&id)["customer"], billing.stripe.subscription(&anew)["customer"]);
        assert_eq!(billing.count("platform.stripe_customers").await, 2);
        assert_eq!(billing.count("platform.stripe_customers WHERE gone_at IS NULL").await, 1);
        // Of the old one Stripe may still tell.
        billing.stripe.end(&id);
        billing.hear().await;
        assert_eq!(billing.stands().await, stood("pro", "ACTIVE"));
        assert!(billing.gql(PORTAL, json!({})).await["url"].is_string());
    }
}

#[tokio::test]
async fn a_shop_that_pays_for_nothing_begins_anew_where_its_customer_is_not_known() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    billing.stripe.end(&id);
    billing.hear().await;
    billing.stripe.forget_customer(&id);
    billing.subscribe("pro").await;
    assert_eq!(billing.stands().await, stood("pro", "ACTIVE"));
}
