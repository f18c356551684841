//! What a merchant makes under an idempotency key is made once.

use std::collections::BTreeSet;

use emporia::graphql::idempotent::FIELDS;
use emporia::plan::model::Resource;
use serde_json::{Value, json};

use crate::plan_limits::limit;
use crate::support::{Store, TestApp, Uncommitted};

/// Mutations that make something: the field, its arguments with a title, and what its answer says of the new thing.
const MADE: [(&str, &str, &str); 4] = [
    ("productSet", "input: { title: $title }", "product { id title }"),
    ("collectionCreate", "input: { title: $title }", "collection { id title }"),
    ("pageCreate", "page: { title: $title }", "page { id title }"),
    ("menuCreate", "title: $title, handle: \"main\", items: []", "menu { id title }"),
];

/// Whose keys are tried where the rest of them is: checkout.rs, inventory.rs, order_keys.rs.
const ELSEWHERE: [&str; 5] =
    ["checkoutComplete", "fulfillmentCreate", "inventoryAdjustQuantities", "orderCancel", "orderMarkAsPaid"];

#[test]
fn every_mutation_that_takes_a_key_is_tried_and_told_of() {
    let tried: BTreeSet<&str> = MADE.iter().map(|made| made.0).chain(ELSEWHERE).collect();
    assert_eq!(tried, FIELDS.iter().copied().collect());
    let guides =
        concat!(include_str!("../../docs/guides/merchants.md"), include_str!("../../docs/guides/storefront.md"));
    for field in FIELDS {
        assert!(guides.contains(&format!("`{field}`")), "no guide says that {field} takes a key");
    }
}

async fn ask(app: &TestApp, store: &Store, (field, arguments, shown): (&str, &str, &str), title: &str) -> Value {
    let query = format!(
        "mutation($title: String!) {{ {field}({arguments}) @idempotent(key: \"k\") {{ {shown} userErrors {{ code field }} }} }}"
    );
    let body = json!({ "query": query, "variables": { "title": title } });
    app.post_json(&store.secret, &body, &[]).await.json()
}

#[tokio::test]
async fn what_is_made_twice_under_one_key_is_there_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for made in MADE {
        let field = made.0;
        let first = ask(&app, &store, made, "Salt").await;
        assert_eq!(first["data"][field]["userErrors"], json!([]), "{first}");
        assert_eq!(ask(&app, &store, made, "Salt").await, first);
        let other = ask(&app, &store, made, "Pepper").await;
        assert_eq!(other["errors"][0]["extensions"]["code"], "CONFLICT", "{field}: {other}");
    }
    let query = "{ products(first: 5) { nodes { title } } collections(first: 5) { nodes { title } }
        pages(first: 5) { nodes { title } } menu(handle: \"main\") { title } }";
    let salt = json!({ "nodes": [{ "title": "Salt" }] });
    let there = app.gql(&store.secret, query, json!({})).await;
    assert_eq!(there, json!({ "products": salt, "collections": salt, "pages": salt, "menu": { "title": "Salt" } }));
}

#[tokio::test]
async fn a_refusal_is_the_same_when_it_is_asked_for_again() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for made in MADE {
        let refused = ask(&app, &store, made, " ").await;
        assert_eq!(refused["data"][made.0]["userErrors"][0]["code"], "BLANK", "{refused}");
        assert_eq!(ask(&app, &store, made, " ").await, refused);
        let other = ask(&app, &store, made, "Salt").await;
        assert_eq!(other["errors"][0]["extensions"]["code"], "CONFLICT", "{}: it was kept: {other}", made.0);
    }
}

#[tokio::test]
async fn a_refusal_that_the_input_is_not_to_blame_for_leaves_the_key_free() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    limit(&app, &store, &[(Resource::Products, 0)]).await;
    let refused = ask(&app, &store, MADE[0], "Salt").await;
    assert_eq!(refused["data"]["productSet"]["userErrors"][0]["code"], "PLAN_LIMIT_REACHED", "{refused}");
    limit(&app, &store, &[(Resource::Products, 1)]).await;
    let made = ask(&app, &store, MADE[0], "Salt").await;
    assert_eq!(made["data"]["productSet"]["userErrors"], json!([]), "there is room now: {made}");
    assert_eq!(ask(&app, &store, MADE[0], "Salt").await["data"], made["data"], "and once");
}

#[tokio::test]
async fn of_two_at_once_under_one_key_whoever_comes_too_late_for_the_last_place_is_answered_with_it() {
    let app = TestApp::new().await;
    // Both have found nothing under the key when one of them comes to the last place.
    let at_once = async |handle: &str, titles: [&'static str; 2]| {
        let store = app.store(handle).await;
        limit(&app, &store, &[(Resource::Products, 1)]).await;
        let held = Uncommitted::begin(&app.db.name, "SELECT 1 FROM subscriptions FOR UPDATE").await;
        let [one, other] = titles.map(|title| Box::pin(ask(&app, &store, MADE[0], title)));
        let (one, other, ()) = tokio::join!(one, other, held.finish_when_waited_for_by(2));
        [one, other]
    };
    let [one, other] = at_once("acme", ["Salt", "Salt"]).await;
    assert_eq!(one["data"]["productSet"]["userErrors"], json!([]), "{one}");
    assert_eq!(one["data"], other["data"], "one product, told of twice");
    let both = at_once("other", ["Salt", "Pepper"]).await;
    let made = both.iter().filter(|answer| answer["data"]["productSet"]["userErrors"] == json!([])).count();
    let refused = both.iter().filter(|answer| answer["errors"][0]["extensions"]["code"] == "CONFLICT").count();
    assert_eq!((made, refused), (1, 1), "other arguments are not told what came of these: {both:#?}");
}
