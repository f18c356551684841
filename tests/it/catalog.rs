//! The catalogue through the schema.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_new_shop_has_no_products() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let data = app
        .gql(&store.publishable, "{ products(first: 5) { nodes { id } pageInfo { hasNextPage } } }", json!({}))
        .await;
    assert_eq!(data, json!({ "products": { "nodes": [], "pageInfo": { "hasNextPage": false } } }));
}
