//! `/api/<version>/graphql.json`: everything that `/graphql` does, with ids as `gid://shopify/…`.

use emporia::events::Topic;
use serde_json::{Value, json};
use url::Url;

use crate::events::{append, log};
use crate::support::{Events, Shopping, Socket, variant};

const PATH: &str = "/api/2026-04/graphql.json";
const PRODUCTS: &str = "{ products(first: 1) { nodes { id variants(first: 1) { nodes { id } } } } }";

fn gid(kind: &str, id: impl std::fmt::Display) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// What [`PRODUCTS`] answers of a shop whose only product is the first one.
fn products() -> Value {
    let variants = json!({ "nodes": [{ "id": gid("ProductVariant", variant(1)) }] });
    json!({ "products": { "nodes": [{ "id": gid("Product", variant(1)), "variants": variants }] } })
}

/// A subscription behind the shop's first event, and what it answers of the second: an order of the first product.
async fn ordered(shop: &Shopping) -> (String, Value) {
    append(&shop.app.app, &shop.store, &[Topic::OrdersUpdated]).await;
    let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    emporia::worker::drain(&shop.app.app).await.expect("a relay");
    let events = log(&shop.app.app, &shop.store).await;
    let query = format!(
        "subscription {{ orderEvents(after: \"{}\") {{
            id topic order {{ id lineItems(first: 1) {{ nodes {{ productId variantId }} }} }} }} }}",
        gid("OrderChange", events[0].id)
    );
    let line = json!({ "productId": gid("Product", variant(1)), "variantId": gid("ProductVariant", variant(1)) });
    let order = json!({ "id": gid("Order", order), "lineItems": { "nodes": [line] } });
    let event = json!({ "id": gid("OrderChange", events[1].id), "topic": "ORDERS_CREATE", "order": order });
    (query, json!({ "orderEvents": event }))
}

#[tokio::test]
async fn a_get_is_answered_with_its_ids_and_takes_them() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let get = async |query: &str| {
        let url = Url::parse_with_params(&format!("http://x{PATH}"), [("query", query)]).expect("an address");
        let uri = format!("{}?{}", url.path(), url.query().expect("a query"));
        shop.app.send("GET", &uri, &[("x-api-key", &shop.store.publishable)], "").await.json()["data"].take()
    };
    assert_eq!(get(PRODUCTS).await, products());
    let id = gid("Product", variant(1));
    let node = get(&format!("{{ node(id: \"{id}\") {{ id ... on Product {{ title }} }} }}")).await;
    assert_eq!(node, json!({ "node": { "id": id, "title": "Mug 1" } }));
}

#[tokio::test]
async fn a_socket_answers_and_follows_with_its_ids() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let (follow, event) = ordered(&shop).await;
    let server = shop.app.serve().await;
    let mut socket = Socket::with_key_on(PATH, &server, &shop.store.secret).await;
    socket.subscribe("products", PRODUCTS).await;
    assert_eq!(socket.hear().await["payload"]["data"], products());
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "products" }));
    socket.subscribe("events", &follow).await;
    assert_eq!(socket.hear().await["payload"]["data"], event);
}

#[tokio::test]
async fn a_stream_answers_and_follows_with_its_ids() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let (follow, event) = ordered(&shop).await;
    let server = shop.app.serve().await;
    for (query, expected) in [(PRODUCTS, products()), (&follow, event)] {
        let mut stream = Events::open_at(&server.url(PATH), &shop.store.secret, query).await.expect("a stream");
        assert_eq!(stream.next().await["data"], expected);
    }
}
