//! What plans limit: at the edge of each limit, in a crowd, and while the plan is changed.

use std::sync::Arc;

use chrono::TimeDelta;
use emporia::checkout::rule::CheckoutRule;
use emporia::error::ServiceError;
use emporia::import::Options;
use emporia::plan::model::{Feature, Resource};
use emporia::plan::service::overrides_set;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Shopping, Store, TestApp, TestGateway, waiting, within};
use crate::tenancy::count;

const SET: &str = "mutation ($input: ProductSetInput!) { done: productSet(input: $input) { product { id }
    userErrors { field code message } } }";

/// Lets a shop have so many of something.
pub async fn limit(app: &TestApp, store: &Store, limits: &[(Resource, i64)]) {
    let limits: Vec<_> = limits.iter().map(|(resource, max)| (*resource, Some(*max))).collect();
    overrides_set(&app.app, store.tenant, &limits, &[]).await.expect("limits");
}

async fn product(app: &TestApp, store: &Store, title: &str) -> Value {
    app.gql(&store.secret, SET, json!({ "input": { "title": title } })).await["done"].take()
}

async fn products(app: &TestApp, store: &Store) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM products WHERE tenant_id = '{}'", store.tenant);
    count(&mut crate::support::admin(&app.db.name).await, &sql).await
}

#[tokio::test]
async fn there_is_room_for_so_many_products_and_the_refusal_says_how_many() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    limit(&app, &store, &[(Resource::Products, 2)]).await;
    assert_eq!(product(&app, &store, "A").await["userErrors"], json!([]));
    let second = product(&app, &store, "B").await;
    assert_eq!(second["userErrors"], json!([]), "just as many as there may be");
    let refused = product(&app, &store, "C").await;
    let message = "the plan Pro has room for 2 products, and 2 are used";
    let expected = json!([{ "field": ["input"], "code": "PLAN_LIMIT_REACHED", "message": message }]);
    assert_eq!((&refused["product"], &refused["userErrors"]), (&Value::Null, &expected));
    let same = json!({ "input": { "id": second["product"]["id"], "title": "B again" } });
    assert_eq!(app.gql(&store.secret, SET, same).await["done"]["userErrors"], json!([]), "what is there is changed");
    assert_eq!(product(&app, &other, "C").await["userErrors"], json!([]), "another shop has its own");
    let delete = "mutation ($id: ID!) { productDelete(input: { id: $id }) { deletedProductId } }";
    app.gql(&store.secret, delete, json!({ "id": second["product"]["id"] })).await;
    assert_eq!(product(&app, &store, "D").await["userErrors"], json!([]), "there is room again");
}

#[tokio::test]
async fn an_import_stops_where_the_plan_does() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    limit(&app, &store, &[(Resource::Products, 2)]).await;
    let file = "Handle,Title,Variant Price\na,A,1.00\nb,B,1.00\nc,C,1.00\nd,D,1.00\n";
    for set_stock in [false, true] {
        let options = Options { set_stock, ..Options::default() };
        let reader = std::io::Cursor::new(file);
        let done = emporia::import::products(&app.app, store.tenant, reader, options, &|_| {}).await;
        let report = serde_json::to_value(done.expect("a report")).expect("JSON");
        assert_eq!(report["rejected_rows"], 2, "{report:#}");
        assert!(report.to_string().contains("room for 2 products"), "{report:#}");
        assert_eq!(products(&app, &store).await, 2, "what is there is imported again");
    }
}

#[tokio::test]
async fn of_eight_who_make_the_last_product_one_does() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "16")]).await;
    let store = app.store("acme").await;
    limit(&app, &store, &[(Resource::Products, 3)]).await;
    for title in ["A", "B"] {
        product(&app, &store, title).await;
    }
    let titles: Vec<String> = (0..8).map(|number| format!("Last {number}")).collect();
    let made = join_all(titles.iter().map(|title| product(&app, &store, title))).await;
    let refused = made.iter().filter(|done| done["userErrors"][0]["code"] == "PLAN_LIMIT_REACHED").count();
    assert_eq!((refused, products(&app, &store).await), (7, 3), "{made:#?}");
}

#[tokio::test]
async fn whoever_is_at_it_is_counted_by_who_limits_it() {
    let app = Arc::new(TestApp::with(&[("DATABASE_POOL_SIZE", "16")]).await);
    let store = app.store("acme").await;
    for round in 0..8 {
        let titles: Vec<String> = (0..6).map(|number| format!("Round {round}, {number}")).collect();
        let makers = join_all(titles.iter().map(|title| product(&app, &store, title)));
        // Between those who make something without a limit, somebody sets one at what is there.
        let limiter = async {
            tokio::task::yield_now().await;
            let there = emporia::plan::service::overrides_set(&app.app, store.tenant, &[], &[]);
            there.await.expect("no limits");
            let max = products(&app, &store).await;
            let limits = [(Resource::Products, Some(max))];
            overrides_set(&app.app, store.tenant, &limits, &[]).await.expect("a limit");
            // From here on nothing comes in, whoever had begun before.
            products(&app, &store).await
        };
        let (_, there) = tokio::join!(makers, limiter);
        assert_eq!(products(&app, &store).await, there, "round {round}");
        overrides_set(&app.app, store.tenant, &[], &[]).await.expect("no limits");
    }
}

#[tokio::test]
async fn who_changes_the_plan_waits_for_those_who_are_at_it() {
    let app = Arc::new(TestApp::with(&[("DATABASE_POOL_SIZE", "16")]).await);
    let store = app.store("acme").await;
    let db = app.app.db.tenant(store.tenant);
    let (entered, mut is_in) = tokio::sync::oneshot::channel();
    let (go_on, going) = tokio::sync::oneshot::channel::<()>();
    let (entropy, now) = (app.app.entropy.clone(), app.app.clock.now());
    let at_it = tokio::spawn(async move {
        let work = async |tx: &mut emporia::db::TenantTx<'_>| {
            let mut room = emporia::plan::service::hold_in_tx(tx, Resource::Products, now)?;
            assert!(room.left(tx.conn()).await?.is_none(), "there is no limit yet");
            entered.send(()).expect("a listener");
            going.await.expect("a word");
            let draft = emporia::catalog::model::ProductDraft { title: Some("A".to_owned()), ..Default::default() };
            let grants = emporia::access::Grants::Everything;
            emporia::catalog::service::products_upsert_in_tx(tx, now, &entropy, "test", &grants, vec![draft]).await
        };
        db.write(work).await
    });
    (&mut is_in).await.expect("it has begun");
    let (busy, shop) = (app.clone(), store.clone());
    let limiting = tokio::spawn(async move { limit(&busy, &shop, &[(Resource::Products, 1)]).await });
    within(std::time::Duration::from_secs(10), "who limits waits", || waiting(&app)).await;
    go_on.send(()).expect("who is at it");
    at_it.await.expect("a task").expect("a product");
    limiting.await.expect("a limit");
    assert_eq!(product(&app, &store, "B").await["userErrors"][0]["code"], "PLAN_LIMIT_REACHED");
}

#[tokio::test]
async fn invitations_count_among_the_staff() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    limit(&app, &store, &[(Resource::StaffMembers, 2)]).await;
    let invite = async |email: &str| {
        let document = "mutation ($email: String!) { done: staffInvite(input: { email: $email, name: \"Ina\",
            role: \"viewer\" }) { staffMember { id } userErrors { field code message } } }";
        app.gql(&store.secret, document, json!({ "email": email })).await["done"].take()
    };
    assert_eq!(invite("a@shop.example").await["userErrors"], json!([]));
    let second = invite("b@shop.example").await;
    let refused = invite("c@shop.example").await;
    assert_eq!(refused["userErrors"][0]["code"], "PLAN_LIMIT_REACHED", "{refused:#}");
    assert!(refused["userErrors"][0]["message"].as_str().expect("a text").contains("2 staff members"), "{refused:#}");
    let remove = "mutation ($id: ID!) { staffRemove(id: $id) { deletedStaffMemberId } }";
    app.gql(&store.secret, remove, json!({ "id": second["staffMember"]["id"] })).await;
    let crowd = ["d", "e", "f", "g"].map(|name| format!("{name}@shop.example"));
    let done = join_all(crowd.iter().map(|email| invite(email))).await;
    assert_eq!(done.iter().filter(|done| done["userErrors"] == json!([])).count(), 1, "{done:#?}");
}

#[tokio::test]
async fn roles_and_webhooks_have_limits_of_their_own() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    limit(&app, &store, &[(Resource::CustomRoles, 1), (Resource::WebhookSubscriptions, 1)]).await;
    let role = async |handle: &str| {
        let input = json!({ "handle": handle, "name": handle, "accessScopes": ["read_orders"] });
        let document = "mutation ($input: RoleCreateInput!) { done: roleCreate(input: $input) {
            userErrors { field code message } } }";
        app.gql(&store.secret, document, json!({ "input": input })).await["done"]["userErrors"].take()
    };
    let made = join_all(["a", "b", "c", "d"].map(role)).await;
    let refused = json!([{ "field": null, "code": "PLAN_LIMIT_REACHED",
        "message": "the plan Pro has room for 1 roles of its own, and 1 are used" }]);
    assert_eq!(made.iter().filter(|errors| **errors == refused).count(), 3, "{made:#?}");
    let webhook = async |number: usize| {
        let document = "mutation ($uri: URL!) { done: webhookSubscriptionCreate(topic: ORDERS_CREATE,
            webhookSubscription: { uri: $uri }) { userErrors { field code } } }";
        let uri = format!("http://127.0.0.1:9/{number}");
        let document = document.replace("URL!", "String!");
        app.gql(&store.secret, &document, json!({ "uri": uri })).await["done"]["userErrors"].take()
    };
    let made = join_all([1, 2, 3, 4].map(webhook)).await;
    let refused = json!([{ "field": null, "code": "PLAN_LIMIT_REACHED" }]);
    assert_eq!(made.iter().filter(|errors| **errors == refused).count(), 3, "{made:#?}");
}

#[tokio::test]
async fn orders_are_counted_by_the_month_and_payments_under_way_among_them() {
    let mut shopping = Shopping::new().await;
    let gateway = TestGateway::new(&shopping.app.db.name);
    let app = &mut Arc::get_mut(&mut shopping.app).expect("its only owner").app;
    app.payments = app.payments.with(gateway.clone());
    shopping.on_sale(1, 1000, 100).await;
    limit(&shopping.app, &shopping.store, &[(Resource::OrdersPerMonth, 2)]).await;
    let first = shopping.cart(&[(1, 1)]).await;
    shopping.buy(&first).await;
    // A payment that is under way has the last place.
    let (second, third) = (shopping.cart(&[(1, 1)]).await, shopping.cart(&[(1, 1)]).await);
    let (till, wish) = (shopping.till(), shopping.wish(&second, "test", None, "second"));
    let paying = tokio::spawn(async move { emporia::checkout::service::complete(&till, &wish).await });
    gateway.wait_for(1).await;
    let refused = shopping.complete(&shopping.wish(&third, "manual", None, "third")).await.expect("an outcome");
    assert!(
        matches!(&refused, Err(ServiceError::Rule(rules)) if *rules == [CheckoutRule::PlanLimitReached]),
        "{refused:?}"
    );
    assert_eq!(shopping.stock(1).await, 98, "nothing is taken for it");
    gateway.approvals.add_permits(1);
    paying.await.expect("a task").expect("an outcome").expect("an order");
    let again = shopping.complete(&shopping.wish(&third, "manual", None, "third")).await.expect("an outcome");
    assert!(again.is_err(), "what is paid is counted once, and still");
    // The next month has room, under the same key: the refusal was not for ever.
    shopping.app.clock.advance(TimeDelta::days(30));
    let later = shopping.complete(&shopping.wish(&third, "manual", None, "third")).await.expect("an outcome");
    assert!(later.is_ok(), "{later:?}");
}

#[tokio::test]
async fn of_eight_who_buy_at_once_as_many_do_as_the_plan_has_room_for() {
    let shopping = Shopping::with(&[("DATABASE_POOL_SIZE", "16")]).await;
    shopping.on_sale(1, 1000, 100).await;
    limit(&shopping.app, &shopping.store, &[(Resource::OrdersPerMonth, 3)]).await;
    let mut wishes = Vec::new();
    for number in 0..8 {
        let cart = shopping.cart(&[(1, 1)]).await;
        wishes.push(shopping.wish(&cart, "manual", None, &format!("key {number}")));
    }
    let done = join_all(wishes.iter().map(|wish| shopping.complete(wish))).await;
    let bought = done.iter().filter(|done| matches!(done, Ok(Ok(_)))).count();
    assert_eq!((bought, shopping.numbers().await.len(), shopping.stock(1).await), (3, 3, 97));
}

#[tokio::test]
async fn what_the_plan_does_not_have_is_refused_before_anything_is_done() {
    let app = TestApp::new().await;
    let (free, basic, pro) =
        (app.store_on("free", "free").await, app.store_on("basic", "basic").await, app.store("pro").await);
    let domain = "mutation { domainCreate(host: \"shop.example\") { domain { host } userErrors { code } } }";
    let role = "mutation { roleCreate(input: { handle: \"packer\", name: \"Packer\", accessScopes: [] }) {
        role { handle } userErrors { code } } }";
    let has = async |store: &Store, document: &str| {
        let answer = app.ask(&store.secret, document).await;
        match answer.json().get("errors") {
            Some(_) => Err((answer.code(), answer.json()["errors"][0]["message"].as_str().expect("a text").to_owned())),
            None => Ok(()),
        }
    };
    let (code, message) = has(&free, domain).await.expect_err("not in free");
    assert_eq!(code, "PLAN_FEATURE_REQUIRED");
    assert_eq!(message, "this needs the feature CUSTOM_DOMAINS, which the plan Free does not have");
    assert_eq!(has(&basic, domain).await, Ok(()));
    assert!(has(&basic, role).await.is_err_and(|(_, message)| message.contains("CUSTOM_ROLES")), "not in basic");
    assert_eq!((has(&pro, domain).await, has(&pro, role).await), (Ok(()), Ok(())));
    // For one tenant alone.
    let features = [(Feature::CustomDomains, true), (Feature::TrustedDocuments, false)];
    overrides_set(&app.app, free.tenant, &[], &features).await.expect("overrides");
    assert_eq!(has(&free, domain).await, Ok(()));
    let trusted = "mutation { trustedDocumentsAdd(documents: [{ text: \"{ shop { name } }\" }]) {
        userErrors { code } } }";
    assert!(has(&free, trusted).await.is_err_and(|(_, message)| message.contains("TRUSTED_DOCUMENTS")));
}

#[tokio::test]
async fn a_shop_without_a_subscription_makes_nothing() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let sql = format!("DELETE FROM subscriptions WHERE tenant_id = '{}'", store.tenant);
    let mut admin = crate::support::admin(&app.db.name).await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut admin, &sql).await.expect("gone");
    let (_, answer) = app.post(&store.secret, SET, json!({ "input": { "title": "A" } })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR", "{answer:#}");
    assert_eq!(products(&app, &store).await, 0);
    let documents =
        ["mutation { domainCreate(host: \"shop.example\") { userErrors { code } } }", "{ currentPlan { status } }"];
    for document in documents {
        assert_eq!(app.ask(&store.secret, document).await.code(), "INTERNAL_SERVER_ERROR", "{document}");
    }
}
