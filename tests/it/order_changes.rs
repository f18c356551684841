//! Changes of one order at once: one after another, whatever the clocks say.
//!
//! Somebody else's transaction holds the order until all changes have come as far as they get: that they then go on
//! one by one is what is to be seen, and not who was lucky.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::db::schema::{fulfillments, order_lines, order_status_history as history, orders};
use emporia::error::{Fault, ServiceError};
use emporia::order::model::{CancelReason, MAX_FULFILLMENTS, SendLine, Tracking};
use emporia::order::rule::{OrderErrorCode, OrderRule};
use emporia::order::service::{
    Cancellation, Desk, Once, Sending, fulfillment_create, order_cancel, order_mark_as_paid,
};
use futures_util::future::{join, join_all};
use uuid::Uuid;

use crate::support::{Shopping, Uncommitted, admin, eventually, start, waiting};

/// A shop that has sold three of its ten mugs, and that order.
async fn sold() -> (Shopping, Uuid) {
    let shop = Shopping::with(&[("DATABASE_POOL_SIZE", "12")]).await;
    shop.on_sale(1, 1000, 10).await;
    let order = shop.buy(&shop.cart(&[(1, 3)]).await).await;
    assert_eq!(shop.stock(1).await, 7);
    (shop, order)
}

/// Somebody who holds the order.
async fn holder(shop: &Shopping, order: Uuid) -> Uncommitted {
    Uncommitted::begin(&shop.app.db.name, &format!("SELECT 1 FROM orders WHERE id = '{order}' FOR UPDATE")).await
}

async fn cancel(desk: &Desk, order: Uuid) -> Option<OrderErrorCode> {
    let wish = Cancellation { reason: CancelReason::Other, restock: true, refund: false, staff_note: None };
    code(order_cancel(desk, Some(order), &wish).await)
}

async fn send(desk: &Desk, order: Uuid, lines: Option<Vec<SendLine>>) -> Option<OrderErrorCode> {
    let sending = Sending { order_id: Some(order), lines, tracking: Tracking::default() };
    code(fulfillment_create(desk, &sending).await)
}

/// Why it was refused; none: it was done.
fn code<T>(answer: Once<T>) -> Option<OrderErrorCode> {
    match answer.expect("no key") {
        Ok(_) => None,
        Err(ServiceError::Rule(rule)) => Some(OrderRule::code(&rule)),
        Err(ServiceError::Fault(fault)) => panic!("{fault}"),
    }
}

/// The order's history: kinds and times.
async fn told(shop: &Shopping, order: Uuid) -> Vec<(String, DateTime<Utc>)> {
    let read: Result<_, Fault> = shop
        .db
        .read(async |conn| {
            let own = history::table.filter(history::tenant_id.eq(conn.tenant())).filter(history::order_id.eq(order));
            Ok(own
                .order((history::created_at, history::id))
                .select((history::kind, history::created_at))
                .load(conn)
                .await?)
        })
        .await;
    read.expect("a history")
}

async fn updated_at(shop: &Shopping, order: Uuid) -> DateTime<Utc> {
    let read: Result<_, Fault> = shop
        .db
        .read(async |conn| {
            let own = orders::table.filter(orders::tenant_id.eq(conn.tenant())).filter(orders::id.eq(order));
            Ok(own.select(orders::updated_at).first(conn).await?)
        })
        .await;
    read.expect("an order")
}

#[tokio::test]
async fn of_many_cancellations_at_once_one_puts_the_units_back() {
    let (shop, order) = sold().await;
    let held = holder(&shop, order).await;
    let desk = shop.order_desk(None);
    let (mut codes, ()) = join(join_all((0..5).map(|_| cancel(&desk, order))), held.finish_when_waited_for_by(5)).await;
    codes.sort_by_key(Option::is_some);
    assert_eq!((codes[0], &codes[1..]), (None, &[Some(OrderErrorCode::AlreadyCancelled); 4][..]));
    assert_eq!(shop.stock(1).await, 10);
}

#[tokio::test]
async fn an_order_is_cancelled_or_sent_and_never_both() {
    let (shop, order) = sold().await;
    let held = holder(&shop, order).await;
    let desk = shop.order_desk(None);
    let both = join(cancel(&desk, order), send(&desk, order, None));
    let (codes, ()) = join(both, held.finish_when_waited_for_by(2)).await;
    match codes {
        (None, Some(OrderErrorCode::AlreadyCancelled)) => assert_eq!(shop.stock(1).await, 10),
        (Some(OrderErrorCode::AlreadyFulfilled), None) => assert_eq!(shop.stock(1).await, 7),
        codes => panic!("{codes:?}"),
    }
}

#[tokio::test]
async fn what_is_sent_by_several_at_once_is_sent_once() {
    let (shop, order) = sold().await;
    let held = holder(&shop, order).await;
    let desk = shop.order_desk(None);
    let sending = join_all((0..5).map(|_| send(&desk, order, None)));
    let (mut codes, ()) = join(sending, held.finish_when_waited_for_by(5)).await;
    codes.sort_by_key(Option::is_some);
    assert_eq!((codes[0], &codes[1..]), (None, &[Some(OrderErrorCode::NothingToFulfill); 4][..]));
    let read: Result<(i64, Vec<i32>), Fault> = shop
        .db
        .read(async |conn| {
            let parcels = fulfillments::table.filter(fulfillments::tenant_id.eq(conn.tenant())).count();
            let lines = order_lines::table.filter(order_lines::tenant_id.eq(conn.tenant()));
            Ok((parcels.get_result(conn).await?, lines.select(order_lines::fulfilled).load(conn).await?))
        })
        .await;
    assert_eq!(read.expect("what was sent"), (1, vec![3]));
}

#[tokio::test]
async fn a_change_happens_when_it_has_the_order_and_not_when_it_was_asked_for() {
    let (shop, order) = sold().await;
    let held = holder(&shop, order).await;
    let desk = shop.order_desk(None);
    let later = async {
        eventually("the cancellation waits", || waiting(&shop.app)).await;
        shop.app.clock.advance(TimeDelta::minutes(1));
        held.finish_when_waited_for().await;
    };
    let (refused, ()) = join(cancel(&desk, order), later).await;
    assert_eq!(refused, None);
    let at = start() + TimeDelta::minutes(1);
    assert_eq!(told(&shop, order).await, [("CREATED".to_owned(), start()), ("CANCELLED".to_owned(), at)]);
    assert_eq!(updated_at(&shop, order).await, at);
}

#[tokio::test]
async fn a_process_whose_clock_is_behind_does_not_write_history_before_what_happened() {
    let (shop, order) = sold().await;
    let desk = shop.order_desk(None);
    shop.app.clock.advance(TimeDelta::seconds(5));
    assert_eq!(code(order_mark_as_paid(&desk, Some(order)).await), None);
    shop.app.clock.advance(TimeDelta::seconds(-10));
    assert_eq!(cancel(&desk, order).await, None);
    let told = told(&shop, order).await;
    assert_eq!(told.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["CREATED", "PAID", "CANCELLED"]);
    assert!(told[1].1 < told[2].1, "{told:?}");
    assert_eq!(updated_at(&shop, order).await, told[2].1);
}

#[tokio::test]
async fn the_last_fulfillment_that_an_order_may_have_holds_all_that_is_left() {
    let (shop, order) = sold().await;
    let desk = shop.order_desk(None);
    let lines: Result<Vec<Uuid>, Fault> = shop
        .db
        .read(async |conn| {
            let own = order_lines::table.filter(order_lines::tenant_id.eq(conn.tenant()));
            Ok(own.select(order_lines::id).load(conn).await?)
        })
        .await;
    let line_id = Some(lines.expect("lines")[0]);
    let one = || Some(vec![SendLine { line_id, quantity: 1, field: Vec::new() }]);
    assert_eq!(send(&desk, order, one()).await, None);
    let sql = format!(
        "INSERT INTO fulfillments (tenant_id, order_id, id, created_at, updated_at)
         SELECT tenant_id, order_id, gen_random_uuid(), created_at, updated_at
           FROM fulfillments, generate_series(1, {}) WHERE order_id = '{order}'",
        MAX_FULFILLMENTS - 2
    );
    diesel::sql_query(&sql).execute(&mut admin(&shop.app.db.name).await).await.expect(&sql);
    assert_eq!(send(&desk, order, one()).await, Some(OrderErrorCode::LastFulfillment));
    assert_eq!(send(&desk, order, None).await, None, "the rest");
    assert_eq!(send(&desk, order, None).await, Some(OrderErrorCode::NothingToFulfill));
}
