//! A shop pays for its plan through Stripe: from the first payment to the last, and what becomes of one that does not pay.

use emporia::ids::GidNamespace;
use emporia::plan::model::Interval;
use emporia::plan::service::{Activation, plan_activate};
use serde_json::{Value, json};

use crate::support::{Billing, Shopping, Store, TestApp};

const CANCEL: &str = "mutation ($later: Boolean = true) { done: subscriptionCancel(atPeriodEnd: $later) {
    currentPlan { plan { handle } status cancelAtPeriodEnd isBilled } userErrors { field code message } } }";
const RESUME: &str = "mutation { done: subscriptionResume {
    currentPlan { cancelAtPeriodEnd } userErrors { field code message } } }";
const PORTAL: &str = "mutation { done: billingPortalSessionCreate(returnUrl: \"https://admin.example\") {
    url userErrors { field code message } } }";
const INVOICES: &str = "{ done: invoices(first: 50) { nodes { number status total { amount currencyCode }
    amountDue { amount } amountPaid { amount } hostedUrl pdfUrl periodStart createdAt } } }";

fn stood(plan: &str, status: &str) -> (String, String) {
    (plan.to_owned(), status.to_owned())
}

fn code(done: &Value) -> &Value {
    &done["userErrors"][0]["code"]
}

async fn of(billing: &Billing, handle: &str) -> uuid::Uuid {
    let plan = emporia::plan::service::plan_by_handle(&billing.app.app.db, handle).await.expect("plans");
    plan.expect(handle).id
}

#[tokio::test]
async fn who_pays_on_stripes_page_is_on_the_plan() {
    let billing = Billing::new().await;
    let made = billing.create("basic").await;
    assert_eq!(made["userErrors"], json!([]), "{made:#}");
    assert_eq!(billing.stands().await, stood("free", "ACTIVE"), "nothing has changed yet");
    billing.stripe.complete(made["confirmationUrl"].as_str().expect("a page"));
    billing.hear().await;
    let now = billing.current().await;
    assert_eq!((&now["plan"]["handle"], &now["status"]), (&json!("basic"), &json!("ACTIVE")), "{now:#}");
    assert_eq!(now["price"], json!({ "interval": "MONTH", "price": { "amount": "29.00", "currencyCode": "EUR" } }));
    assert_eq!((&now["isBilled"], &now["cancelAtPeriodEnd"]), (&json!(true), &json!(false)));
    assert_eq!(now["currentPeriodStart"], "2026-06-01T12:00:00Z");
    let invoices = billing.gql(INVOICES, json!({})).await;
    let invoice = &invoices["nodes"][0];
    assert_eq!((&invoice["status"], &invoice["total"]["amount"]), (&json!("PAID"), &json!("29.00")), "{invoices:#}");
    assert_eq!((&invoice["amountPaid"]["amount"], &invoice["total"]["currencyCode"]), (&json!("29.00"), &json!("EUR")));
    assert!(invoice["hostedUrl"].as_str().expect("an address").starts_with("https://invoice.stripe.test/"));
    assert_eq!(invoices["nodes"].as_array().expect("invoices").len(), 1);
    let again = billing.create("pro").await;
    assert_eq!((code(&again), &again["userErrors"][0]["field"]), (&json!("NOT_ALLOWED"), &json!(["planId"])));
}

#[tokio::test]
async fn a_shop_is_one_customer_and_a_price_is_made_once() {
    let billing = Billing::new().await;
    let first = billing.create("basic").await;
    let second = billing.create("basic").await;
    assert_ne!(first["confirmationUrl"], second["confirmationUrl"]);
    let posted = |path: &str| billing.stripe.count("POST", path);
    assert_eq!((posted("/v1/customers"), posted("/v1/prices"), posted("/v1/checkout/sessions")), (1, 1, 2));
    let expired = billing.stripe.asked().iter().filter(|asked| asked.path.ends_with("/expire")).count();
    assert_eq!(expired, 1, "who was sent to the first page cannot pay on it any more");
    billing.subscribe("pro").await;
    assert_eq!(posted("/v1/prices"), 2);
    assert_eq!(billing.count("platform.stripe_customers").await, 1);
}

#[tokio::test]
async fn a_plan_with_a_trial_is_tried_first_and_its_end_is_stripes() {
    let billing = Billing::new().await;
    let operator = billing.app.operator().await;
    let update = "mutation ($plan: ID!) { done: planUpdate(planId: $plan, input: { trialDays: 7 }) {
        plan { trialDays } userErrors { message } } }";
    let plan = billing.plan("basic").await;
    let updated = billing.app.gql_as(&operator.token, update, json!({ "plan": plan })).await;
    assert_eq!(updated["done"]["userErrors"], json!([]), "{updated:#}");
    let id = billing.subscribe("basic").await;
    let now = billing.current().await;
    assert_eq!((&now["status"], &now["trialEndsAt"]), (&json!("TRIALING"), &json!("2026-06-08T12:00:00Z")), "{now:#}");
    billing.advance(8);
    billing.drain().await;
    assert_eq!(billing.stands().await, stood("basic", "TRIALING"), "what follows, Stripe says");
    billing.stripe.renew(&id, true);
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"));
    billing.stripe.end(&id);
    billing.hear().await;
    let again = billing.create("basic").await;
    let page = again["confirmationUrl"].as_str().unwrap_or_else(|| panic!("{again:#}"));
    billing.stripe.complete(page);
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"), "it is tried once");
}

#[tokio::test]
async fn a_payment_that_fails_has_time_and_then_the_shop_is_suspended_until_it_pays() {
    let billing = Billing::with(&[("BILLING_GRACE_DAYS", "10")]).await;
    billing.app.staff(&billing.store, "ada@shop.example", "owner").await;
    billing.app.staff(&billing.store, "bob@shop.example", "editor").await;
    let id = billing.subscribe("basic").await;
    billing.advance(30);
    billing.stripe.renew(&id, false);
    billing.hear().await;
    let now = billing.current().await;
    assert_eq!((&now["status"], &now["graceEndsAt"]), (&json!("PAST_DUE"), &json!("2026-07-11T12:00:00Z")), "{now:#}");
    let mails = async || billing.app.mails("ada@shop.example").await;
    let warned = mails().await;
    let warnings: Vec<_> = warned.iter().filter(|mail| mail.subject.starts_with("A payment has failed")).collect();
    assert_eq!(warnings.len(), 1, "{warned:#?}");
    assert!(warnings[0].text.contains("until 2026-07-11") && warnings[0].text.contains("https://invoice.stripe.test/"));
    // It fails again, and that puts nothing off.
    billing.advance(5);
    billing.stripe.set_price(&id, json!({}));
    billing.hear().await;
    assert_eq!(billing.current().await["graceEndsAt"], "2026-07-11T12:00:00Z");
    let before = mails().await.len();
    billing.advance(5);
    billing.drain().await;
    assert_eq!(billing.stands().await, stood("basic", "UNPAID"), "by a job, at the end of the grace");
    let told = mails().await;
    assert_eq!((before, told.len()), (warned.len(), warned.len() + 1));
    assert!(told.last().expect("a mail").subject.starts_with("No orders are taken"));
    assert!(billing.app.mails("bob@shop.example").await.iter().all(|mail| !mail.subject.contains("payment")));
    let refused = billing.change("free", true).await;
    assert_eq!(code(&refused), "NOT_ALLOWED", "{refused:#}");
    assert!(billing.gql(PORTAL, json!({})).await["url"].is_string(), "it can pay");
    billing.stripe.pay(&id);
    billing.hear().await;
    let now = billing.current().await;
    assert_eq!((&now["status"], &now["graceEndsAt"]), (&json!("ACTIVE"), &Value::Null));
    assert_eq!(mails().await.len(), told.len());
}

#[tokio::test]
async fn a_shop_that_has_not_paid_takes_no_orders_and_does_all_else() {
    let stripe = crate::support::StripeDouble::start().await;
    let settings = crate::support::stripe::settings(&stripe);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let shop = Shopping::with(&settings).await;
    shop.on_sale(1, 1000, 10).await;
    let set = async |status: &str| {
        let sql = format!("UPDATE subscriptions SET status = '{status}'");
        let mut admin = crate::support::admin(&shop.app.db.name).await;
        diesel_async::RunQueryDsl::execute(diesel::sql_query(sql), &mut admin).await.expect("a status");
    };
    set("UNPAID").await;
    let cart = shop.cart(&[(1, 1)]).await;
    let complete = r#"mutation ($cart: ID!) { done: checkoutComplete(cartId: $cart, payment: { gateway: "manual" })
        @idempotent(key: "a") { order { id } userErrors { code message } } }"#;
    let gid = cart.gid(GidNamespace::Emporia);
    let refused = shop.app.gql(&shop.store.publishable, complete, json!({ "cart": gid })).await["done"].take();
    assert_eq!((&refused["order"], code(&refused)), (&Value::Null, &json!("PLAN_LIMIT_REACHED")), "{refused:#}");
    let message = refused["userErrors"][0]["message"].as_str().expect("a message");
    assert!(!message.contains("pay") && !message.contains("plan"), "shoppers are not told why: {message}");
    assert_eq!(shop.stock(1).await, 10);
    let products = "{ products(first: 5) { nodes { id } } }";
    let seen = shop.app.gql(&shop.store.publishable, products, json!({})).await;
    assert_eq!(seen["products"]["nodes"].as_array().expect("products").len(), 1, "it is read as before");
    let set_product = "mutation { done: productSet(input: { title: \"New\" }) { product { id } userErrors { code } } }";
    assert_eq!(shop.app.gql(&shop.store.secret, set_product, json!({})).await["done"]["userErrors"], json!([]));
    set("PAST_DUE").await;
    let taken = shop.app.gql(&shop.store.publishable, complete, json!({ "cart": gid })).await["done"].take();
    assert_eq!(taken["userErrors"], json!([]), "within the grace it sells: {taken:#}");
}

#[tokio::test]
async fn what_stripe_gives_up_is_suspended_and_subscribing_again_ends_that() {
    for ends in [false, true] {
        let billing = Billing::new().await;
        let id = billing.subscribe("basic").await;
        billing.stripe.renew(&id, false);
        billing.stripe.give_up(&id, ends);
        billing.hear().await;
        let plan = if ends { "free" } else { "basic" };
        assert_eq!(billing.stands().await, stood(plan, "UNPAID"), "{ends}");
        let refused = if ends { "ALREADY_DONE" } else { "NOT_ALLOWED" };
        assert_eq!(code(&billing.change("free", true).await), refused);
        assert_eq!(billing.stands().await, stood(plan, "UNPAID"), "there is no way round");
        if ends {
            billing.subscribe("basic").await;
        } else {
            billing.stripe.pay(&id);
            billing.hear().await;
        }
        assert_eq!(billing.stands().await, stood("basic", "ACTIVE"), "{ends}");
    }
}

#[tokio::test]
async fn a_plan_is_changed_at_stripe_and_the_difference_is_charged() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    let done = billing.change("pro", true).await;
    assert_eq!((&done["userErrors"], &done["preview"]["start"]), (&json!([]), &json!("NOW")), "{done:#}");
    assert_eq!(done["currentPlan"], json!({ "plan": { "handle": "pro" }, "status": "ACTIVE" }), "at once");
    let invoices = billing.gql(INVOICES, json!({})).await;
    let amounts: Vec<_> =
        invoices["nodes"].as_array().expect("invoices").iter().map(|one| &one["total"]["amount"]).collect();
    assert_eq!(amounts, ["29.00", "70.00"]);
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("pro", "ACTIVE"), "what Stripe tells of it changes nothing");
    assert_eq!(code(&billing.change("pro", true).await), "ALREADY_DONE");
    let free = billing.change("free", true).await;
    assert_eq!((code(&free), &free["userErrors"][0]["field"]), (&json!("NOT_ALLOWED"), &json!(["planId"])));
}

#[tokio::test]
async fn a_card_that_is_declined_changes_nothing_and_says_so() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    billing.stripe.declines(true);
    let done = billing.change("pro", true).await;
    let expected = json!([{ "field": null, "code": "PAYMENT_FAILED",
        "message": "the payment has failed: Your card was declined." }]);
    assert_eq!((&done["userErrors"], &done["currentPlan"]), (&expected, &Value::Null), "{done:#}");
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"));
    assert_eq!(code(&billing.change("pro", false).await), "PAYMENT_FAILED", "what is dearer is never had for nothing");
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"));
}

#[tokio::test]
async fn a_cheaper_plan_is_had_without_settling_when_that_is_wished() {
    let billing = Billing::new().await;
    billing.subscribe("pro").await;
    billing.stripe.declines(true);
    assert_eq!(billing.change("basic", false).await["userErrors"], json!([]), "nothing is charged, nothing fails");
    assert_eq!(billing.stands().await, stood("basic", "ACTIVE"));
}

#[tokio::test]
async fn who_owes_is_not_free_of_it_by_another_plan_or_by_ending_and_is_once_it_is_paid() {
    let billing = Billing::new().await;
    let id = billing.subscribe("pro").await;
    billing.stripe.renew(&id, false);
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("pro", "PAST_DUE"));
    assert_eq!(code(&billing.change("basic", true).await), "NOT_ALLOWED");
    let ended =
        billing.gql("mutation { done: subscriptionCancel(atPeriodEnd: false) { userErrors { code } } }", json!({}));
    assert_eq!(ended.await["userErrors"], json!([]));
    assert_eq!(billing.stands().await, stood("free", "UNPAID"));
    billing.stripe.settle(&id);
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("free", "ACTIVE"));
}

#[tokio::test]
async fn a_subscription_ends_with_its_period_or_at_once_and_may_go_on() {
    let billing = Billing::new().await;
    assert_eq!(code(&billing.gql(CANCEL, json!({})).await), "NOT_FOUND");
    assert_eq!(code(&billing.gql(RESUME, json!({})).await), "NOT_FOUND");
    assert_eq!(code(&billing.gql(PORTAL, json!({})).await), "NOT_FOUND", "there is nothing to see to");
    let id = billing.subscribe("basic").await;
    assert_eq!(code(&billing.gql(RESUME, json!({})).await), "ALREADY_DONE");
    let done = billing.gql(CANCEL, json!({})).await;
    let expected =
        json!({ "plan": { "handle": "basic" }, "status": "ACTIVE", "cancelAtPeriodEnd": true, "isBilled": true });
    assert_eq!((&done["currentPlan"], &done["userErrors"]), (&expected, &json!([])));
    assert_eq!(code(&billing.gql(CANCEL, json!({})).await), "ALREADY_DONE");
    assert_eq!(billing.gql(RESUME, json!({})).await["currentPlan"], json!({ "cancelAtPeriodEnd": false }));
    billing.stripe.end_with_period(&id, true);
    billing.hear().await;
    assert_eq!(billing.current().await["cancelAtPeriodEnd"], true, "also by Stripe's own page");
    let done = billing.gql(CANCEL, json!({ "later": false })).await;
    let expected =
        json!({ "plan": { "handle": "free" }, "status": "ACTIVE", "cancelAtPeriodEnd": false, "isBilled": false });
    assert_eq!(done["currentPlan"], expected, "{done:#}");
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("free", "ACTIVE"));
}

#[tokio::test]
async fn what_was_chosen_after_an_end_is_not_taken_back_by_it() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    let wish = Activation { plan_id: Some(of(&billing, "pro").await), interval: Interval::Month, currency: None };
    let activate = async || plan_activate(&billing.app.app, billing.store.tenant, wish).await;
    assert!(activate().await.is_err(), "Stripe says what it is on");
    billing.stripe.end(&id);
    billing.hear().await;
    activate().await.expect("by hand");
    billing.stripe.set_price(&id, json!({}));
    billing.hear().await;
    assert_eq!(billing.stands().await, stood("pro", "ACTIVE"));
}

#[tokio::test]
async fn a_plan_that_is_too_small_is_not_paid_for() {
    let billing = Billing::new().await;
    billing.subscribe("pro").await;
    for _ in 0..21 {
        let webhook = r#"mutation { done: webhookSubscriptionCreate(topic: ORDERS_CREATE,
            webhookSubscription: { uri: "http://127.0.0.1:9/a" }) { userErrors { message } } }"#;
        assert_eq!(billing.gql(webhook, json!({})).await["userErrors"], json!([]));
    }
    let refused = billing.change("basic", true).await;
    assert_eq!(code(&refused), "DOWNGRADE_BELOW_USE", "{refused:#}");
    assert_eq!(billing.stands().await, stood("pro", "ACTIVE"));
}

#[tokio::test]
async fn without_stripe_operators_activate_plans_and_whoever_asks_is_told() {
    let app = TestApp::new().await;
    let store: Store = app.store_on("acme", "free").await;
    let plan = emporia::plan::service::plan_by_handle(&app.app.db, "basic").await.expect("plans").expect("basic").id;
    let create = format!(
        "mutation {{ done: subscriptionCreate(planId: \"gid://emporia/Plan/{plan}\",
            returnUrl: \"https://admin.example\") {{ confirmationUrl userErrors {{ field code message }} }} }}"
    );
    for document in [create.as_str(), CANCEL, RESUME, PORTAL] {
        let done = app.gql(&store.secret, document, json!({})).await["done"].take();
        assert_eq!((code(&done), &done["userErrors"][0]["field"]), (&json!("BILLING_NOT_CONFIGURED"), &Value::Null));
    }
    let change = format!(
        "mutation {{ done: planChange(planId: \"gid://emporia/Plan/{plan}\") {{
            currentPlan {{ pending {{ plan {{ handle }} }} }} userErrors {{ code }} }} }}"
    );
    let asked = app.gql(&store.secret, &change, json!({})).await["done"].take();
    assert_eq!(asked["currentPlan"]["pending"]["plan"]["handle"], "basic");
    let wish = Activation { plan_id: None, interval: Interval::Month, currency: None };
    plan_activate(&app.app, store.tenant, wish).await.expect("by hand");
}

#[tokio::test]
async fn another_shop_sees_no_invoice_by_its_id() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    let other = billing.app.store("other").await;
    let id = billing.gql("{ done: invoices(first: 1) { nodes { id } } }", json!({})).await["nodes"][0]["id"].take();
    let node = "query ($id: ID!) { node(id: $id) { ... on Invoice { status } } }";
    let seen = billing.app.gql(&billing.store.secret, node, json!({ "id": id })).await;
    assert_eq!(seen["node"]["status"], "PAID");
    assert_eq!(billing.app.gql(&other.secret, node, json!({ "id": id })).await["node"], Value::Null);
    let none = billing.app.gql(&other.secret, "{ invoices(first: 5) { nodes { id } } }", json!({})).await;
    assert_eq!(none["invoices"]["nodes"], json!([]));
}
