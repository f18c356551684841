//! `node` and `nodes`: everything with a global id, for those who may see it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::TestApp;

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
        webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: { uri: \"https://shop.example/\" }) {
            webhookSubscription { id } } }";
    let made = app.gql(&store.secret, query, json!({})).await;
    for id in [
        &made["deliveryProfileCreate"]["profile"]["id"],
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
