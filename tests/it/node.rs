//! `node` and `nodes`: everything with a global id, for those who may see it.

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Receiver, Shopping, Statements, TestApp, admin};
use crate::webhook::{drain, subscribe};

const NODE: &str = "query($id: ID!) { node(id: $id) { __typename id } }";

#[tokio::test]
async fn a_node_is_found_by_its_id_in_either_namespace() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let query = "mutation { pageCreate(page: { title: \"About\" }) { page { id } }
        menuCreate(title: \"Main\", handle: \"main\", items: [{ title: \"Shop\", type: CATALOG, items: [
            { title: \"Search\", type: SEARCH }] }]) { menu { id items { items { id } } } } }";
    let made = app.gql(&store.secret, query, json!({})).await;
    let shop = app.gql(&store.publishable, "{ shop { id } localization { market { id } } }", json!({})).await;
    let ids = [
        ("Page", &made["pageCreate"]["page"]["id"]),
        ("Menu", &made["menuCreate"]["menu"]["id"]),
        ("MenuItem", &made["menuCreate"]["menu"]["items"][0]["items"][0]["id"]),
        ("Shop", &shop["shop"]["id"]),
        ("Market", &shop["localization"]["market"]["id"]),
    ];
    for (kind, id) in ids {
        let found = app.gql(&store.publishable, NODE, json!({ "id": id })).await;
        assert_eq!(found["node"], json!({ "__typename": kind, "id": id }));
        let renamed = id.as_str().unwrap().replace("gid://emporia/", "gid://shopify/");
        let found = app.gql(&store.publishable, NODE, json!({ "id": renamed })).await;
        assert_eq!(found["node"]["id"], *id);
    }
    let all: Vec<&Value> = ids.iter().map(|(_, id)| *id).collect();
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Page { title } } }";
    let data = app.gql(&store.publishable, query, json!({ "ids": [all[1], "gid://emporia/Page/x", all[0]] })).await;
    assert_eq!(data["nodes"], json!([{ "id": all[1] }, null, { "id": all[0], "title": "About" }]));
    let many = vec![all[0]; 251];
    let (_, body) = app.post(&store.publishable, query, json!({ "ids": many })).await;
    assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn what_is_of_another_type_or_tenant_or_was_never_there_is_null() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let query = "mutation { pageCreate(page: { title: \"Draft\", isPublished: false }) { page { id } } }";
    let made = app.gql(&store.secret, query, json!({})).await;
    let id = made["pageCreate"]["page"]["id"].as_str().unwrap();
    let uuid = id.rsplit('/').next().unwrap();
    for wrong in [
        format!("gid://emporia/Product/{uuid}"),
        format!("gid://emporia/Nonsense/{uuid}"),
        format!("gid://emporia/Page/{}", Uuid::nil()),
        format!("gid://emporia/Shop/{}", other.tenant),
        uuid.to_owned(),
        String::new(),
    ] {
        let found = app.gql(&store.secret, NODE, json!({ "id": wrong })).await;
        assert_eq!(found["node"], Value::Null, "{wrong}");
    }
    assert_eq!(app.gql(&store.secret, NODE, json!({ "id": id })).await["node"]["id"], id);
    for stranger in [&store.publishable, &other.secret, &other.publishable] {
        assert_eq!(app.gql(stranger, NODE, json!({ "id": id })).await["node"], Value::Null);
    }
    let query = "mutation { deliveryProfileCreate(profile: { name: \"Post\" }) { profile { id } }
        trustedDocumentsAdd(documents: [{ text: \"{ shop { name } }\" }]) { trustedDocuments { id } }
        webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: { uri: \"https://shop.example/\" }) {
            webhookSubscription { id } } }";
    let made = app.gql(&store.secret, query, json!({})).await;
    for id in [
        &made["deliveryProfileCreate"]["profile"]["id"],
        &made["trustedDocumentsAdd"]["trustedDocuments"][0]["id"],
        &made["webhookSubscriptionCreate"]["webhookSubscription"]["id"],
    ] {
        assert_eq!(app.gql(&store.secret, NODE, json!({ "id": id })).await["node"]["id"], *id);
        for stranger in [&store.publishable, &other.secret] {
            assert_eq!(app.gql(stranger, NODE, json!({ "id": id })).await["node"], Value::Null);
        }
    }
    let location = app.gql(&store.secret, "{ locations(first: 1) { nodes { id } } }", json!({})).await;
    let location = json!({ "id": location["locations"]["nodes"][0]["id"] });
    assert!(app.gql(&store.secret, NODE, location.clone()).await["node"].is_object());
    assert_eq!(app.gql(&store.publishable, NODE, location).await["node"], Value::Null);
}

#[tokio::test]
async fn parts_of_orders_and_deliveries_are_found_by_the_merchant_alone_and_many_at_once() {
    let shop = Shopping::new().await;
    let app = &shop.app;
    let receiver = Receiver::accepting().await;
    subscribe(app, &shop.store, "ORDERS_CREATE", &receiver.url()).await;
    let mut sold = Vec::new();
    for number in 1..=2 {
        shop.on_sale(number, 1000, 10).await;
        sold.push(shop.buy(&shop.cart(&[(number, 3)]).await).await);
    }
    drain(&app.app).await;
    let query = "{ orders(first: 2, sortKey: CREATED_AT) { nodes {
            lineItems(first: 5) { nodes { __typename id name quantity originalTotalSet { shopMoney { currencyCode } } } }
            fulfillmentOrders(first: 5) { nodes { __typename id state: status
                lineItems(first: 5) { nodes { __typename id remainingQuantity lineItem { id } } } } } } }
        webhookDeliveries(first: 5) { nodes { __typename id status body } } }";
    let mut data = app.gql(&shop.store.secret, query, json!({})).await;
    let mut wanted = Vec::new();
    for order in data["orders"]["nodes"].as_array_mut().expect("orders") {
        let mut parts = order["fulfillmentOrders"]["nodes"][0].take();
        wanted.push(order["lineItems"]["nodes"][0].take());
        wanted.push(parts["lineItems"]["nodes"][0].clone());
        parts.as_object_mut().expect("an object").remove("lineItems");
        wanted.push(parts);
    }
    wanted.append(data["webhookDeliveries"]["nodes"].as_array_mut().expect("deliveries"));
    assert_eq!(wanted.len(), 8);
    let of_orders = sold.iter().map(|order| format!("gid://emporia/FulfillmentOrder/{order}"));
    assert!(of_orders.into_iter().any(|id| wanted[2]["id"] == id));
    assert_eq!((&wanted[1]["lineItem"]["id"], &wanted[7]["status"]), (&wanted[0]["id"], &json!("SUCCEEDED")));

    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
        ... on LineItem { name quantity originalTotalSet { shopMoney { currencyCode } } }
        ... on FulfillmentOrder { state: status }
        ... on FulfillmentOrderLineItem { remainingQuantity lineItem { id } }
        ... on WebhookDelivery { status body } } }";
    let ids: Vec<&Value> = wanted.iter().map(|node| &node["id"]).collect();
    let asked = app.gql(&shop.store.secret, query, json!({ "ids": ids }));
    let (found, taken) = Statements::of(&app.db.name, asked).await;
    assert_eq!(found["nodes"], json!(wanted));
    // Lines, orders, deliveries and bodies, however many there are of each.
    assert_eq!(taken.reads, 4, "{taken:?}");

    let other = app.store("other").await;
    for stranger in [&shop.store.publishable, &other.secret, &other.publishable] {
        let found = app.gql(stranger, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
        assert_eq!(found["nodes"], json!([null, null, null, null, null, null, null, null]));
    }
    let line = wanted[0]["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id");
    for wrong in [
        format!("gid://emporia/LineItem/{}", sold[0]),
        format!("gid://emporia/FulfillmentOrder/{line}"),
        format!("gid://emporia/FulfillmentOrderLineItem/{}", sold[0]),
        format!("gid://emporia/WebhookDelivery/{line}"),
        format!("gid://emporia/LineItem/{}", Uuid::nil()),
    ] {
        let found = app.gql(&shop.store.secret, NODE, json!({ "id": wrong })).await;
        assert_eq!(found["node"], Value::Null, "{wrong}");
    }
}

#[tokio::test]
async fn a_long_body_is_not_answered_as_often_as_its_delivery_is_named() {
    let shop = Shopping::new().await;
    let app = &shop.app;
    let receiver = Receiver::accepting().await;
    subscribe(app, &shop.store, "ORDERS_CREATE", &receiver.url()).await;
    shop.on_sale(1, 1000, 10).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    drain(&app.app).await;
    let long = "UPDATE webhook_deliveries SET body = repeat('x', 6 << 20)";
    admin(&app.db.name).await.batch_execute(long).await.expect("a long body");
    let data = app.gql(&shop.store.secret, "{ webhookDeliveries(first: 1) { nodes { id } } }", json!({})).await;
    let id = &data["webhookDeliveries"]["nodes"][0]["id"];
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on WebhookDelivery { body } } }";
    let once = app.gql(&shop.store.secret, query, json!({ "ids": [id] })).await;
    assert_eq!(once["nodes"][0]["body"].as_str().map(str::len), Some(6 << 20));
    let (_, often) = app.post(&shop.store.secret, query, json!({ "ids": vec![id; 250] })).await;
    let message = often["errors"][0]["message"].as_str().expect("a refusal");
    assert!(message.contains("answer is longer than"), "{message}");
}
