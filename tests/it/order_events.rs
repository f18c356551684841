//! What an order's changes leave in the event log: one event each, however they end.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::events::Topic;
use emporia::order::model::{CancelReason, Tracking};
use emporia::order::service::{Cancellation, Desk, Sending, fulfillment_create, order_cancel, order_mark_as_paid};
use emporia::worker;
use uuid::Uuid;

use crate::events::log;
use crate::support::{Shopping, admin, dropped_after, settled};

/// Whether this holds of the order, and how many events of this topic it has.
async fn state(shop: &Shopping, order: Uuid, changed: &str, topic: Topic) -> (bool, i64) {
    #[derive(QueryableByName)]
    struct State {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        changed: bool,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        events: i64,
    }
    let sql = format!(
        "SELECT {changed} AS changed,
            (SELECT count(*) FROM events WHERE subject_id = '{order}' AND topic = '{}') AS events
           FROM orders WHERE id = '{order}'",
        topic.as_db()
    );
    let mut admin = admin(&shop.app.db.name).await;
    let state: State = diesel::sql_query(&sql).get_result(&mut admin).await.expect(&sql);
    (state.changed, state.events)
}

/// Breaks a change off after one poll, two polls, … until one is finished: the event is there if and only if the
/// change is, and the change made again leaves no second one.
async fn crash_at_every_await(topic: Topic, changed: &str, change: impl AsyncFn(&Desk, Uuid)) {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 1000).await;
    let desk = shop.order_desk(None);
    for (broken_off, polls) in (1..300).enumerate() {
        let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
        let finished = dropped_after(polls, change(&desk, order)).await;
        settled(&shop.app.db.name).await;
        let (is_changed, events) = state(&shop, order, changed, topic).await;
        assert_eq!(events, i64::from(is_changed), "after {polls} poll(s)");
        change(&desk, order).await;
        assert_eq!(state(&shop, order, changed, topic).await, (true, 1), "after {polls} poll(s), and again");
        if finished {
            assert!(broken_off > 3, "it was broken off {broken_off} times");
            return;
        }
    }
    panic!("never finished");
}

#[tokio::test]
async fn a_payment_is_told_if_and_only_if_it_was_noted() {
    let pay = async |desk: &Desk, order| drop(order_mark_as_paid(desk, Some(order)).await);
    crash_at_every_await(Topic::OrdersPaid, "financial_status = 'PAID'", pay).await;
}

#[tokio::test]
async fn a_cancellation_is_told_if_and_only_if_it_happened() {
    let cancel = async |desk: &Desk, order| {
        let wish = Cancellation { reason: CancelReason::Other, restock: true, refund: false, staff_note: None };
        drop(order_cancel(desk, Some(order), &wish).await);
    };
    crash_at_every_await(Topic::OrdersCancelled, "cancelled_at IS NOT NULL", cancel).await;
}

#[tokio::test]
async fn a_fulfillment_is_told_if_and_only_if_it_was_made() {
    let send = async |desk: &Desk, order| {
        let sending = Sending { order_id: Some(order), lines: None, tracking: Tracking::default() };
        drop(fulfillment_create(desk, &sending).await);
    };
    crash_at_every_await(Topic::OrdersFulfilled, "fulfillment_status = 'FULFILLED'", send).await;
}

#[tokio::test]
async fn an_order_that_is_paid_at_once_is_told_as_placed_and_then_as_paid() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let cart = shop.cart(&[(1, 1)]).await;
    let order = shop.complete(&shop.wish(&cart, "bogus", None, "1")).await.expect("a free key").expect("an order");
    worker::drain(&shop.app.app).await.expect("a relay");
    let told: Vec<_> =
        log(&shop.app.app, &shop.store).await.iter().map(|event| (event.topic, event.subject_id)).collect();
    assert_eq!(told, [(Topic::OrdersCreate, order), (Topic::OrdersPaid, order)]);
}
