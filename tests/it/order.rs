//! Orders through the schema: what shoppers get to see, and what merchants do.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::cart::key::CartKey;
use emporia::db::schema::events;
use emporia::error::Fault;
use emporia::ids::GidNamespace;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Shopping, admin, start, variant};

pub const COMPLETE: &str = "mutation($cart: ID!, $payment: CheckoutPaymentInput!, $key: String!) {
    checkoutComplete(cartId: $cart, payment: $payment) @idempotent(key: $key) {
        order { id name totalPrice { amount currencyCode } } orderToken userErrors { field message code } } }";

pub async fn shop() -> Shopping {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    shop.on_sale(2, 250, 10).await;
    shop
}

pub fn cart_id(cart: &CartKey) -> String {
    cart.gid(GidNamespace::Emporia)
}

pub fn order_id(id: Uuid) -> String {
    GidNamespace::Emporia.encode("Order", id)
}

pub async fn complete(shop: &Shopping, cart: &CartKey, payment: Value, key: &str) -> Value {
    let variables = json!({ "cart": cart_id(cart), "payment": payment, "key": key });
    shop.app.gql(&shop.store.publishable, COMPLETE, variables).await["checkoutComplete"].take()
}

pub async fn merchant(shop: &Shopping, query: &str, variables: Value) -> Value {
    shop.app.gql(&shop.store.secret, query, variables).await
}

/// The topics of all events, in their order.
async fn topics(shop: &Shopping) -> Vec<String> {
    let read: Result<Vec<String>, Fault> = shop
        .db
        .read(async |conn| {
            Ok(events::table
                .filter(events::tenant_id.eq(conn.tenant()))
                .order((events::occurred_at, events::id))
                .select(events::topic)
                .load(conn)
                .await?)
        })
        .await;
    let mut topics = read.expect("events");
    topics.sort();
    topics
}

#[tokio::test]
async fn an_order_keeps_its_own_copy_of_what_was_sold() {
    let shop = shop().await;
    let order = order_id(shop.buy(&shop.cart(&[(1, 2)]).await).await);
    let read = "query($id: ID!) { order(id: $id) { totalPrice { amount } totalTax { amount } totalTaxSet { shopMoney { amount } }
        lineItems(first: 5) { nodes { title name variantTitle sku productId variantId quantity
            selectedOptions { name value } originalUnitPriceSet { shopMoney { amount } } } } } }";
    let before = merchant(&shop, read, json!({ "id": order })).await;
    assert_eq!(before["order"]["lineItems"]["nodes"][0]["title"], "Mug 1");
    assert_eq!((&before["order"]["totalTax"], &before["order"]["totalTaxSet"]), (&Value::Null, &Value::Null));
    let id = variant(1);
    for change in [
        format!("UPDATE products SET title = 'Cup', handle = 'cup', status = 'DRAFT' WHERE id = '{id}'"),
        format!(
            "UPDATE product_variants SET title = 'Small', option1 = 'Small', sku = 'CUP', price_minor = 1 WHERE id = '{id}'"
        ),
        format!("UPDATE product_options SET name = 'Width' WHERE id = '{id}'"),
        format!("DELETE FROM products WHERE id = '{id}'"),
    ] {
        diesel::sql_query(&change).execute(&mut admin(&shop.app.db.name).await).await.expect("a change");
        assert_eq!(merchant(&shop, read, json!({ "id": order })).await, before, "{change}");
    }
}

#[tokio::test]
async fn the_history_says_who_did_what_and_when() {
    let shop = shop().await;
    let cart = shop.cart(&[(1, 1)]).await;
    complete(&shop, &cart, json!({ "gateway": "manual" }), "k").await;
    let id =
        merchant(&shop, "{ orders(first: 1) { nodes { id } } }", json!({})).await["orders"]["nodes"][0]["id"].take();
    shop.app.clock.advance(TimeDelta::hours(1));
    merchant(
        &shop,
        "mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) { userErrors { code } } }",
        json!({ "id": id }),
    )
    .await;
    let read = "query($id: ID!) { order(id: $id) { statusHistory { kind message actor createdAt } } }";
    let told = merchant(&shop, read, json!({ "id": id })).await["order"]["statusHistory"].take();
    let (told, actor) =
        (told.as_array().expect("a history"), |at: usize| told[at]["actor"].as_str().expect("an actor"));
    let at = |at: usize| told[at]["createdAt"].as_str().expect("a time").parse::<DateTime<Utc>>().expect("a time");
    assert_eq!(told.iter().map(|one| &one["kind"]).collect::<Vec<_>>(), [&json!("CREATED"), &json!("PAID")]);
    assert_eq!((at(0), at(1)), (start(), start() + TimeDelta::hours(1)));
    assert!(actor(0).starts_with("key:") && actor(1).starts_with("key:") && actor(0) != actor(1), "two keys: {told:?}");
}

#[tokio::test]
async fn a_cancellation_gives_back_what_it_is_told_to_and_what_there_is() {
    let shop = shop().await;
    let [kept, partly] = [shop.cart(&[(1, 2)]).await, shop.cart(&[(1, 1), (2, 3)]).await];
    let (kept, partly) = (order_id(shop.buy(&kept).await), order_id(shop.buy(&partly).await));
    assert_eq!((shop.stock(1).await, shop.stock(2).await), (7, 7));
    let cancel = "mutation($id: ID!, $restock: Boolean!) { orderCancel(orderId: $id, restock: $restock) { order { cancelledAt } userErrors { code } } }";
    let done = merchant(&shop, cancel, json!({ "id": kept, "restock": false })).await;
    assert_eq!(done["orderCancel"]["userErrors"], json!([]));
    assert_eq!(shop.stock(1).await, 7, "not put back");
    let sql = format!("DELETE FROM products WHERE id = '{}'", variant(1));
    diesel::sql_query(sql).execute(&mut admin(&shop.app.db.name).await).await.expect("deleted");
    let done = merchant(&shop, cancel, json!({ "id": partly, "restock": true })).await;
    assert_eq!(done["orderCancel"]["userErrors"], json!([]));
    assert_eq!(shop.stock(2).await, 10, "the other one's are back");
}

#[tokio::test]
async fn the_host_alone_reads_and_a_mutation_needs_a_key() {
    let shop = shop().await;
    let cart = shop.cart(&[(1, 1)]).await;
    let by_host = async |query: &str| {
        let body = json!({ "query": query, "variables": { "id": cart_id(&cart) } }).to_string();
        let headers = [("content-type", "application/json"), ("host", "acme.shops.test")];
        shop.app.send("POST", "/graphql", &headers, body).await
    };
    let read = by_host("query($id: ID!) { cart(id: $id) { totalQuantity } }").await;
    assert_eq!(read.json()["data"]["cart"]["totalQuantity"], 1);
    for mutation in [
        "mutation { cartCreate { cart { id } } }",
        "mutation($id: ID!) { cartNoteUpdate(cartId: $id, note: \"x\") { cart { id } } }",
        "mutation($id: ID!) { checkoutComplete(cartId: $id, payment: { gateway: \"manual\" }) @idempotent(key: \"k\") { orderToken } }",
    ] {
        let refused = by_host(mutation).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "UNAUTHENTICATED"), "{mutation}");
    }
    assert_eq!(shop.numbers().await, Vec::<i32>::new());
}

#[tokio::test]
async fn refusals_name_the_input_and_a_completed_cart_reads_as_null() {
    let shop = shop().await;
    let code = |done: &Value| done["userErrors"][0]["code"].clone();
    // Enough when the cart was filled, not when it is paid: another buyer was quicker.
    let (cart, quicker) = (shop.cart(&[(1, 10)]).await, shop.cart(&[(1, 5)]).await);
    complete(&shop, &quicker, json!({ "gateway": "manual" }), "k0").await;
    let late = complete(&shop, &cart, json!({ "gateway": "manual" }), "k1").await;
    assert_eq!(late["userErrors"][0]["code"], "NOT_ENOUGH_STOCK");
    let cart = shop.cart(&[(1, 2)]).await;
    let unknown = complete(&shop, &cart, json!({ "gateway": "stripe" }), "k1").await;
    assert_eq!(unknown["userErrors"][0]["field"], json!(["payment", "gateway"]));
    let variables = json!({ "cart": "gid://emporia/Cart/x", "payment": { "gateway": "manual" }, "key": "k" });
    let missing = shop.app.gql(&shop.store.publishable, COMPLETE, variables).await;
    assert_eq!(code(&missing["checkoutComplete"]), "CART_NOT_FOUND");
    complete(&shop, &cart, json!({ "gateway": "manual" }), "k2").await;
    let read = "query($id: ID!) { cart(id: $id) { id } }";
    let read = shop.app.gql(&shop.store.publishable, read, json!({ "id": cart_id(&cart) })).await;
    assert_eq!(read["cart"], Value::Null);
}

#[tokio::test]
async fn shoppers_do_not_see_orders_by_id_or_lists_of_them() {
    let shop = shop().await;
    let order = order_id(shop.buy(&shop.cart(&[(1, 1)]).await).await);
    for query in ["query($id: ID!) { order(id: $id) { id } }", "query { orders(first: 1) { nodes { id } } }"] {
        let body = json!({ "query": query, "variables": { "id": order } });
        assert_eq!(shop.app.post_json(&shop.store.publishable, &body, &[]).await.code(), "FORBIDDEN", "{query}");
    }
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(shop.app.gql(&shop.store.publishable, node, json!({ "id": order })).await["node"], Value::Null);
    assert_eq!(merchant(&shop, node, json!({ "id": order })).await["node"]["id"], order);
}

#[tokio::test]
async fn orders_are_listed_in_pages_that_meet_and_filtered_by_terms() {
    let shop = shop().await;
    for quantity in [2, 1, 3] {
        shop.buy(&shop.cart(&[(1, quantity)]).await).await;
    }
    let list = "query($after: String, $key: OrderSortKeys!, $reverse: Boolean!) {
        orders(first: 2, after: $after, sortKey: $key, reverse: $reverse) {
            nodes { number } pageInfo { hasNextPage endCursor } } }";
    for (key, reverse, expected) in [
        ("ORDER_NUMBER", false, [1001, 1002, 1003]),
        ("PROCESSED_AT", true, [1003, 1002, 1001]),
        ("TOTAL_PRICE", false, [1002, 1001, 1003]),
        ("ID", false, [1001, 1002, 1003]),
    ] {
        let (mut after, mut seen) = (Value::Null, Vec::new());
        loop {
            let page = merchant(&shop, list, json!({ "after": after, "key": key, "reverse": reverse })).await;
            let nodes = page["orders"]["nodes"].as_array().expect("nodes").clone();
            seen.extend(nodes.iter().map(|node| node["number"].as_i64().expect("a number")));
            if page["orders"]["pageInfo"]["hasNextPage"] == json!(false) {
                break;
            }
            after = page["orders"]["pageInfo"]["endCursor"].clone();
        }
        if key != "ID" && key != "PROCESSED_AT" {
            assert_eq!(seen, expected, "{key}");
        }
        seen.sort_unstable();
        assert_eq!(seen, [1001, 1002, 1003], "{key}: all, each once");
    }
    let find = "query($query: String) { orders(first: 5, query: $query) { nodes { number } } }";
    let found = merchant(&shop, find, json!({ "query": "name:#1002 financial_status:pending" })).await;
    assert_eq!(found["orders"]["nodes"], json!([{ "number": 1002 }]));
    let body = json!({ "query": find, "variables": { "query": "colour:red" } });
    assert_eq!(shop.app.post_json(&shop.store.secret, &body, &[]).await.code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn cancelling_puts_the_units_back_once() {
    let shop = shop().await;
    let order = order_id(shop.buy(&shop.cart(&[(1, 2), (2, 3)]).await).await);
    assert_eq!((shop.stock(1).await, shop.stock(2).await), (8, 7));
    let cancel = "mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true, staffNote: \"Asked by phone.\") {
        order { cancelledAt cancelReason displayFinancialStatus statusHistory { kind message actor } }
        userErrors { code } } }";
    let done = merchant(&shop, cancel, json!({ "id": order })).await;
    let cancelled = &done["orderCancel"]["order"];
    assert_eq!(
        (&cancelled["cancelReason"], &cancelled["displayFinancialStatus"]),
        (&json!("CUSTOMER"), &json!("VOIDED"))
    );
    assert_eq!(cancelled["statusHistory"][1]["message"], "Cancelled: customer. Asked by phone.");
    let again = merchant(&shop, cancel, json!({ "id": order })).await;
    assert_eq!(again["orderCancel"]["userErrors"], json!([{ "code": "ALREADY_CANCELLED" }]));
    assert_eq!((shop.stock(1).await, shop.stock(2).await), (10, 10));
    assert_eq!(topics(&shop).await, ["ORDERS_CANCELLED", "ORDERS_CREATE"]);
}

#[tokio::test]
async fn a_pending_order_is_marked_as_paid_once_and_a_paid_one_says_so() {
    let shop = shop().await;
    let pending = order_id(shop.buy(&shop.cart(&[(1, 1)]).await).await);
    let pay = "mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) {
        order { displayFinancialStatus fullyPaid } userErrors { code } } }";
    let done = merchant(&shop, pay, json!({ "id": pending })).await;
    assert_eq!(done["orderMarkAsPaid"]["order"], json!({ "displayFinancialStatus": "PAID", "fullyPaid": true }));
    let again = merchant(&shop, pay, json!({ "id": pending })).await;
    assert_eq!(again["orderMarkAsPaid"]["userErrors"], json!([{ "code": "ALREADY_PAID" }]));
    assert_eq!(topics(&shop).await, ["ORDERS_CREATE", "ORDERS_PAID"]);
    let refund = "mutation($id: ID!) { orderCancel(orderId: $id, refund: true) { userErrors { code field } } }";
    let refused = merchant(&shop, refund, json!({ "id": pending })).await;
    assert_eq!(refused["orderCancel"]["userErrors"], json!([{ "code": "REFUND_NOT_SUPPORTED", "field": ["refund"] }]));
    let missing = merchant(&shop, pay, json!({ "id": "gid://emporia/Product/1" })).await;
    assert_eq!(missing["orderMarkAsPaid"]["userErrors"], json!([{ "code": "ORDER_NOT_FOUND" }]));
}

#[tokio::test]
async fn orders_are_sent_in_parts_with_tracking() {
    let shop = shop().await;
    let order = order_id(shop.buy(&shop.cart(&[(1, 2), (2, 1)]).await).await);
    let read = "query($id: ID!) { order(id: $id) { displayFulfillmentStatus fulfillmentOrders(first: 1) { nodes {
        id status lineItems(first: 5) { nodes { id remainingQuantity } } } } } }";
    let before = merchant(&shop, read, json!({ "id": order })).await["order"]["fulfillmentOrders"]["nodes"][0].clone();
    let send = "mutation($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
        fulfillment { totalQuantity trackingInfo { company number url } lineItems { quantity lineItem { title } } }
        userErrors { code field } } }";
    let part = |quantity: i32| {
        json!({ "fulfillment": {
            "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": before["id"], "fulfillmentOrderLineItems":
                [{ "id": before["lineItems"]["nodes"][0]["id"], "quantity": quantity }] }],
            "trackingInfo": { "company": "Post", "number": "1Z", "url": "https://post.example/1Z" } } })
    };
    let too_many = merchant(&shop, send, part(3)).await;
    assert_eq!(too_many["fulfillmentCreate"]["userErrors"][0]["code"], "INVALID_QUANTITY");
    let done = merchant(&shop, send, part(1)).await;
    assert_eq!(
        done["fulfillmentCreate"]["fulfillment"],
        json!({ "totalQuantity": 1, "trackingInfo": [{ "company": "Post", "number": "1Z", "url": "https://post.example/1Z" }],
            "lineItems": [{ "quantity": 1, "lineItem": { "title": "Mug 1" } }] })
    );
    let middle = merchant(&shop, read, json!({ "id": order })).await;
    assert_eq!(middle["order"]["displayFulfillmentStatus"], "PARTIALLY_FULFILLED");
    let cancel = "mutation($id: ID!) { orderCancel(orderId: $id) { userErrors { code } } }";
    let refused = merchant(&shop, cancel, json!({ "id": order })).await;
    assert_eq!(refused["orderCancel"]["userErrors"], json!([{ "code": "ALREADY_FULFILLED" }]));
    let rest = json!({ "fulfillment": { "lineItemsByFulfillmentOrder": [{ "fulfillmentOrderId": order }] } });
    let done = merchant(&shop, send, rest.clone()).await;
    assert_eq!(done["fulfillmentCreate"]["fulfillment"]["totalQuantity"], 2);
    let after = merchant(&shop, read, json!({ "id": order })).await;
    assert_eq!(after["order"]["displayFulfillmentStatus"], "FULFILLED");
    assert_eq!(after["order"]["fulfillmentOrders"]["nodes"][0]["status"], "CLOSED");
    let nothing = merchant(&shop, send, rest).await;
    assert_eq!(nothing["fulfillmentCreate"]["userErrors"][0]["code"], "NOTHING_TO_FULFILL");
    assert_eq!(topics(&shop).await, ["ORDERS_CREATE", "ORDERS_FULFILLED", "ORDERS_UPDATED"]);
}

#[tokio::test]
async fn another_tenant_sees_and_changes_nothing() {
    let shop = shop().await;
    let order = order_id(shop.buy(&shop.cart(&[(1, 1)]).await).await);
    let other = shop.app.store("other").await;
    let read = "query($id: ID!) { order(id: $id) { id } orders(first: 5) { nodes { id } } node(id: $id) { id } }";
    let seen = shop.app.gql(&other.secret, read, json!({ "id": order })).await;
    assert_eq!(seen, json!({ "order": null, "orders": { "nodes": [] }, "node": null }));
    let cancel = "mutation($id: ID!) { orderCancel(orderId: $id) { userErrors { code } } }";
    let refused = shop.app.gql(&other.secret, cancel, json!({ "id": order })).await;
    assert_eq!(refused["orderCancel"]["userErrors"], json!([{ "code": "ORDER_NOT_FOUND" }]));
}
