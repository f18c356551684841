//! Plans: chosen by merchants, made, changed and activated by operators, and what follows by jobs.

use chrono::TimeDelta;
use emporia::cache::Rate;
use emporia::plan::model::Resource;
use emporia::plan::service::{plan_by_handle, plans_spread};
use emporia::worker;
use serde_json::{Value, json};

use crate::plan_limits::limit;
use crate::support::{Store, TestApp};
use crate::tenancy::count;

const CURRENT: &str = "{ currentPlan { plan { handle } status trialEndsAt features currentPeriodStart currentPeriodEnd
    price { interval price { amount currencyCode } } pending { plan { handle } since price { price { amount } } }
    limits { name used max } } }";
const CHANGE: &str = "mutation ($plan: ID!, $interval: PlanInterval = MONTH, $currency: CurrencyCode,
    $prorate: Boolean = true) {
    done: planChange(planId: $plan, interval: $interval, currencyCode: $currency, prorate: $prorate) {
    currentPlan { plan { handle } status pending { plan { handle } } trialEndsAt }
    preview { start over { name used max } isRefused proration { daysInPeriod daysLeft
        credit { amount } charge { amount } due { amount } } }
    userErrors { field code message } } }";
const PREVIEW: &str = "query ($plan: ID!, $interval: PlanInterval = MONTH, $prorate: Boolean = true) {
    preview: planChangePreview(planId: $plan, interval: $interval, prorate: $prorate) { plan { handle }
    price { price { amount currencyCode } } start isRefused over { name used max }
    proration { daysInPeriod daysLeft credit { amount } charge { amount } due { amount } } } }";

async fn gid(app: &TestApp, handle: &str) -> String {
    let plan = plan_by_handle(&app.app.db, handle).await.expect("plans").expect(handle);
    format!("gid://emporia/Plan/{}", plan.id)
}

async fn current(app: &TestApp, store: &Store) -> Value {
    app.gql(&store.secret, CURRENT, json!({})).await["currentPlan"].take()
}

async fn change(app: &TestApp, store: &Store, handle: &str) -> Value {
    let variables = json!({ "plan": gid(app, handle).await });
    app.gql(&store.secret, CHANGE, variables).await["done"].take()
}

async fn preview(app: &TestApp, store: &Store, handle: &str) -> Value {
    let variables = json!({ "plan": gid(app, handle).await });
    app.gql(&store.secret, PREVIEW, variables).await["preview"].take()
}

/// Sends an operator's mutation that must be done.
async fn operate(app: &TestApp, document: &str, variables: Value) -> Value {
    let operator = app.operator().await;
    app.gql_as(&operator.token, document, variables).await["done"].take()
}

async fn activate(app: &TestApp, store: &Store, plan: Option<&str>) -> Value {
    let document = "mutation ($tenant: ID!, $plan: ID) { done: planActivate(tenantId: $tenant, planId: $plan) {
        tenantPlan { plan { handle } status limits { name max } } userErrors { field code message } } }";
    let plan = match plan {
        Some(handle) => Some(gid(app, handle).await),
        None => None,
    };
    let tenant = format!("gid://emporia/Tenant/{}", store.tenant);
    operate(app, document, json!({ "tenant": tenant, "plan": plan })).await
}

async fn drain(app: &TestApp) {
    worker::drain(&app.app).await.expect("the worker's work");
}

/// What the platform knows of a tenant's plan.
async fn weight(app: &TestApp, store: &Store) -> i64 {
    let sql = format!("SELECT job_weight::bigint AS n FROM platform.tenants WHERE id = '{}'", store.tenant);
    count(&mut crate::support::admin(&app.db.name).await, &sql).await
}

fn max(limits: &Value, name: &str) -> Value {
    let limits = limits.as_array().expect("limits");
    limits.iter().find(|limit| limit["name"] == name).expect(name)["max"].clone()
}

#[tokio::test]
async fn a_shop_sees_what_it_may_choose_and_what_it_is_on() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "free").await;
    let plans = "{ plans { handle name features prices { interval price { amount currencyCode } } apiPointsPerSecond
        transactionFee { basisPoints minorUnits } limits { name max } trialDays } }";
    let plans = app.gql(&store.secret, plans, json!({})).await["plans"].take();
    let handles: Vec<_> = plans.as_array().expect("plans").iter().map(|plan| plan["handle"].clone()).collect();
    assert_eq!(handles, ["free", "basic", "pro"], "the trial is not offered");
    assert_eq!(plans[0]["transactionFee"], json!({ "basisPoints": 50, "minorUnits": 25 }));
    assert_eq!((max(&plans[0]["limits"], "PRODUCTS"), max(&plans[2]["limits"], "PRODUCTS")), (json!(100), Value::Null));
    let monthly = json!({ "interval": "MONTH", "price": { "amount": "29.00", "currencyCode": "EUR" } });
    assert_eq!(plans[1]["prices"][0], monthly);
    app.gql(&store.secret, "mutation { productSet(input: { title: \"A\" }) { product { id } } }", json!({})).await;
    let now = current(&app, &store).await;
    assert_eq!(
        (&now["plan"]["handle"], &now["status"], &now["pending"]),
        (&json!("free"), &json!("ACTIVE"), &Value::Null)
    );
    assert_eq!(now["features"], json!(["TRUSTED_DOCUMENTS"]));
    assert_eq!(now["limits"][0], json!({ "name": "PRODUCTS", "used": 1, "max": 100 }));
    assert_eq!(now["limits"][4], json!({ "name": "ORDERS_PER_MONTH", "used": 0, "max": 100 }));
    assert_eq!((&now["currentPeriodEnd"], &now["price"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_paid_plan_waits_until_an_operator_activates_it() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "free").await;
    let asked = change(&app, &store, "basic").await;
    assert_eq!(asked["userErrors"], json!([]), "{asked:#}");
    assert_eq!(asked["currentPlan"]["plan"]["handle"], "free");
    assert_eq!(asked["currentPlan"]["pending"]["plan"]["handle"], "basic");
    assert_eq!(
        (&asked["preview"]["start"], &asked["preview"]["proration"]["due"]["amount"]),
        (&json!("ACTIVATION"), &json!("29.00"))
    );
    drain(&app).await;
    let operator = app.operator().await;
    let tenants = "{ tenants(first: 5) { nodes { plan { handle } pendingPlan { handle } } } }";
    let seen = app.gql_as(&operator.token, tenants, json!({})).await["tenants"]["nodes"][0].take();
    assert_eq!(seen, json!({ "plan": { "handle": "free" }, "pendingPlan": { "handle": "basic" } }));
    let done = activate(&app, &store, None).await;
    assert_eq!((&done["userErrors"], &done["tenantPlan"]["plan"]["handle"]), (&json!([]), &json!("basic")), "{done:#}");
    let now = current(&app, &store).await;
    assert_eq!((&now["plan"]["handle"], &now["pending"]), (&json!("basic"), &Value::Null));
    assert_eq!(now["price"], json!({ "interval": "MONTH", "price": { "amount": "29.00", "currencyCode": "EUR" } }));
    assert_eq!(
        (&now["currentPeriodStart"], &now["currentPeriodEnd"]),
        (&json!("2026-06-01T12:00:00Z"), &json!("2026-07-01T12:00:00Z"))
    );
    assert_eq!(weight(&app, &store).await, 2, "the worker knows at once");
    let standing = app.app.resolver.standing(store.tenant).await.expect("a standing").expect("a tenant");
    assert_eq!((standing.api_rate, standing.job_weight), (Rate::per_second(10_000), 2), "and so does the edge");
    let nothing = activate(&app, &store, None).await;
    assert_eq!(
        (&nothing["userErrors"][0]["code"], &nothing["userErrors"][0]["field"]),
        (&json!("NOT_FOUND"), &json!(["planId"]))
    );
    // A plan that is not offered, and one that is.
    assert_eq!(activate(&app, &store, Some("pro")).await["tenantPlan"]["plan"]["handle"], "pro");
    let free = change(&app, &store, "free").await;
    assert_eq!(
        (&free["currentPlan"]["plan"]["handle"], &free["currentPlan"]["status"]),
        (&json!("free"), &json!("ACTIVE"))
    );
}

#[tokio::test]
async fn what_was_asked_for_is_taken_back_by_choosing_what_one_has() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "free").await;
    let same = change(&app, &store, "free").await;
    assert_eq!(
        (&same["userErrors"][0]["code"], &same["userErrors"][0]["field"]),
        (&json!("ALREADY_DONE"), &json!(["planId"]))
    );
    change(&app, &store, "pro").await;
    let back = change(&app, &store, "free").await;
    assert_eq!((&back["userErrors"], &back["currentPlan"]["pending"]), (&json!([]), &Value::Null), "{back:#}");
    for (plan, code) in [(gid(&app, "trial").await, "NOT_FOUND"), ("rubbish".to_owned(), "NOT_FOUND")] {
        let refused = app.gql(&store.secret, CHANGE, json!({ "plan": plan })).await["done"].take();
        assert_eq!(refused["userErrors"][0]["code"], code, "{plan}");
    }
    let yen = json!({ "plan": gid(&app, "pro").await, "currency": "JPY" });
    let refused = app.gql(&store.secret, CHANGE, yen).await["done"]["userErrors"][0].take();
    assert_eq!((&refused["code"], &refused["field"]), (&json!("INVALID"), &json!(["currencyCode"])), "{refused:#}");
    assert!(refused["message"].as_str().expect("a text").contains("there is EUR, USD"), "{refused:#}");
}

#[tokio::test]
async fn a_change_within_a_month_is_settled_by_its_days() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "free").await;
    activate(&app, &store, Some("basic")).await;
    app.clock.advance(TimeDelta::days(15));
    let up = preview(&app, &store, "pro").await;
    let expected = json!({ "daysInPeriod": 30, "daysLeft": 15, "credit": { "amount": "14.50" },
        "charge": { "amount": "49.50" }, "due": { "amount": "35.00" } });
    assert_eq!((&up["proration"], &up["start"]), (&expected, &json!("ACTIVATION")), "{up:#}");
    let yearly = json!({ "plan": gid(&app, "basic").await, "interval": "YEAR" });
    let yearly = app.gql(&store.secret, PREVIEW, yearly).await["preview"].take();
    assert_eq!(yearly["proration"]["due"]["amount"], "275.50", "a new period begins: {yearly:#}");
    let without = json!({ "plan": gid(&app, "pro").await, "prorate": false });
    assert_eq!(app.gql(&store.secret, PREVIEW, without).await["preview"]["proration"], Value::Null);
    let down = preview(&app, &store, "free").await;
    assert_eq!((&down["proration"]["due"]["amount"], &down["start"]), (&json!("-14.50"), &json!("NOW")), "{down:#}");
    let dollars = json!({ "plan": gid(&app, "pro").await, "currency": "USD" });
    let refused = app.gql(&store.secret, CHANGE, dollars).await["done"]["userErrors"][0].take();
    assert_eq!(refused["code"], "NOT_ALLOWED", "it pays in euros: {refused:#}");
    // What goes on is paid for until the same day.
    activate(&app, &store, Some("pro")).await;
    assert_eq!(current(&app, &store).await["currentPeriodEnd"], "2026-07-01T12:00:00Z");
    app.clock.advance(TimeDelta::days(20));
    assert_eq!(current(&app, &store).await["currentPeriodEnd"], "2026-08-01T12:00:00Z", "months follow each other");
    let nothing = app.gql(&store.secret, PREVIEW, json!({ "plan": "rubbish" })).await;
    assert_eq!(nothing["preview"], Value::Null);
}

async fn overfull(app: &TestApp) -> Store {
    let store = app.store("acme").await;
    for number in 0..3 {
        let member = json!({ "email": format!("{number}@shop.example") });
        let invite =
            "mutation ($email: String!) { staffInvite(input: { email: $email, name: \"Ina\", role: \"viewer\" }) {
            userErrors { code } } }";
        app.gql(&store.secret, invite, member).await;
    }
    let role = "mutation { roleCreate(input: { handle: \"packer\", name: \"Packer\", accessScopes: [] }) {
        userErrors { code } } }";
    app.gql(&store.secret, role, json!({})).await;
    store
}

#[tokio::test]
async fn a_plan_with_less_room_than_is_used_is_refused_with_all_that_is_over() {
    let app = TestApp::new().await;
    let store = overfull(&app).await;
    let over =
        json!([{ "name": "STAFF_MEMBERS", "used": 3, "max": 2 }, { "name": "CUSTOM_ROLES", "used": 1, "max": 0 }]);
    let seen = preview(&app, &store, "free").await;
    assert_eq!((&seen["over"], &seen["isRefused"]), (&over, &json!(true)));
    let refused = change(&app, &store, "free").await;
    let expected = json!([
        { "field": ["planId"], "code": "DOWNGRADE_BELOW_USE",
            "message": "3 staff members are used, and the plan has room for 2" },
        { "field": ["planId"], "code": "DOWNGRADE_BELOW_USE",
            "message": "1 roles of its own are used, and the plan has room for 0" }
    ]);
    assert_eq!((&refused["userErrors"], &refused["currentPlan"]), (&expected, &Value::Null), "{refused:#}");
    assert_eq!(current(&app, &store).await["plan"]["handle"], "pro");
    let by_operator = activate(&app, &store, Some("free")).await;
    assert_eq!(by_operator["userErrors"], expected);
}

#[tokio::test]
async fn where_it_is_let_what_is_there_stays_and_nothing_is_added() {
    let app = TestApp::with(&[("PLAN_DOWNGRADE", "grandfather")]).await;
    let store = overfull(&app).await;
    let done = change(&app, &store, "free").await;
    assert_eq!((&done["userErrors"], &done["preview"]["isRefused"]), (&json!([]), &json!(false)), "{done:#}");
    assert_eq!(done["preview"]["over"].as_array().map(Vec::len), Some(2));
    assert_eq!(current(&app, &store).await["limits"][1], json!({ "name": "STAFF_MEMBERS", "used": 3, "max": 2 }));
    let invite = "mutation { staffInvite(input: { email: \"n@shop.example\", name: \"Ina\", role: \"viewer\" }) {
        userErrors { code } } }";
    let refused = app.gql(&store.secret, invite, json!({})).await;
    assert_eq!(refused["staffInvite"]["userErrors"][0]["code"], "PLAN_LIMIT_REACHED");
}

#[tokio::test]
async fn a_trial_ends_by_a_job_and_its_owner_is_told() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "trial").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    let trying = current(&app, &store).await;
    assert_eq!((&trying["status"], &trying["trialEndsAt"]), (&json!("TRIALING"), &json!("2026-06-15T12:00:00Z")));
    assert_eq!(trying["limits"][0]["max"], 1000);
    app.clock.advance(TimeDelta::days(11) - TimeDelta::seconds(1));
    drain(&app).await;
    assert_eq!(app.mails("ada@shop.example").await.len(), 0);
    app.clock.advance(TimeDelta::seconds(1));
    drain(&app).await;
    let warned = app.mails("ada@shop.example").await;
    assert!(warned[0].text.contains("ends on 2026-06-15; acme is on the plan Free from then on"), "{}", warned[0].text);
    app.clock.advance(TimeDelta::days(2));
    drain(&app).await;
    assert_eq!(current(&app, &store).await["status"], "TRIALING", "not before its time");
    change(&app, &store, "pro").await;
    app.clock.advance(TimeDelta::days(1));
    drain(&app).await;
    let ended = current(&app, &store).await;
    assert_eq!(
        (&ended["plan"]["handle"], &ended["status"], &ended["trialEndsAt"]),
        (&json!("free"), &json!("ACTIVE"), &Value::Null)
    );
    assert_eq!(ended["pending"]["plan"]["handle"], "pro", "what was asked for waits on");
    assert_eq!(weight(&app, &store).await, 1);
    let mails = app.mails("ada@shop.example").await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails[1].text.contains("acme is on the plan Free now"), "{}", mails[1].text);
    drain(&app).await;
    assert_eq!(app.mails("ada@shop.example").await.len(), 2, "once");
}

#[tokio::test]
async fn who_has_chosen_in_time_is_not_put_back_by_the_end_of_a_trial() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "trial").await;
    activate(&app, &store, Some("pro")).await;
    app.clock.advance(TimeDelta::days(20));
    drain(&app).await;
    assert_eq!(current(&app, &store).await["plan"]["handle"], "pro");
}

#[tokio::test]
async fn an_operator_gives_another_trial_which_ends_too() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "trial").await;
    app.clock.advance(TimeDelta::days(15));
    drain(&app).await;
    let again = activate(&app, &store, Some("trial")).await;
    assert_eq!(again["tenantPlan"]["status"], "TRIALING", "{again:#}");
    assert_eq!(current(&app, &store).await["trialEndsAt"], "2026-06-30T12:00:00Z");
    app.clock.advance(TimeDelta::days(15));
    drain(&app).await;
    assert_eq!(current(&app, &store).await["plan"]["handle"], "free");
}

#[tokio::test]
async fn a_plan_with_a_trial_is_tried_once() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "free").await;
    let update = "mutation ($plan: ID!) { done: planUpdate(planId: $plan, input: { trialDays: 7 }) {
        plan { trialDays } userErrors { field code } } }";
    let updated = operate(&app, update, json!({ "plan": gid(&app, "pro").await })).await;
    assert_eq!(updated, json!({ "plan": { "trialDays": 7 }, "userErrors": [] }));
    let tried = change(&app, &store, "pro").await;
    assert_eq!(
        (&tried["currentPlan"]["status"], &tried["currentPlan"]["trialEndsAt"]),
        (&json!("TRIALING"), &json!("2026-06-08T12:00:00Z"))
    );
    // While it is tried, choosing it asks for it to be kept.
    let kept = change(&app, &store, "pro").await;
    assert_eq!(kept["currentPlan"]["pending"]["plan"]["handle"], "pro", "{kept:#}");
    app.clock.advance(TimeDelta::days(7));
    drain(&app).await;
    assert_eq!(current(&app, &store).await["plan"]["handle"], "free");
    assert_eq!(change(&app, &store, "pro").await["preview"]["start"], "ACTIVATION", "not a second time");
}

#[tokio::test]
async fn an_operator_makes_plans_and_changes_them_for_all_who_are_on_them() {
    let app = TestApp::new().await;
    let create = r#"mutation ($handle: String!) { done: planCreate(input: { handle: $handle, plan: { name: "Team",
        isOffered: true, limits: [{ name: PRODUCTS, max: 5 }], features: [CUSTOM_ROLES], jobWeight: 7,
        prices: [{ interval: MONTH, currencyCode: EUR, minorUnits: 500 }] } }) {
        plan { id handle limits { name max } features jobWeight } userErrors { field code } } }"#;
    let made = operate(&app, create, json!({ "handle": "team" })).await;
    let plan = &made["plan"];
    assert_eq!(
        (&made["userErrors"], &plan["features"], &plan["jobWeight"]),
        (&json!([]), &json!(["CUSTOM_ROLES"]), &json!(7))
    );
    assert_eq!((max(&plan["limits"], "PRODUCTS"), max(&plan["limits"], "STAFF_MEMBERS")), (json!(5), Value::Null));
    let again = operate(&app, create, json!({ "handle": "team" })).await;
    assert_eq!(again["userErrors"], json!([{ "field": ["input", "handle"], "code": "TAKEN" }]));
    let (a, b, c) = (app.store_on("a", "team").await, app.store_on("b", "team").await, app.store("c").await);
    limit(&app, &b, &[(Resource::Products, 50)]).await;
    drain(&app).await;
    let update = "mutation ($plan: ID!) { done: planUpdate(planId: $plan, input: { jobWeight: 9,
        limits: [{ name: PRODUCTS, max: 1 }, { name: STAFF_MEMBERS, max: 4 }] }) { userErrors { field code } } }";
    operate(&app, update, json!({ "plan": plan["id"] })).await;
    // What has not followed yet is said, and the sweep goes on with it.
    plans_spread(&app.app).await.expect("spread");
    let operator = app.operator().await;
    let count = async || {
        let all = "{ platformPlans { plan { handle } tenantsCount outdatedTenantsCount } }";
        let all = app.gql_as(&operator.token, all, json!({})).await["platformPlans"].take();
        let all = all.as_array().expect("plans").iter().find(|one| one["plan"]["handle"] == "team").cloned();
        let all = all.expect("the plan");
        (all["tenantsCount"].clone(), all["outdatedTenantsCount"].clone())
    };
    assert_eq!(count().await, (json!(2), json!(2)));
    drain(&app).await;
    assert_eq!(count().await, (json!(2), json!(0)));
    let limits = async |store: &Store| {
        let limits = current(&app, store).await["limits"].take();
        (max(&limits, "PRODUCTS"), max(&limits, "STAFF_MEMBERS"))
    };
    assert_eq!(limits(&a).await, (json!(1), json!(4)));
    assert_eq!(limits(&b).await, (json!(50), json!(4)), "what was agreed with one tenant stays");
    assert_eq!(limits(&c).await, (Value::Null, Value::Null), "another plan");
    assert_eq!((weight(&app, &a).await, weight(&app, &c).await), (9, 4));
}

#[tokio::test]
async fn what_was_agreed_with_one_tenant_outlives_a_change_of_its_plan() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "free").await;
    let set = "mutation ($tenant: ID!, $input: PlanOverridesInput!) { done: planOverridesSet(tenantId: $tenant,
        input: $input) { tenantPlan { limits { name max } features } userErrors { field code } } }";
    let tenant = format!("gid://emporia/Tenant/{}", store.tenant);
    let input = json!({ "limits": [{ "name": "PRODUCTS", "max": 7 }, { "name": "STAFF_MEMBERS", "max": null }],
        "features": [{ "name": "CUSTOM_DOMAINS", "isOn": true }] });
    let done = operate(&app, set, json!({ "tenant": tenant, "input": input })).await;
    assert_eq!(
        (max(&done["tenantPlan"]["limits"], "PRODUCTS"), &done["userErrors"]),
        (json!(7), &json!([])),
        "{done:#}"
    );
    activate(&app, &store, Some("basic")).await;
    let now = current(&app, &store).await;
    assert_eq!((max(&now["limits"], "PRODUCTS"), max(&now["limits"], "STAFF_MEMBERS")), (json!(7), Value::Null));
    operate(&app, set, json!({ "tenant": tenant, "input": {} })).await;
    let now = current(&app, &store).await;
    assert_eq!((max(&now["limits"], "PRODUCTS"), max(&now["limits"], "STAFF_MEMBERS")), (json!(10_000), json!(10)));
    for (input, field) in [
        (json!({ "limits": [{ "name": "PRODUCTS", "max": -1 }] }), json!(["input", "limits", "0"])),
        (json!({ "limits": [{ "name": "PRODUCTS" }, { "name": "PRODUCTS" }] }), json!(["input", "limits", "1"])),
        (
            json!({ "features": [{ "name": "CUSTOM_DOMAINS", "isOn": true }, { "name": "CUSTOM_DOMAINS", "isOn": false }] }),
            json!(["input", "features", "1"]),
        ),
    ] {
        let refused = operate(&app, set, json!({ "tenant": tenant, "input": input })).await;
        assert_eq!(refused["userErrors"][0]["field"], field, "{refused:#}");
    }
    let nobody = operate(&app, set, json!({ "tenant": "rubbish", "input": {} })).await;
    assert_eq!(nobody["userErrors"], json!([{ "field": ["tenantId"], "code": "NOT_FOUND" }]));
}

#[tokio::test]
async fn a_month_says_what_was_used_in_it() {
    let app = TestApp::new().await;
    let store = app.store_on("acme", "free").await;
    app.gql(&store.secret, "mutation { productSet(input: { title: \"A\" }) { product { id } } }", json!({})).await;
    let usage =
        "query ($period: String) { usage(period: $period) { period startsAt endsAt counts { name used max } } }";
    let now = app.gql(&store.secret, usage, json!({})).await["usage"].take();
    assert_eq!((&now["period"], &now["endsAt"]), (&json!("2026-06"), &json!("2026-07-01T00:00:00Z")));
    assert_eq!(now["counts"][0], json!({ "name": "PRODUCTS", "used": 1, "max": 100 }));
    let before = app.gql(&store.secret, usage, json!({ "period": "2026-05" })).await["usage"]["counts"].take();
    assert_eq!(before[0], json!({ "name": "PRODUCTS", "used": null, "max": 100 }));
    assert_eq!(before[4], json!({ "name": "ORDERS_PER_MONTH", "used": 0, "max": 100 }));
    for bad in ["2026-07", "2026-6", "June", "", "2026-13"] {
        let (_, answer) = app.post(&store.secret, usage, json!({ "period": bad })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{bad}");
    }
}
