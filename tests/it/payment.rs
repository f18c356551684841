//! Payments whose gateway is slow, late, silent or gone.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::checkout::rule::CheckoutRule;
use emporia::checkout::service::{MAX_TRIES, Resolution, complete, payment_resolve, payments_undecided, settle_due};
use emporia::db::schema::{payment_attempts, stock_reservations};
use emporia::error::{Fault, ServiceError};
use emporia::ids::GidNamespace;
use emporia::inventory::model::{MAX_UNITS, StockChange};
use emporia::inventory::service::adjust_in_tx;
use emporia::worker;
use futures_util::future::join_all;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Shopping, TestGateway, admin, dropped_after, eventually, settled, start, variant};

/// A shop with 10 mugs and a gateway that does as it is told.
async fn shop(settings: &[(&str, &str)]) -> (Shopping, Arc<TestGateway>) {
    let mut shop = Shopping::with(settings).await;
    shop.on_sale(1, 1000, 10).await;
    let gateway = TestGateway::new(&shop.app.db.name);
    let app = &mut Arc::get_mut(&mut shop.app).expect("nobody else's").app;
    app.payments = app.payments.with(gateway.clone());
    (shop, gateway)
}

fn rules<T>(result: Result<T, ServiceError<Vec<CheckoutRule>>>) -> Vec<CheckoutRule> {
    match result {
        Err(ServiceError::Rule(rules)) => rules,
        Err(ServiceError::Fault(fault)) => panic!("{fault}"),
        Ok(_) => panic!("it went through"),
    }
}

/// Reserves three mugs for a payment of which nobody knows the end; answers the order that it would become.
async fn pending(shop: &Shopping, number: u128, token: &str) {
    let cart = shop.cart(&[(number, 3)]).await;
    let answer = shop.complete(&shop.wish(&cart, "bogus", Some(token), "1")).await.expect("a free key");
    assert_eq!(rules(answer), [CheckoutRule::PaymentPending]);
}

async fn run_sql(shop: &Shopping, sql: &str) {
    diesel::sql_query(sql).execute(&mut admin(&shop.app.db.name).await).await.expect(sql);
}

/// What is reserved, and for how many attempts.
async fn reserved(shop: &Shopping) -> Vec<i32> {
    let read: Result<Vec<i32>, Fault> = shop
        .db
        .read(async |conn| {
            let own = stock_reservations::table.filter(stock_reservations::tenant_id.eq(conn.tenant()));
            Ok(own.select(stock_reservations::quantity).load(conn).await?)
        })
        .await;
    read.expect("reservations")
}

#[tokio::test]
async fn the_gateway_is_called_while_no_transaction_is_open() {
    let (shop, gateway) = shop(&[]).await;
    gateway.approvals.add_permits(1);
    let cart = shop.cart(&[(1, 1)]).await;
    shop.complete(&shop.wish(&cart, "test", None, "1")).await.expect("a free key").expect("an order");
    pending(&shop, 1, "timeout").await;
    run_sql(&shop, "UPDATE payment_attempts SET gateway = 'test' WHERE status = 'UNKNOWN'").await;
    shop.app.clock.advance(TimeDelta::seconds(11));
    shop.run_job().await;
    assert_eq!(gateway.voided.lock().unwrap().len(), 1, "queried and voided");
    assert_eq!((*gateway.begun.borrow(), *gateway.open.lock().unwrap()), (1, 0));
}

#[tokio::test]
async fn what_a_document_has_read_before_is_not_open_while_the_gateway_is_called() {
    let (shop, gateway) = shop(&[]).await;
    gateway.approvals.add_permits(1);
    let cart = shop.cart(&[(1, 1)]).await.gid(GidNamespace::Emporia);
    let query = "mutation($cart: ID!) {
        cartNoteUpdate(cartId: $cart, note: \"Ring twice.\") { cart { checkoutUrl } }
        checkoutComplete(cartId: $cart, payment: { gateway: \"test\" }) @idempotent(key: \"k\") { order { name } } }";
    let done = shop.app.gql(&shop.store.publishable, query, json!({ "cart": cart })).await;
    assert!(done["cartNoteUpdate"]["cart"]["checkoutUrl"].is_string(), "{done}");
    assert_eq!(done["checkoutComplete"]["order"]["name"], "#1001");
    assert_eq!((*gateway.begun.borrow(), *gateway.open.lock().unwrap()), (1, 0));
}

#[tokio::test]
async fn a_gateway_that_hangs_is_waited_for_only_so_long() {
    let (shop, _gateway) = shop(&[("PAYMENT_TIMEOUT_MS", "50")]).await;
    let cart = shop.cart(&[(1, 3)]).await;
    let answer = shop.complete(&shop.wish(&cart, "test", None, "1")).await.expect("a free key");
    assert_eq!(rules(answer), [CheckoutRule::PaymentPending]);
    assert_eq!((shop.stock(1).await, shop.attempts("UNKNOWN").await), (7, 1));
}

#[tokio::test]
async fn a_reservation_is_a_row_until_the_payment_ends() {
    let (shop, _) = shop(&[]).await;
    assert_eq!(reserved(&shop).await, Vec::<i32>::new());
    for (token, left) in [("timeout-then-approved", 7), ("timeout-then-declined", 7)] {
        pending(&shop, 1, token).await;
        assert_eq!(reserved(&shop).await, [3], "{token}");
        shop.app.clock.advance(TimeDelta::seconds(11));
        shop.run_job().await;
        assert_eq!((reserved(&shop).await, shop.stock(1).await), (Vec::new(), left), "{token}");
    }
}

#[tokio::test]
async fn the_worker_is_rung_for_a_payment_that_is_overdue() {
    let (shop, _) = shop(&[]).await;
    pending(&shop, 1, "timeout-then-approved").await;
    worker::drain(&shop.app.app).await.expect("the worker");
    assert_eq!(shop.numbers().await, Vec::<i32>::new(), "not yet due");
    shop.app.clock.advance(TimeDelta::seconds(11));
    worker::drain(&shop.app.app).await.expect("the worker");
    assert_eq!(shop.numbers().await, [1001]);
}

#[tokio::test]
async fn units_of_a_variant_that_is_gone_or_full_do_not_keep_a_payment_from_ending() {
    let (shop, _) = shop(&[]).await;
    shop.on_sale(2, 1000, 10).await;
    pending(&shop, 1, "timeout-then-declined").await;
    pending(&shop, 2, "timeout-then-declined").await;
    let gone = format!("DELETE FROM products WHERE id = '{}'", variant(1));
    run_sql(&shop, &gone).await;
    let (entropy, location_id) = (shop.app.app.entropy.clone(), shop.location);
    let fill = StockChange { variant_id: variant(2), location_id, delta: MAX_UNITS - 7 };
    let filled: Result<(), Fault> = shop
        .db
        .write(async |tx| {
            adjust_in_tx(tx, start(), &entropy, "test", "received", None, &[fill]).await.expect("stock");
            Ok(())
        })
        .await;
    filled.expect("a full level");
    shop.app.clock.advance(TimeDelta::seconds(11));
    shop.run_job().await;
    assert_eq!((shop.attempts("DECLINED").await, shop.stock(2).await), (2, MAX_UNITS));
}

#[tokio::test]
async fn a_payment_that_cannot_be_settled_does_not_keep_the_others_from_it() {
    let (shop, _) = shop(&[]).await;
    shop.on_sale(2, 1000, 10).await;
    pending(&shop, 1, "timeout-then-declined").await;
    shop.app.clock.advance(TimeDelta::seconds(1));
    pending(&shop, 2, "timeout-then-declined").await;
    run_sql(
        &shop,
        "UPDATE payment_attempts SET draft = '{}' WHERE due_at = (SELECT min(due_at) FROM payment_attempts)",
    )
    .await;
    shop.app.clock.advance(TimeDelta::seconds(11));
    shop.run_job().await;
    assert_eq!((shop.stock(1).await, shop.stock(2).await), (7, 10));
    assert_eq!((shop.attempts("UNKNOWN").await, shop.attempts("DECLINED").await), (1, 1));
    let left = payments_undecided(&shop.db).await.expect("a list");
    assert_eq!(left[0].tries, 2, "put off");
}

#[tokio::test]
async fn money_that_was_taken_too_late_is_given_back() {
    for voids_at_once in [true, false] {
        let (shop, gateway) = shop(&[]).await;
        let cart = shop.cart(&[(1, 3)]).await;
        let (till, wish) = (shop.till(), shop.wish(&cart, "test", None, "1"));
        let charging = tokio::spawn(async move { complete(&till, &wish).await });
        gateway.wait_for(1).await;
        shop.app.clock.advance(TimeDelta::minutes(3));
        shop.run_job().await;
        assert_eq!((shop.attempts("DECLINED").await, shop.stock(1).await), (1, 10), "given up");

        *gateway.voids.lock().unwrap() = voids_at_once;
        gateway.approvals.add_permits(1);
        let answer = charging.await.expect("a task").expect("a free key");
        assert!(matches!(rules(answer)[..], [CheckoutRule::PaymentDeclined { .. }]));
        if !voids_at_once {
            assert_eq!(shop.attempts("VOIDING").await, 1);
            *gateway.voids.lock().unwrap() = true;
            shop.app.clock.advance(TimeDelta::seconds(11));
            worker::drain(&shop.app.app).await.expect("the worker");
        }
        assert_eq!(gateway.voided.lock().unwrap().len(), 2, "once when it was given up, once when it came");
        assert_eq!((shop.attempts("DECLINED").await, shop.attempts("VOIDING").await), (1, 0));
        assert_eq!((shop.stock(1).await, shop.numbers().await.len()), (10, 0));
    }
}

#[tokio::test]
async fn whoever_waits_for_a_slow_gateway_under_the_same_key_hears_its_answer() {
    let (shop, gateway) = shop(&[("DATABASE_POOL_SIZE", "2")]).await;
    let cart = shop.cart(&[(1, 3)]).await;
    let wish = shop.wish(&cart, "test", None, "1");
    let ask = || {
        let (till, wish) = (shop.till(), wish.clone());
        tokio::spawn(async move { complete(&till, &wish).await })
    };
    let first = ask();
    gateway.wait_for(1).await;
    let others: Vec<_> = (0..20).map(|_| ask()).collect();
    assert_eq!(shop.stock(1).await, 7, "the pool of two is free for others");
    gateway.approvals.add_permits(1);
    let order = first.await.expect("a task").expect("a free key").expect("an order");
    for other in join_all(others).await {
        assert_eq!(other.expect("a task").expect("the same key").expect("an order"), order);
    }
    assert_eq!((*gateway.begun.borrow(), shop.numbers().await), (1, vec![1001]));
}

#[tokio::test]
async fn a_silent_gateway_is_left_to_the_operator_in_the_end() {
    let (shop, _) = shop(&[]).await;
    pending(&shop, 1, "down").await;
    pending(&shop, 1, "down").await;
    // Of a gateway that rests one is asked at a time; the other has not been tried, and is next.
    for _ in 0..2 * MAX_TRIES {
        shop.app.clock.advance(TimeDelta::hours(1));
        shop.run_job().await;
    }
    let undecided = payments_undecided(&shop.db).await.expect("a list");
    assert_eq!(undecided.iter().map(|one| (one.tries, one.due_at)).collect::<Vec<_>>(), [(MAX_TRIES, None); 2]);
    shop.app.clock.advance(TimeDelta::days(30));
    shop.run_job().await;
    assert_eq!((shop.stock(1).await, shop.attempts("UNKNOWN").await), (4, 2), "nobody asks any more");

    let till = shop.till();
    let resolve = async |id: Uuid, paid| payment_resolve(&till, id, paid).await.expect("a decision");
    assert_eq!(resolve(undecided[0].id, false).await, Resolution::Released);
    assert_eq!((shop.stock(1).await, shop.numbers().await.len()), (7, 0));
    assert!(matches!(resolve(undecided[1].id, true).await, Resolution::Ordered(_)));
    assert_eq!((shop.stock(1).await, shop.numbers().await), (7, vec![1001]));
    assert_eq!(resolve(undecided[1].id, false).await, Resolution::NotFound, "it has ended");
    assert!(payments_undecided(&shop.db).await.expect("a list").is_empty());
}

#[tokio::test]
async fn one_tenants_silent_gateway_takes_one_of_the_workers_places() {
    let (shop, gateway) = shop(&[("SHUTDOWN_TIMEOUT_MS", "1")]).await;
    *gateway.says.lock().unwrap() = None;
    pending(&shop, 1, "timeout").await;
    run_sql(&shop, "UPDATE payment_attempts SET gateway = 'test'").await;
    let tenant = shop.store.tenant;
    let due = "INSERT INTO platform.outbox_ready (tenant_id, kind, due_at)
               SELECT $TENANT, 'PAYMENTS', '2026-06-01T12:00:00Z' FROM generate_series(1, $N)";
    let ring = |tenant: &str, n: u32| due.replace("$TENANT", &format!("'{tenant}'")).replace("$N", &n.to_string());
    run_sql(&shop, &ring(&tenant.to_string(), 200)).await;
    // The second tenant's attempt: the first one's, moved; its gateway answers.
    let other = shop.app.store("other").await;
    let copy = format!(
        "INSERT INTO payment_attempts (tenant_id, id, cart_id, order_id, gateway, amount_minor, currency, status, draft, due_at,
            created_at, updated_at)
         SELECT '{}', id, cart_id, order_id, 'bogus', amount_minor, currency, status, draft, due_at, created_at, updated_at
           FROM payment_attempts",
        other.tenant
    );
    run_sql(&shop, &copy).await;
    run_sql(&shop, &ring(&other.tenant.to_string(), 1)).await;
    shop.app.clock.advance(TimeDelta::seconds(11));
    let stop = CancellationToken::new();
    let options = worker::Options { poll: Duration::from_millis(20), ..worker::Options::default() };
    let running = tokio::spawn(worker::run_with(shop.app.app.clone(), options, stop.clone()));
    let db = shop.app.app.db.tenant(other.tenant);
    eventually("the other tenant's payment ends", || async {
        let read: Result<String, Fault> = db
            .read(async |conn| {
                let own = payment_attempts::table.filter(payment_attempts::tenant_id.eq(conn.tenant()));
                Ok(own.select(payment_attempts::status).first(conn).await?)
            })
            .await;
        (read.expect("a status") == "DECLINED").then_some(())
    })
    .await;
    stop.cancel();
    running.await.expect("a task").expect("the worker");
    assert_eq!(shop.attempts("UNKNOWN").await, 1, "the first tenant's gateway is still silent");
}

#[tokio::test]
async fn a_tenant_with_more_overdue_payments_than_one_call_takes_is_seen_to_in_several() {
    let (shop, _) = shop(&[]).await;
    shop.on_sale(2, 100, 1000).await;
    for _ in 0..4 {
        for _ in 0..5 {
            pending(&shop, 2, "timeout-then-approved").await;
        }
        // It answers others, and so it does not rest.
        let declined = shop.wish(&shop.cart(&[(2, 1)]).await, "bogus", Some("decline"), "1");
        assert_eq!(rules(shop.complete(&declined).await.expect("a free key")).len(), 1);
    }
    shop.app.clock.advance(TimeDelta::seconds(11));
    settle_due(&shop.app.app, shop.store.tenant).await.expect("the job");
    assert_eq!(shop.numbers().await.len(), 16);
    worker::drain(&shop.app.app).await.expect("the worker");
    assert_eq!(shop.numbers().await.len(), 20);
}

/// Four payments of three mugs, each of which ends in its own way; the job is dropped after one poll, two polls, …, and
/// runs again: whatever had happened by then, each has ended once.
#[tokio::test]
async fn a_crash_of_the_job_at_any_await_leaves_each_payment_ended_once() {
    let (shop, gateway) = shop(&[]).await;
    shop.on_sale(2, 100, 1000).await;
    for polls in 1..300 {
        for token in ["timeout-then-approved", "timeout-then-declined", "timeout"] {
            pending(&shop, 2, token).await;
        }
        // Approved by its gateway after it had been given up: the money is still to go back.
        let late = shop.cart(&[(2, 3)]).await;
        let declined = shop.complete(&shop.wish(&late, "bogus", Some("decline"), "1")).await.expect("a free key");
        assert!(matches!(rules(declined)[..], [CheckoutRule::PaymentDeclined { .. }]));
        let too_late = format!(
            "UPDATE payment_attempts SET status = 'VOIDING', gateway = 'test', due_at = created_at WHERE cart_id = '{}'",
            late.id
        );
        run_sql(&shop, &too_late).await;

        shop.app.clock.advance(TimeDelta::minutes(3));
        let finished = dropped_after(polls, settle_due(&shop.app.app, shop.store.tenant)).await;
        settled(&shop.app.db.name).await;
        shop.app.clock.advance(TimeDelta::minutes(3));
        shop.run_job().await;
        assert_eq!(shop.numbers().await, (1001..).take(polls).collect::<Vec<_>>(), "after {polls} poll(s)");
        let sold = 3 * i32::try_from(polls).expect("few");
        assert_eq!((shop.stock(2).await, reserved(&shop).await), (1000 - sold, Vec::new()), "after {polls} poll(s)");
        let ended = (shop.attempts("SETTLED").await, shop.attempts("DECLINED").await);
        let polled = i64::try_from(polls).expect("few");
        assert_eq!(ended, (polled, 3 * polled), "after {polls} poll(s)");
        assert!(gateway.voided.lock().unwrap().len() >= polls, "the money has gone back");
        if finished {
            assert!(polls > 5, "finished at poll {polls}: too few awaits to drop at");
            return;
        }
    }
    panic!("the job never finished");
}
