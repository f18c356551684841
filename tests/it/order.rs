//! Checkouts and orders through the schema: what shoppers get to see, and what merchants do.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::cart::key::CartKey;
use emporia::country::Country;
use emporia::db::schema::{events, fulfillments, order_lines};
use emporia::error::{Fault, ServiceError};
use emporia::ids::GidNamespace;
use emporia::order::model::{SendLine, Tracking};
use emporia::order::rule::OrderRule;
use emporia::order::service::{Sending, fulfillment_create};
use emporia::shipping::model::NewProfile;
use emporia::shipping::service::profile_create_in_tx;
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Shopping, admin, dropped_after, settled, start, variant};

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
    // Under another namespace the id is the same, as in every argument.
    let shopify = json!({ "cart": cart_id(&cart).replace("emporia", "shopify") });
    let again = shop.app.gql(&shop.store.publishable, other, shopify).await;
    assert_eq!(again["checkoutComplete"]["orderToken"], first["orderToken"]);
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
async fn a_key_is_refused_where_it_would_protect_nothing() {
    let shop = shop().await;
    let create = "mutation { cartCreate { cart { id } userErrors { code } } }";
    let header = [("idempotency-key", "k")];
    let body = json!({ "query": create });
    assert_eq!(shop.app.post_json(&shop.store.publishable, &body, &header).await.code(), "BAD_USER_INPUT");
    let directive = json!({ "query": create.replace("cartCreate", "cartCreate @idempotent(key: \"k\")") });
    assert_eq!(shop.app.post_json(&shop.store.publishable, &directive, &[]).await.code(), "BAD_USER_INPUT");
    let spread = "mutation { ...two } fragment two on Mutation { a: cartCreate { cart { id } } ... { b: cartCreate { cart { id } } } }";
    let body = json!({ "query": spread });
    assert_eq!(shop.app.post_json(&shop.store.publishable, &body, &header).await.code(), "BAD_USER_INPUT");
    let batch = json!([{ "query": "{ shop { name } }" }]);
    let refused = shop.app.post_json(&shop.store.publishable, &batch, &header).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "BAD_USER_INPUT"));
    assert!(shop.app.post_json(&shop.store.publishable, &batch, &[]).await.status.is_success());
    let query = json!({ "query": "{ shop { name } }" });
    assert!(shop.app.post_json(&shop.store.publishable, &query, &header).await.json().get("errors").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_sent_a_hundred_times_at_once_is_answered_a_hundred_times_alike() {
    let many = [("DATABASE_POOL_SIZE", "8"), ("DATABASE_ACQUIRE_TIMEOUT_MS", "120000")];
    for gateway in ["manual", "bogus"] {
        let shop = Shopping::with(&many).await;
        shop.on_sale(1, 1000, 10).await;
        let cart = shop.cart(&[(1, 2)]).await;
        let payment = json!({ "gateway": gateway });
        let answers = join_all((0..100).map(|_| complete(&shop, &cart, payment.clone(), "k1"))).await;
        assert_eq!(answers[0]["order"]["name"], "#1001", "{}", answers[0]);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{gateway}");
        assert_eq!((shop.stock(1).await, shop.numbers().await), (8, vec![1001]), "{gateway}");
    }
}

#[tokio::test]
async fn a_checkout_says_what_keeps_it_from_an_order() {
    let shop = shop().await;
    let make = async |input: &str| {
        let line = format!("lines: [{{ merchandiseId: \"gid://emporia/ProductVariant/{}\" }}]", variant(1));
        let query = format!(
            "mutation {{ cartCreate(input: {{ {line} {input} }}) {{ cart {{ id }} userErrors {{ message }} }} }}"
        );
        let made = shop.app.gql(&shop.store.publishable, &query, json!({})).await;
        CartKey::parse(made["cartCreate"]["cart"]["id"].as_str().expect("an id")).expect("a key")
    };
    let email = "buyerIdentity: { email: \"ada@example.com\" }";
    let address = |country: &str| {
        format!(
            "delivery: {{ addresses: [{{ address: {{ deliveryAddress: {{ lastName: \"Lovelace\", address1: \"Am Markt 1\", city: \"Jena\", countryCode: {country} }} }} }}] }}"
        )
    };
    let bare = "delivery: { addresses: [{ address: { deliveryAddress: { countryCode: DE } } }] }";
    let gone = make(&format!("{email} {}", address("DE"))).await;
    for (cart, expected) in [
        (make(email).await, json!([["ADDRESS_REQUIRED", "An address is needed to deliver this cart."]])),
        (make(&address("DE")).await, json!([["CONTACT_REQUIRED", "An email address or a phone number is needed."]])),
        (
            make(&format!("{email} {}", address("FR"))).await,
            json!([["NOT_DELIVERABLE", "Nothing is delivered to this address."]]),
        ),
        (
            make(&format!("{email} {bare}")).await,
            json!([
                ["ADDRESS_INCOMPLETE", "The address is not complete: lastName is missing."],
                ["ADDRESS_INCOMPLETE", "The address is not complete: address1 is missing."],
                ["ADDRESS_INCOMPLETE", "The address is not complete: city is missing."],
            ]),
        ),
    ] {
        let done = complete(&shop, &cart, json!({ "gateway": "manual" }), "k").await;
        let errors = done["userErrors"].as_array().expect("errors").iter();
        assert!(errors.clone().all(|error| error["field"] == json!(["cartId"])));
        let told: Vec<Value> = errors.map(|error| json!([error["code"], error["message"]])).collect();
        assert_eq!((json!(told), &done["order"]), (expected, &Value::Null));
    }
    let code = async |cart: &CartKey, payment: Value, key: &str| {
        complete(&shop, cart, payment, key).await["userErrors"][0]["code"].as_str().expect("a code").to_owned()
    };
    let token = |token: &str| json!({ "gateway": "bogus", "token": token });
    assert_eq!(code(&gone, token("decline"), "k1").await, "PAYMENT_DECLINED");
    assert_eq!(code(&gone, token("timeout-then-declined"), "k2").await, "PAYMENT_PENDING");
    assert_eq!(code(&gone, token("approve"), "k3").await, "PAYMENT_IN_PROGRESS");
    shop.app.clock.advance(TimeDelta::seconds(11));
    shop.run_job().await;
    let profiles = "{ deliveryProfiles(first: 1) { nodes { id } } }";
    let id = merchant(&shop, profiles, json!({})).await["deliveryProfiles"]["nodes"][0]["id"].clone();
    choose(&shop, &gone).await;
    let remove = "mutation($id: ID!) { deliveryProfileRemove(id: $id) { userErrors { message } } }";
    merchant(&shop, remove, json!({ "id": id })).await;
    assert_eq!(code(&gone, json!({ "gateway": "manual" }), "k4").await, "NOT_DELIVERABLE");
    let made: Result<(), Fault> = shop
        .db
        .write(async |tx| {
            let profile = NewProfile::flat("Germany", &[Country::DE], false, "Express", 990);
            profile_create_in_tx(tx, start(), &shop.app.app.entropy, &profile).await?;
            Ok(())
        })
        .await;
    made.expect("another way of delivery");
    assert_eq!(code(&gone, json!({ "gateway": "manual" }), "k5").await, "DELIVERY_OPTION_NOT_AVAILABLE");
    shop.withdraw(1).await;
    assert_eq!(code(&gone, json!({ "gateway": "manual" }), "k6").await, "MERCHANDISE_NOT_AVAILABLE");
    assert_eq!(code(&gone, json!({ "gateway": "manual" }), "k7").await, "CART_EMPTY");
}

/// Chooses the first delivery option of the cart.
async fn choose(shop: &Shopping, cart: &CartKey) {
    let query =
        "query($id: ID!) { cart(id: $id) { deliveryGroups(first: 1) { nodes { id deliveryOptions { handle } } } } }";
    let read = shop.app.gql(&shop.store.publishable, query, json!({ "id": cart_id(cart) })).await;
    let group = &read["cart"]["deliveryGroups"]["nodes"][0];
    let query = "mutation($cart: ID!, $group: ID!, $handle: String!) { cartSelectedDeliveryOptionsUpdate(cartId: $cart,
        selectedDeliveryOptions: [{ deliveryGroupId: $group, deliveryOptionHandle: $handle }]) { userErrors { message } } }";
    let variables =
        json!({ "cart": cart_id(cart), "group": group["id"], "handle": group["deliveryOptions"][0]["handle"] });
    let done = shop.app.gql(&shop.store.publishable, query, variables).await;
    assert_eq!(done["cartSelectedDeliveryOptionsUpdate"]["userErrors"], json!([]));
}

#[tokio::test]
async fn a_payment_on_its_way_keeps_the_cart_as_it_is_and_a_declined_one_leaves_it_so() {
    let shop = shop().await;
    let cart = shop.cart(&[(1, 2), (2, 1)]).await;
    choose(&shop, &cart).await;
    let read = async || {
        let query = "query($id: ID!) { cart(id: $id) { note buyerIdentity { email }
            lines(first: 5) { nodes { id quantity merchandise { ... on ProductVariant { id } } } }
            delivery { addresses { id selected address { ... on CartDeliveryAddress { lastName city } } } }
            deliveryGroups(first: 1) { nodes { selectedDeliveryOption { handle title } } } cost { totalAmount { amount } } } }";
        shop.app.gql(&shop.store.publishable, query, json!({ "id": cart_id(&cart) })).await
    };
    let before = read().await;
    assert_eq!(before["cart"]["deliveryGroups"]["nodes"][0]["selectedDeliveryOption"]["title"], "Post");
    let declined = complete(&shop, &cart, json!({ "gateway": "bogus", "token": "decline" }), "k1").await;
    assert_eq!(declined["userErrors"][0]["code"], "PAYMENT_DECLINED");
    assert_eq!(read().await, before);

    complete(&shop, &cart, json!({ "gateway": "bogus", "token": "timeout-then-declined" }), "k2").await;
    let note = "mutation($id: ID!) { cartNoteUpdate(cartId: $id, note: \"Ring twice.\") { cart { note } userErrors { code field } } }";
    let take = async |query: &str| shop.app.gql(&shop.store.publishable, query, json!({ "id": cart_id(&cart) })).await;
    let refused = json!({ "cart": null, "userErrors": [{ "code": "VALIDATION_CUSTOM", "field": ["cartId"] }] });
    assert_eq!(take(note).await["cartNoteUpdate"], refused);
    let option = "mutation($id: ID!) { cartSelectedDeliveryOptionsUpdate(cartId: $id, selectedDeliveryOptions: []) {
        cart { note } userErrors { code field } } }";
    assert_eq!(take(option).await["cartSelectedDeliveryOptionsUpdate"], refused);
    assert_eq!(read().await, before);
    shop.app.clock.advance(TimeDelta::seconds(11));
    shop.run_job().await;
    assert_eq!(take(note).await["cartNoteUpdate"], json!({ "cart": { "note": "Ring twice." }, "userErrors": [] }));
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
