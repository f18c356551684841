//! Checkouts and orders through the schema: what shoppers get to see, and what merchants do.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::cart::key::CartKey;
use emporia::db::schema::events;
use emporia::error::Fault;
use emporia::ids::GidNamespace;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Shopping;

const COMPLETE: &str = "mutation($cart: ID!, $payment: CheckoutPaymentInput!, $key: String!) {
    checkoutComplete(cartId: $cart, payment: $payment) @idempotent(key: $key) {
        order { id name totalPrice { amount currencyCode } } orderToken userErrors { field message code } } }";

async fn shop() -> Shopping {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    shop.on_sale(2, 250, 10).await;
    shop
}

fn cart_id(cart: &CartKey) -> String {
    cart.gid(GidNamespace::Emporia)
}

fn order_id(id: Uuid) -> String {
    GidNamespace::Emporia.encode("Order", id)
}

async fn complete(shop: &Shopping, cart: &CartKey, payment: Value, key: &str) -> Value {
    let variables = json!({ "cart": cart_id(cart), "payment": payment, "key": key });
    shop.app.gql(&shop.store.publishable, COMPLETE, variables).await["checkoutComplete"].take()
}

async fn merchant(shop: &Shopping, query: &str, variables: Value) -> Value {
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
async fn a_checkout_answers_with_the_order_and_its_token_which_finds_it_again() {
    let shop = shop().await;
    let cart = shop.cart(&[(1, 2), (2, 1)]).await;
    let done = complete(&shop, &cart, json!({ "gateway": "manual" }), "k1").await;
    assert_eq!(done["userErrors"], json!([]));
    assert_eq!(done["order"]["name"], "#1001");
    assert_eq!(done["order"]["totalPrice"], json!({ "amount": "27.40", "currencyCode": "EUR" }));
    let query = "query($token: String!) { orderByToken(token: $token) { name email
        shippingAddress { name city countryCodeV2 } shippingLine { title originalPriceSet { shopMoney { amount } } }
        displayFinancialStatus displayFulfillmentStatus subtotalPriceSet { shopMoney { amount } }
        lineItems(first: 5) { nodes { title variantTitle sku quantity selectedOptions { name value }
            originalUnitPriceSet { shopMoney { amount } } originalTotalSet { presentmentMoney { amount } } } } } }";
    let found = shop.app.gql(&shop.store.publishable, query, json!({ "token": done["orderToken"] })).await;
    let order = &found["orderByToken"];
    assert_eq!(order["shippingAddress"], json!({ "name": "Ada Lovelace", "city": "Jena", "countryCodeV2": "DE" }));
    assert_eq!(
        order["shippingLine"],
        json!({ "title": "Post", "originalPriceSet": { "shopMoney": { "amount": "4.90" } } })
    );
    assert_eq!(
        (&order["displayFinancialStatus"], &order["displayFulfillmentStatus"]),
        (&json!("PENDING"), &json!("UNFULFILLED"))
    );
    assert_eq!(
        order["lineItems"]["nodes"][0],
        json!({ "title": "Mug 1", "variantTitle": "Large", "sku": "MUG-1", "quantity": 2,
            "selectedOptions": [{ "name": "Size", "value": "Large" }],
            "originalUnitPriceSet": { "shopMoney": { "amount": "10.00" } },
            "originalTotalSet": { "presentmentMoney": { "amount": "20.00" } } })
    );
    let wrong = shop.app.gql(&shop.store.publishable, query, json!({ "token": "x" })).await;
    assert_eq!(wrong["orderByToken"], Value::Null);
}

#[tokio::test]
async fn a_replay_is_resolved_for_the_selection_it_asks_for() {
    let shop = shop().await;
    let cart = shop.cart(&[(1, 2)]).await;
    let first = complete(&shop, &cart, json!({ "gateway": "manual" }), "k1").await;
    let other = "mutation($cart: ID!) { checkoutComplete(cartId: $cart, payment: { gateway: \"manual\", token: null })
        @idempotent(key: \"k1\") { orderToken order { number lineItems(first: 1) { nodes { quantity } } } } }";
    let second = shop.app.gql(&shop.store.publishable, other, json!({ "cart": cart_id(&cart) })).await;
    let second = &second["checkoutComplete"];
    assert_eq!(second["orderToken"], first["orderToken"]);
    assert_eq!(second["order"], json!({ "number": 1001, "lineItems": { "nodes": [{ "quantity": 2 }] } }));
    // The header is as good as the directive, and the same key.
    let body = json!({ "query": "mutation($cart: ID!) { checkoutComplete(cartId: $cart, payment: { gateway: \"manual\" })
        { order { name } userErrors { code } } }", "variables": { "cart": cart_id(&cart) } });
    let third = shop.app.post_json(&shop.store.publishable, &body, &[("idempotency-key", "k1")]).await.json();
    assert_eq!(third["data"]["checkoutComplete"], json!({ "order": { "name": "#1001" }, "userErrors": [] }));
    assert_eq!(shop.numbers().await, [1001]);
}

#[tokio::test]
async fn keys_are_required_bounded_and_refused_where_they_do_not_belong() {
    let shop = shop().await;
    let cart = shop.cart(&[(1, 2)]).await;
    let ask = async |query: &str, headers: &[(&str, &str)]| {
        let body = json!({ "query": query, "variables": { "cart": cart_id(&cart) } });
        shop.app.post_json(&shop.store.publishable, &body, headers).await.code()
    };
    let checkout = "checkoutComplete(cartId: $cart, payment: { gateway: \"manual\" })";
    let mutation = |fields: &str| format!("mutation($cart: ID!) {{ {fields} }}");
    let rest = "{ userErrors { code } }";
    assert_eq!(ask(&mutation(&format!("{checkout} {rest}")), &[]).await, "BAD_USER_INPUT");
    let empty = format!("{checkout} @idempotent(key: \"\") {rest}");
    assert_eq!(ask(&mutation(&empty), &[]).await, "BAD_USER_INPUT");
    let long = format!("{checkout} @idempotent(key: \"{}\") {rest}", "x".repeat(256));
    assert_eq!(ask(&mutation(&long), &[]).await, "BAD_USER_INPUT");
    let below = format!(
        "{checkout} @idempotent(key: \"k\") {{ userErrors {{ code @idempotent(key: \"k\") }} order {{ id @idempotent(key: \"k\") }} orderToken @idempotent(key: \"k\") }}"
    );
    assert_eq!(ask(&mutation(&below), &[]).await, "BAD_USER_INPUT");
    assert_eq!(
        ask("query($cart: ID!) { cart(id: $cart) @idempotent(key: \"k\") { id } }", &[]).await,
        "BAD_USER_INPUT"
    );
    let two = format!("a: {checkout} {rest} b: {checkout} {rest}");
    assert_eq!(ask(&mutation(&two), &[("idempotency-key", "k2")]).await, "BAD_USER_INPUT");
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
