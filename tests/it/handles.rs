//! Handles that many want at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Store, TestApp};

const PRODUCT_SET: &str = "mutation($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
    productSet(input: $input, identifier: $identifier) { product { id handle } userErrors { message code } } }";

async fn at_once(app: &TestApp, store: &Store, times: usize, mutation: &str, variables: Value) -> Vec<Value> {
    join_all((0..times).map(|_| app.gql(&store.secret, mutation, variables.clone()))).await
}

/// Each once, in order.
fn distinct(values: &[Value], pointer: &str) -> Vec<String> {
    let mut found: Vec<String> =
        values.iter().map(|value| value.pointer(pointer).expect(pointer).to_string()).collect();
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn products_of_one_title_get_a_handle_each() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let made = at_once(&app, &store, 40, PRODUCT_SET, json!({ "input": { "title": "Same Title" } })).await;
    assert_eq!(distinct(&made, "/productSet/userErrors"), ["[]"]);
    let handles = distinct(&made, "/productSet/product/handle");
    assert_eq!(handles.len(), 40, "{handles:?}");
    assert!(["\"same-title\"", "\"same-title-19\""].iter().all(|handle| handles.contains(&(*handle).to_owned())));
}

#[tokio::test]
async fn a_product_that_is_named_by_its_handle_is_made_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let variables = json!({ "input": { "title": "Shirt" }, "identifier": { "handle": "shirt" } });
    let set = at_once(&app, &store, 40, PRODUCT_SET, variables).await;
    assert_eq!(distinct(&set, "/productSet/userErrors"), ["[]"]);
    assert_eq!(distinct(&set, "/productSet/product/id").len(), 1);
}

#[tokio::test]
async fn a_handle_that_is_asked_for_goes_to_one_of_them() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let set = at_once(&app, &store, 10, PRODUCT_SET, json!({ "input": { "title": "Shirt", "handle": "shirt" } })).await;
    let taken = set.iter().filter(|data| data["productSet"]["userErrors"][0]["code"] == "HANDLE_TAKEN").count();
    assert_eq!(taken, 9);
}

#[tokio::test]
async fn collections_of_one_title_get_a_handle_each() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let create = "mutation($input: CollectionInput!) { collectionCreate(input: $input) {
        collection { handle } userErrors { message } } }";
    let made = at_once(&app, &store, 30, create, json!({ "input": { "title": "Sale" } })).await;
    assert_eq!(distinct(&made, "/collectionCreate/userErrors"), ["[]"]);
    assert_eq!(distinct(&made, "/collectionCreate/collection/handle").len(), 30);
}
