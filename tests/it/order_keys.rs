//! Changes of orders under an idempotency key: once, however often they are sent or broken off.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::db::schema::{fulfillments, order_lines};
use emporia::error::{Fault, ServiceError};
use emporia::order::model::{SendLine, Tracking};
use emporia::order::rule::OrderRule;
use emporia::order::service::{Sending, fulfillment_create};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::order::{COMPLETE, cart_id, complete, merchant, order_id, shop};
use crate::support::{Shopping, dropped_after, settled};

/// Drops the mutation after one poll, two polls, …; whether or not it had committed, the client's second try under
/// the same key leaves one parcel.
#[tokio::test]
async fn a_crash_at_any_await_leaves_one_parcel_under_one_key() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 1000).await;
    for polls in 1..100 {
        let order = shop.buy(&shop.cart(&[(1, 3)]).await).await;
        let sent: Vec<Uuid> = lines_of(&shop, order).await;
        let line = SendLine { line_id: Some(sent[0]), quantity: 1, field: Vec::new() };
        let sending = Sending { order_id: Some(order), lines: Some(vec![line]), tracking: Tracking::default() };
        let desk = shop.order_desk(Some(&format!("k{polls}")));
        let finished = dropped_after(polls, fulfillment_create(&desk, &sending)).await;
        settled(&shop.app.db.name).await;
        let again = fulfillment_create(&desk, &sending).await.expect("the same input").expect("a parcel");
        let read: Result<Vec<Uuid>, Fault> = shop
            .db
            .read(async |conn| {
                let of_order = fulfillments::table.filter(fulfillments::tenant_id.eq(conn.tenant()));
                let of_order = of_order.filter(fulfillments::order_id.eq(order));
                Ok(of_order.select(fulfillments::id).load(conn).await?)
            })
            .await;
        assert_eq!(read.expect("parcels"), [again.1], "after {polls} poll(s)");
        if finished {
            assert!(polls > 5, "finished at poll {polls}: too few awaits to drop at");
            return;
        }
    }
    panic!("the mutation never finished");
}

async fn lines_of(shop: &Shopping, order: Uuid) -> Vec<Uuid> {
    let read: Result<Vec<Uuid>, Fault> = shop
        .db
        .read(async |conn| {
            let of_order = order_lines::table.filter(order_lines::tenant_id.eq(conn.tenant()));
            Ok(of_order.filter(order_lines::order_id.eq(order)).select(order_lines::id).load(conn).await?)
        })
        .await;
    read.expect("lines")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_changes_at_once_under_one_key_one_happens_and_all_are_answered_alike() {
    let shop = shop().await;
    let order = shop.buy(&shop.cart(&[(1, 3)]).await).await;
    let sending = Sending { order_id: Some(order), lines: None, tracking: Tracking::default() };
    let desk = shop.order_desk(Some("k"));
    let answers = join_all((0..10).map(|_| fulfillment_create(&desk, &sending))).await;
    let ids: Vec<(Uuid, Uuid)> =
        answers.into_iter().map(|answer| answer.expect("the same input").expect("a parcel")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    // A refusal is an outcome, too, and stays what it was when the reason has gone.
    let refused = shop.order_desk(Some("other"));
    for _ in 0..2 {
        let answer = fulfillment_create(&refused, &sending).await.expect("the same input");
        assert!(matches!(answer, Err(ServiceError::Rule(OrderRule::NothingToFulfill))), "{answer:?}");
    }
    assert_eq!(shop.keys().await, 3, "the checkout's, the change's and the refusal's");
}

#[tokio::test]
async fn the_same_key_with_another_input_is_a_conflict() {
    let shop = shop().await;
    let cart = shop.cart(&[(1, 2)]).await;
    complete(&shop, &cart, json!({ "gateway": "manual" }), "k1").await;
    let variables = json!({ "cart": cart_id(&cart), "payment": { "gateway": "bogus" }, "key": "k1" });
    let body = json!({ "query": COMPLETE, "variables": variables });
    assert_eq!(shop.app.post_json(&shop.store.publishable, &body, &[]).await.code(), "CONFLICT");
    // Another cart may use the same key: shoppers share one publishable key.
    let other = shop.cart(&[(1, 1)]).await;
    let done = complete(&shop, &other, json!({ "gateway": "manual" }), "k1").await;
    assert_eq!(done["order"]["name"], "#1002");
}

#[tokio::test]
async fn a_merchants_mutation_under_a_key_happens_once() {
    let shop = shop().await;
    let order = order_id(shop.buy(&shop.cart(&[(1, 2)]).await).await);
    let send = "mutation($id: ID!) { fulfillmentCreate(fulfillment: { trackingInfo: { number: \"1\" },
        lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: $id }] }) @idempotent(key: \"k\") {
            fulfillment { id totalQuantity } userErrors { code } } }";
    let first = merchant(&shop, send, json!({ "id": order })).await;
    let second = merchant(&shop, send, json!({ "id": order })).await;
    assert_eq!(first["fulfillmentCreate"]["fulfillment"]["totalQuantity"], 2);
    assert_eq!(first, second);
    let other = send.replace("\"1\"", "\"2\"");
    let body = json!({ "query": other, "variables": { "id": order } });
    assert_eq!(shop.app.post_json(&shop.store.secret, &body, &[]).await.code(), "CONFLICT");
}
