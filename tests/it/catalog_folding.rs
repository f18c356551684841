//! Upper and lower case are one in every script, in a database that sorts by bytes.

use serde_json::{Value, json};

use crate::support::{Store, TestApp};

async fn shop() -> (TestApp, Store) {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let set = "mutation($input: ProductSetInput!) { productSet(input: $input) { userErrors { message } } }";
    let variant = json!([{ "optionValues": [{ "optionName": "Größe", "name": "Übergröße" }], "sku": "ÄB-1" }]);
    let products = [
        json!({ "title": "ÜBERZUG", "vendor": "Élan", "productType": "Ψωμί", "tags": ["Été", "Œuvre rare"],
            "productOptions": [{ "name": "Größe" }], "variants": variant }),
        json!({ "title": "Пальто", "vendor": "élan" }),
        json!({ "title": "Elan", "vendor": "elan", "tags": ["ete"] }),
    ];
    for input in products {
        let data = app.gql(&store.secret, set, json!({ "input": input })).await;
        assert_eq!(data["productSet"]["userErrors"], json!([]));
    }
    (app, store)
}

fn titles(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|node| node["title"].as_str()).collect()
}

#[tokio::test]
async fn a_query_finds_what_is_written_otherwise_in_upper_and_lower_case() {
    let (app, store) = shop().await;
    let (both, first, second) = (vec!["ÜBERZUG", "Пальто"], vec!["ÜBERZUG"], vec!["Пальто"]);
    for (query, expected) in [
        ("vendor:Élan", &both),
        ("vendor:ÉLAN", &both),
        ("vendor:él*", &both),
        ("sku:ÄB-1", &first),
        ("sku:äb*", &first),
        ("tag:Été", &first),
        ("tag:éTÉ", &first),
        ("tag:œUV*", &first),
        ("product_type:ΨΩΜΊ", &first),
        ("title:über", &first),
        ("title:ПАЛЬ*", &second),
        ("überzug", &first),
        ("пальто", &second),
    ] {
        let list = format!("{{ products(first: 9, query: {}) {{ nodes {{ title }} }} }}", json!(query));
        let data = app.gql(&store.secret, &list, json!({})).await;
        assert_eq!(&titles(&data["products"]["nodes"]), expected, "{query}");
    }
}

#[tokio::test]
async fn search_filters_and_recommendations_fold_every_script_too() {
    let (app, store) = shop().await;
    let search = "query($q: String!, $filters: [ProductFilter!]) {
        search(query: $q, first: 9, types: [PRODUCT], productFilters: $filters) { nodes { ... on Product { title } } } }";
    for (words, filter) in [
        ("über", json!({})),
        ("", json!({ "productVendor": "ÉLAN" })),
        ("", json!({ "tag": "été" })),
        ("", json!({ "variantOption": { "name": "Größe", "value": "Übergröße" } })),
        ("", json!({ "variantOption": { "name": "GRÖßE", "value": "übergröße" } })),
    ] {
        let words = if words.is_empty() { "éla" } else { words };
        let data = app.gql(&store.publishable, search, json!({ "q": words, "filters": [filter] })).await;
        assert_eq!(titles(&data["search"]["nodes"]).first(), Some(&"ÜBERZUG"), "{words} {filter}");
    }
    let handle = "{ product(handle: \"uberzug\") { id } }";
    let id = app.gql(&store.publishable, handle, json!({})).await["product"]["id"].take();
    let like = "query($id: ID!) { productRecommendations(productId: $id) { title } }";
    let data = app.gql(&store.publishable, like, json!({ "id": id })).await;
    assert_eq!(titles(&data["productRecommendations"]), ["Пальто"]);
}

#[tokio::test]
async fn lists_are_sorted_by_bytes_whatever_the_clusters_locale() {
    let (app, store) = shop().await;
    let list = "{ products(first: 9, sortKey: VENDOR) { nodes { vendor } } }";
    let data = app.gql(&store.publishable, list, json!({})).await;
    assert_eq!(data["products"]["nodes"], json!([{ "vendor": "elan" }, { "vendor": "Élan" }, { "vendor": "élan" }]));
}
