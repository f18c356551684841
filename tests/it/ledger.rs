//! The books of usage and fees: what events come to, once, whatever happens to who posts it.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use emporia::clock::{Clock, SystemClock};
use emporia::events::Topic;
use emporia::money::Currency;
use emporia::plan::model::Fee;
use emporia::plan::service::{PlanDraft, plan_by_handle, plan_update};
use emporia::worker;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::events::append;
use crate::support::{
    Process, Shopping, Uncommitted, admin, dropped_after, eventually, leases_end, redis_url, settled, start, waiting,
};
use crate::tenancy::count;
use crate::webhook::another;

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = diesel::sql_types::Text)]
    said: String,
}

/// What an admin is answered, a text a row.
pub async fn said(shop: &Shopping, sql: &str) -> Vec<String> {
    let rows: Vec<Said> = diesel::sql_query(sql).load(&mut admin(&shop.app.db.name).await).await.expect(sql);
    rows.into_iter().map(|row| row.said).collect()
}

/// What is posted in the shop's books, like `FEE 0: 37 EUR to FEES_RECEIVABLE`.
pub async fn posted(shop: &Shopping) -> Vec<String> {
    let sql = format!(
        "SELECT kind || ' ' || number || ': ' || amount || ' ' || unit || ' to ' || debit_account AS said
         FROM ledger_postings WHERE tenant_id = '{}' ORDER BY occurred_at, order_id, kind DESC, number",
        shop.store.tenant
    );
    said(shop, &sql).await
}

pub async fn drain(shop: &Shopping) {
    worker::drain(&shop.app.app).await.expect("the worker");
}

/// What the platform takes of a month's orders.
pub async fn fees(shop: &Shopping, period: &str) -> Value {
    let query = "query ($period: String) { usage(period: $period) {
        fees { currencyCode charged { amount } reversed { amount } total { amount } } } }";
    shop.app.gql(&shop.store.secret, query, json!({ "period": period })).await["usage"]["fees"].take()
}

fn in_euros([charged, reversed, total]: [&str; 3]) -> Value {
    let amount = |amount: &str| json!({ "amount": amount });
    json!([{ "currencyCode": "EUR", "charged": amount(charged), "reversed": amount(reversed), "total": amount(total) }])
}

const USAGE: &str = "USAGE 0: 1 ORDER to ORDERS_USED";
// 24.90 with its delivery: 12.45 cents and 25.
const FEE: &str = "FEE 0: 37 EUR to FEES_RECEIVABLE";

/// How many orders are in the books once and wholly, and how many rows there are in all.
async fn whole(shop: &Shopping) -> (i64, i64) {
    let mut admin = admin(&shop.app.db.name).await;
    let once = "SELECT count(*) AS n FROM (SELECT FROM ledger_postings GROUP BY tenant_id, order_id
        HAVING count(*) = 2 AND count(*) FILTER (WHERE kind = 'USAGE' AND amount = 1) = 1
            AND count(*) FILTER (WHERE kind = 'FEE' AND amount = 37) = 1) once";
    (count(&mut admin, once).await, count(&mut admin, "SELECT count(*) AS n FROM ledger_postings").await)
}

#[tokio::test]
async fn an_order_is_posted_once_however_often_its_event_is_published() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 10).await;
    let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    assert_eq!(posted(&shop).await, Vec::<String>::new(), "nothing before the event is published");
    drain(&shop).await;
    assert_eq!(posted(&shop).await, [USAGE, FEE]);
    let terms =
        "SELECT platform_fee_minor || ' = ' || platform_fee_basis_points || ' + ' || platform_fee_fixed_minor AS said
        FROM orders";
    assert_eq!(said(&shop, terms).await, ["37 = 50 + 25"]);
    let caused = "SELECT e.topic || ' ' || e.subject_id AS said FROM ledger_postings p
        JOIN events e ON (e.tenant_id, e.id) = (p.tenant_id, p.event_id) AND e.subject_id = p.order_id";
    let cause = format!("ORDERS_CREATE {order}");
    assert_eq!(said(&shop, caused).await, [cause.clone(), cause]);
    let again = "UPDATE events SET position = NULL, published_at = NULL; UPDATE event_positions SET last_position = 0";
    admin(&shop.app.db.name).await.batch_execute(again).await.expect("unpublished events");
    append(&shop.app.app, &shop.store, &[Topic::OrdersCreate, Topic::OrdersCancelled, Topic::OrdersPaid]).await;
    drain(&shop).await;
    assert_eq!(posted(&shop).await, [USAGE, FEE], "nor is anything posted for an order that is not there");
}

#[tokio::test]
async fn a_cancelled_orders_fee_is_given_back_in_the_month_of_its_cancellation() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 10).await;
    let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    drain(&shop).await;
    assert_eq!(fees(&shop, "2026-06").await, in_euros(["0.74", "0.00", "0.74"]));
    shop.app.clock.advance(TimeDelta::days(31));
    assert_eq!(fees(&shop, "2026-07").await, json!([]));
    shop.cancel(order).await;
    drain(&shop).await;
    assert_eq!(posted(&shop).await, [USAGE, FEE, USAGE, FEE, "FEE_REVERSAL 0: 37 EUR to FEE_REVENUE"]);
    assert_eq!(fees(&shop, "2026-06").await, in_euros(["0.74", "0.00", "0.74"]), "a month that is over stays");
    assert_eq!(fees(&shop, "2026-07").await, in_euros(["0.00", "0.37", "-0.37"]));
}

#[tokio::test]
async fn an_order_and_its_cancellation_that_are_published_together_are_both_posted() {
    let shop = Shopping::in_currency(Currency::JPY).await;
    shop.on_sale(1, 2000, 10).await;
    let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    shop.cancel(order).await;
    drain(&shop).await;
    let expected = [USAGE, "FEE 0: 37 JPY to FEES_RECEIVABLE", "FEE_REVERSAL 0: 37 JPY to FEE_REVENUE"];
    assert_eq!(posted(&shop).await, expected, "in the order's currency");
}

#[tokio::test]
async fn the_fee_is_by_the_terms_under_which_the_buyer_checked_out() {
    let shop = Shopping::new().await;
    let app = &shop.app.app;
    shop.on_sale(1, 2000, 10).await;
    let cart = shop.cart(&[(1, 1)]).await;
    let pending = shop.complete(&shop.wish(&cart, "bogus", Some("timeout-then-approved"), "1")).await;
    assert!(pending.expect("a free key").is_err(), "nobody knows yet whether it is paid");
    let pro = plan_by_handle(&app.db, "pro").await.expect("plans").expect("a plan");
    let draft = PlanDraft { fee: Some(Fee { basis_points: 10_000, minor: 1_000_000 }), ..PlanDraft::default() };
    plan_update(app, pro.id, &draft).await.expect("a dearer plan");
    shop.app.clock.advance(TimeDelta::seconds(11));
    drain(&shop).await;
    assert_eq!(posted(&shop).await, [USAGE, FEE], "as it was when it was checked out");
    shop.app.clock.advance(TimeDelta::seconds(1));
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    drain(&shop).await;
    let dear = "FEE 0: 2490 EUR to FEES_RECEIVABLE";
    assert_eq!(posted(&shop).await, [USAGE, FEE, USAGE, dear], "no more than the order comes to");
}

#[tokio::test]
async fn what_is_posted_cannot_be_changed_or_taken_away() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 10).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    drain(&shop).await;
    let mut conn = AsyncPgConnection::establish(&shop.app.db.url("emporia_app")).await.expect("the application");
    let tenant = format!("SET app.tenant_id = '{}'", shop.store.tenant);
    conn.batch_execute(&tenant).await.expect(&tenant);
    for sql in ["UPDATE ledger_postings SET amount = 1", "DELETE FROM ledger_postings", "TRUNCATE ledger_postings"] {
        let refused = conn.batch_execute(sql).await.expect_err(sql).to_string();
        assert!(refused.contains("permission denied"), "{sql}: {refused}");
    }
    // What would make the books false by itself is refused to everybody.
    let mut admin = admin(&shop.app.db.name).await;
    for change in ["amount = 0", "credit_account = debit_account", "debit_account = 'ORDERS_USED'", "unit = 'ORDER'"] {
        let sql = format!("UPDATE ledger_postings SET {change} WHERE kind = 'FEE'");
        let refused = admin.batch_execute(&sql).await.expect_err(&sql).to_string();
        assert!(refused.contains("check constraint"), "{sql}: {refused}");
    }
    let swapped = "UPDATE ledger_postings SET debit_account = credit_account, credit_account = debit_account";
    let refused = admin.batch_execute(swapped).await.expect_err(swapped).to_string();
    assert!(refused.contains("ledger_postings_direction"), "{refused}");
}

#[tokio::test]
async fn a_crash_at_any_await_of_the_worker_posts_every_order_once() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 1000).await;
    let mut admin_conn = admin(&shop.app.db.name).await;
    let mut orders = 0;
    for polls in 1.. {
        shop.buy(&shop.cart(&[(1, 1)]).await).await;
        orders += 1;
        let finished = dropped_after(polls, worker::drain(&shop.app.app)).await;
        settled(&shop.app.db.name).await;
        leases_end(&mut admin_conn).await;
        if finished {
            break;
        }
    }
    for _ in 0..3 {
        drain(&shop).await;
        leases_end(&mut admin_conn).await;
    }
    assert_eq!(whole(&shop).await, (orders, 2 * orders));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_at_once_post_every_order_once() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 100).await;
    let options = worker::Options { poll: std::time::Duration::from_millis(5), ..worker::Options::default() };
    let shutdown = CancellationToken::new();
    let workers = [another(&shop.app, 2, &[]), another(&shop.app, 3, &[])];
    let running = workers.map(|app| tokio::spawn(worker::run_with(app, options, shutdown.clone())));
    for _ in 0..20 {
        shop.buy(&shop.cart(&[(1, 1)]).await).await;
    }
    eventually("all is posted", async || (whole(&shop).await.0 == 20).then_some(())).await;
    shutdown.cancel();
    for worker in running {
        worker.await.expect("the worker").expect("a clean end");
    }
    drain(&shop).await;
    assert_eq!(whole(&shop).await, (20, 40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_while_it_posts_loses_no_order_and_takes_no_fee_twice() {
    let shop = Shopping::new().await;
    // The processes go by the real time.
    shop.app.clock.advance(SystemClock.now() - start());
    shop.on_sale(1, 2000, 100).await;
    for _ in 0..5 {
        shop.buy(&shop.cart(&[(1, 1)]).await).await;
    }
    let database = shop.app.db.name.as_str();
    let (app, platform, redis) = (shop.app.db.url("emporia_app"), shop.app.db.url("emporia_platform"), redis_url());
    let settings = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("REDIS_URL", &redis)];
    for _ in 0..2 {
        // It is in the middle of posting when it dies.
        let mut held = Uncommitted::begin(database, "LOCK TABLE ledger_postings IN SHARE MODE").await;
        let worker = Process::worker(&settings);
        eventually("it posts", || waiting(&shop.app)).await;
        worker.kill();
        held.commit().await;
        drop(held);
        settled(database).await;
        assert_eq!(whole(&shop).await, (0, 0), "the positions that it gave went with it");
        leases_end(&mut admin(database).await).await;
    }
    let _worker = Process::worker(&settings);
    eventually("all is posted", async || (whole(&shop).await.0 == 5).then_some(())).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    eventually("and what came later", async || (whole(&shop).await.0 == 6).then_some(())).await;
    assert_eq!(whole(&shop).await, (6, 12));
}

const LIST: &str = "query ($period: String, $after: String) { ledgerPostings(first: 2, period: $period, after: $after) {
    nodes { id kind isCorrection debitAccount creditAccount amount { amount currencyCode } orders order { name } occurredAt }
    pageInfo { hasNextPage endCursor } } }";

#[tokio::test]
async fn postings_are_listed_by_when_they_happened() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 10).await;
    let first = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    shop.app.clock.advance(TimeDelta::days(31));
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    shop.app.clock.advance(TimeDelta::minutes(1));
    shop.cancel(first).await;
    drain(&shop).await;
    let list =
        async |variables: Value| shop.app.gql(&shop.store.secret, LIST, variables).await["ledgerPostings"].take();
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut page = list(json!({ "after": after })).await;
        all.append(page["nodes"].as_array_mut().expect("postings"));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
    let told = |posting: &Value| format!("{} {}", posting["kind"], posting["order"]["name"]).replace('"', "");
    let mut told: Vec<String> = all.iter().map(told).collect();
    told[..2].sort_unstable();
    told[2..4].sort_unstable();
    assert_eq!(told, ["FEE #1001", "USAGE #1001", "FEE #1002", "USAGE #1002", "FEE_REVERSAL #1001"]);
    let last = &all[4];
    assert_eq!(
        (&last["amount"], &last["orders"], &last["isCorrection"], &last["occurredAt"]),
        (
            &json!({ "amount": "0.37", "currencyCode": "EUR" }),
            &Value::Null,
            &json!(false),
            &json!("2026-07-02T12:01:00Z")
        )
    );
    assert_eq!((&last["debitAccount"], &last["creditAccount"]), (&json!("FEE_REVENUE"), &json!("FEES_RECEIVABLE")));
    let usage = all.iter().find(|posting| posting["kind"] == "USAGE").expect("usage");
    assert_eq!((&usage["amount"], &usage["orders"]), (&Value::Null, &json!(1)));
    let june = list(json!({ "period": "2026-06" })).await;
    assert_eq!((june["nodes"].as_array().map(Vec::len), &june["pageInfo"]["hasNextPage"]), (Some(2), &json!(false)));
    let node = "query ($id: ID!) { node(id: $id) { ... on LedgerPosting { kind postedAt } } }";
    let found = shop.app.gql(&shop.store.secret, node, json!({ "id": last["id"] })).await;
    assert_eq!(found["node"], json!({ "kind": "FEE_REVERSAL", "postedAt": "2026-07-02T12:01:00Z" }));
    let unseen = shop.app.gql(&shop.store.publishable, node, json!({ "id": last["id"] })).await;
    assert_eq!(unseen["node"], Value::Null);
    let (_, bad) = shop.app.post(&shop.store.secret, LIST, json!({ "period": "2026-13" })).await;
    assert_eq!(bad["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn an_orders_fee_is_shown_to_who_may_see_what_the_shop_pays() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 10).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    let query = "{ orders(first: 1) { nodes { name platformFee { amount } } } }";
    let shown = shop.app.gql(&shop.store.secret, query, json!({})).await;
    assert_eq!(shown["orders"]["nodes"], json!([{ "name": "#1001", "platformFee": { "amount": "0.37" } }]));
    let create = r#"mutation { apiKeyCreate(input: { kind: SECRET, name: "Orders", accessScopes: ["read_orders"] }) {
        key } }"#;
    let key = shop.app.gql(&shop.store.secret, create, json!({})).await["apiKeyCreate"]["key"].take();
    let hidden = shop.app.gql(key.as_str().expect("a key"), query, json!({})).await;
    assert_eq!(hidden["orders"]["nodes"], json!([{ "name": "#1001", "platformFee": null }]));
}
