//! From a cart to an order, and what keeps it from becoming one.

use chrono::TimeDelta;
use emporia::cart::key::CartKey;
use emporia::country::Country;
use emporia::error::Fault;
use emporia::shipping::model::NewProfile;
use emporia::shipping::service::profile_create_in_tx;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::order::{cart_id, complete, merchant, shop};
use crate::support::{Shopping, start, variant};

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
