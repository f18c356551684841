//! Lists of products, their order, cursors and search, and collections, which are lists of a merchant's choice.

use serde_json::{Value, json};

use crate::catalog::{Shop, shirt};

#[tokio::test]
async fn lists_come_in_every_order_and_both_directions_without_gap_or_overlap() {
    let shop = Shop::new().await;
    // Ties in every key but the title.
    for (title, vendor, kind, price) in [
        ("Dot", "Beta", "Cup", "3.00"),
        ("Ant", "Acme", "Cup", "1.00"),
        ("Cat", "Acme", "Bowl", "2.00"),
        ("Bee", "Acme", "Bowl", "3.00"),
        ("Eel", "Beta", "Cup", "1.00"),
    ] {
        let variants = json!([{ "price": price }]);
        shop.set(json!({ "title": title, "vendor": vendor, "productType": kind, "variants": variants })).await;
        shop.app.clock.advance(chrono::Duration::seconds(1));
    }
    let by_age = ["Dot", "Ant", "Cat", "Bee", "Eel"];
    for (key, expected) in [
        ("ID", by_age),
        ("BEST_SELLING", by_age),
        ("RELEVANCE", by_age),
        ("CREATED_AT", by_age),
        ("UPDATED_AT", by_age),
        ("TITLE", ["Ant", "Bee", "Cat", "Dot", "Eel"]),
        ("VENDOR", ["Ant", "Cat", "Bee", "Dot", "Eel"]),
        ("PRODUCT_TYPE", ["Cat", "Bee", "Dot", "Ant", "Eel"]),
        ("PRICE", ["Ant", "Eel", "Cat", "Dot", "Bee"]),
    ] {
        let reversed: Vec<_> = expected.iter().rev().copied().collect();
        for forwards in [true, false] {
            let sorted = format!(", sortKey: {key}");
            assert_eq!(shop.titles("products", &sorted, forwards).await, expected, "{key} {forwards}");
            let sorted = format!(", sortKey: {key}, reverse: true");
            assert_eq!(shop.titles("products", &sorted, forwards).await, reversed, "{key} {forwards}");
        }
    }
}

#[tokio::test]
async fn a_query_narrows_a_list_or_says_what_is_wrong_with_it() {
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    shop.set(
        json!({ "title": "Red_Mug 100%", "vendor": "Beta & Sons", "productType": "Cups", "tags": ["Cotton wool"] }),
    )
    .await;
    for (query, expected) in [
        ("tag:Cotton", vec!["Shirt"]),
        ("tag:'cotton wool'", vec!["Red_Mug 100%"]),
        ("tag:wool", vec![]),
        ("vendor:'beta & sons'", vec!["Red_Mug 100%"]),
        ("product_type:tops AND vendor:acme", vec!["Shirt"]),
        ("product_type:tops vendor:beta", vec![]),
        ("title:SHI", vec!["Shirt"]),
        ("title:'100%'", vec!["Red_Mug 100%"]),
        ("title:'%'", vec!["Red_Mug 100%"]),
        ("title:'_'", vec!["Red_Mug 100%"]),
        ("available_for_sale:true", vec!["Shirt"]),
        ("available_for_sale:false", vec!["Red_Mug 100%"]),
        ("sum", vec!["Shirt"]),
        ("", vec!["Shirt", "Red_Mug 100%"]),
    ] {
        assert_eq!(shop.titles("products", &format!(", query: {}", json!(query)), true).await, expected, "{query}");
    }
    let wrong = shop.errors(&shop.store.publishable, r#"{ products(first: 1, query: "a OR") { nodes { id } } }"#).await;
    let message = "`query`, character 5: a term is missing at the end".to_owned();
    assert_eq!(wrong, [("BAD_USER_INPUT".to_owned(), message)]);
}

#[tokio::test]
async fn every_list_understands_the_whole_search_syntax() {
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    shop.app.clock.advance(chrono::Duration::days(2));
    let mug = json!({ "title": "Blue Mug", "vendor": "Beta", "tags": ["sale"], "status": "DRAFT", "handle": "mug",
        "variants": [{ "price": "7.50", "sku": "MUG-1", "barcode": "4006" }] });
    let id = shop.set(mug).await["id"].as_str().expect("an id").to_owned();
    let by_id = format!("id:{id}");
    let (shirt, mug, both) = (vec!["Shirt"], vec!["Blue Mug"], vec!["Shirt", "Blue Mug"]);
    for (query, expected) in [
        ("shirt OR mug", &both),
        ("tag:sale OR vendor:acme", &both),
        ("NOT tag:sale", &shirt),
        ("-vendor:acme", &mug),
        ("tag_not:sale", &shirt),
        ("(shirt OR mug) AND -shirt", &mug),
        ("vendor:be*", &mug),
        ("tag:sal*", &mug),
        ("title:mu*", &mug),
        ("title:ug*", &vec![]),
        ("blu* mu*", &mug),
        ("sku:mug-1", &mug),
        ("sku:MUG*", &mug),
        ("barcode:4006", &mug),
        ("handle:mug", &mug),
        ("status:draft", &mug),
        ("status:active", &shirt),
        ("price:<10", &mug),
        ("price:>=7.50 price:<=7.5", &mug),
        ("price:>7.50", &shirt),
        ("created_at:2026-06-01", &shirt),
        ("created_at:>2026-06-01", &mug),
        ("updated_at:>=2026-06-03T12:00:00Z", &mug),
        (by_id.as_str(), &mug),
        ("\"blue mug\"", &mug),
        ("\"mug blue\"", &vec![]),
    ] {
        let list = format!("{{ products(first: 9, query: {}) {{ nodes {{ title }} }} }}", json!(query));
        let data = shop.app.gql(&shop.store.secret, &list, json!({})).await;
        let nodes = data["products"]["nodes"].as_array().expect("a list");
        let titles: Vec<_> = nodes.iter().map(|node| node["title"].as_str().expect("a title")).collect();
        assert_eq!(&titles, expected, "{query}");
    }
    for list in ["products", "collections", "pages", "orders"] {
        let query = format!("{{ {list}(first: 1, query: \"a colour:blue\") {{ nodes {{ id }} }} }}");
        let wrong = shop.errors(&shop.store.secret, &query).await;
        let (code, message) = &wrong[0];
        assert_eq!(code, "BAD_USER_INPUT");
        assert!(message.starts_with("`query`, character 3: there is no field \"colour\"; there are "), "{message}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    let list = |sort: &str, after: &str| {
        format!("{{ products(first: 1, sortKey: {sort}, after: {after}) {{ pageInfo {{ endCursor }} }} }}")
    };
    let data = shop.shopper(&list("TITLE", "null"), json!({})).await;
    let cursor = data["products"]["pageInfo"]["endCursor"].to_string();
    assert_eq!(
        shop.shopper(&list("TITLE", &cursor), json!({})).await["products"]["pageInfo"]["endCursor"],
        Value::Null
    );
    for sort in ["VENDOR", "ID", "PRICE"] {
        let wrong = shop.errors(&shop.store.publishable, &list(sort, &cursor)).await;
        let message = "`after` is a cursor of a list that is sorted otherwise".to_owned();
        assert_eq!(wrong, [("BAD_USER_INPUT".to_owned(), message)], "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_that_this_list_cannot_have_given_out_is_refused() {
    use base64::Engine;
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    let lists = [
        ("products", "PRICE", "price", json!("abc")),
        ("products", "TITLE", "title", json!("\0")),
        ("products", "CREATED_AT", "created_at", json!("soon")),
        ("pages", "TITLE", "title", json!("\0")),
        ("orders", "ORDER_NUMBER", "number", json!("4000000000")),
    ];
    for (list, key, sort, value) in lists {
        let cursor = json!({ "s": sort, "v": value, "i": "0190a4c8-3f7e-7d7a-8b9e-1a2b3c4d5e6f" }).to_string();
        let cursor = json!(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(cursor));
        let query = format!("{{ {list}(first: 1, sortKey: {key}, after: {cursor}) {{ nodes {{ id }} }} }}");
        let wrong = shop.errors(&shop.store.secret, &query).await;
        let message = "`after` is not a cursor of this connection".to_owned();
        assert_eq!(wrong, [("BAD_USER_INPUT".to_owned(), message)], "{list} by {key}");
    }
}

#[tokio::test]
async fn a_collection_keeps_the_merchants_order() {
    let shop = Shop::new().await;
    let mut ids = Vec::new();
    for (title, price) in [("B", "3.00"), ("A", "2.00"), ("C", "1.00"), ("D", "1.00")] {
        ids.push(
            shop.set(json!({ "title": title, "tags": [title], "variants": [{ "price": price }] })).await["id"].clone(),
        );
    }
    let create = "mutation($input: CollectionInput!) { collectionCreate(input: $input) {
        collection { id handle title description image { url altText } } userErrors { field code } } }";
    let input = json!({ "title": "Best of", "descriptionHtml": "<b>Good</b>", "products": [ids[2], ids[0]],
        "image": { "src": "https://img.example/best.jpg", "altText": "Best" } });
    let created = shop.merchant(create, json!({ "input": input })).await["collectionCreate"].take();
    assert_eq!(created["userErrors"], json!([]));
    let collection = &created["collection"];
    assert_eq!((&collection["handle"], &collection["description"]), (&json!("best-of"), &json!("Good")));
    let add = "mutation($id: ID!, $ids: [ID!]!) { collectionAddProducts(id: $id, productIds: $ids) {
        collection { id } userErrors { field code } } }";
    let added = shop.merchant(add, json!({ "id": collection["id"], "ids": [ids[3], ids[2], ids[1]] })).await;
    assert_eq!(added["collectionAddProducts"]["userErrors"], json!([]));

    let titles = async |arguments: &str| -> Vec<String> {
        let (mut titles, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let query = format!(
                "query($after: String) {{ collection(handle: \"best-of\") {{ products(first: 1, after: $after{arguments}) {{
                    nodes {{ title }} pageInfo {{ endCursor hasNextPage }} }} }} }}"
            );
            let page = shop.shopper(&query, json!({ "after": cursor })).await["collection"]["products"].take();
            titles.extend(
                page["nodes"]
                    .as_array()
                    .expect("nodes")
                    .iter()
                    .map(|node| node["title"].as_str().expect("a title").to_owned()),
            );
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                return titles;
            }
            cursor = page["pageInfo"]["endCursor"].clone();
        }
    };
    assert_eq!(titles("").await, ["C", "B", "D", "A"]);
    assert_eq!(titles(", reverse: true").await, ["A", "D", "B", "C"]);
    assert_eq!(titles(", sortKey: TITLE").await, ["A", "B", "C", "D"]);
    assert_eq!(titles(", sortKey: PRICE").await, ["C", "D", "A", "B"]);
    assert_eq!(titles(", sortKey: CREATED, reverse: true").await, ["D", "C", "A", "B"]);
    assert_eq!(titles(", filters: [{ tag: \"a\" }, { tag: \"b\" }]").await, ["B", "A"]);
    assert_eq!(titles(", filters: [{ price: { min: 1.5, max: 2.5 } }]").await, ["A"]);
    assert_eq!(
        titles(", sortKey: TITLE, filters: [{ price: { max: 2 } }, { available: false }]").await,
        ["A", "C", "D"]
    );
    assert_eq!(
        titles(", filters: [{ productMetafield: { namespace: \"a\", key: \"b\", value: \"c\" } }]").await,
        Vec::<String>::new()
    );
    let query = r#"{ product(handle: "a") { collections(first: 5) { nodes { title } } } collections(first: 5, sortKey: TITLE) { nodes { title } } }"#;
    let held = json!({ "nodes": [{ "title": "Best of" }] });
    assert_eq!(
        shop.shopper(query, json!({})).await,
        json!({ "product": { "collections": held }, "collections": held })
    );

    let again = shop.merchant(create, json!({ "input": { "title": "Best of", "handle": "best-of" } })).await;
    assert_eq!(
        again["collectionCreate"]["userErrors"],
        json!([{ "field": ["input", "handle"], "code": "HANDLE_TAKEN" }])
    );
    let unknown = shop.merchant(add, json!({ "id": collection["id"], "ids": [ids[0], collection["id"]] })).await;
    assert_eq!(
        unknown["collectionAddProducts"]["userErrors"],
        json!([{ "field": ["productIds", "1"], "code": "NOT_FOUND" }])
    );
}

#[tokio::test]
async fn search_finds_what_has_all_the_words() {
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    shop.set(json!({ "title": "Mug", "vendor": "Acme", "productType": "Cups" })).await;
    let search = "query($q: String!, $hide: SearchUnavailableProductsType) {
        search(query: $q, first: 5, types: [PRODUCT], unavailableProducts: $hide) {
            totalCount nodes { ... on Product { title } } edges { cursor } pageInfo { hasNextPage } productFilters { id } } }";
    let found = async |words: &str, hide: Value| {
        let data = shop.shopper(search, json!({ "q": words, "hide": hide })).await["search"].take();
        (data["totalCount"].clone(), data["nodes"].clone())
    };
    assert_eq!(found("acme", Value::Null).await, (json!(2), json!([{ "title": "Shirt" }, { "title": "Mug" }])));
    assert_eq!(found("acme", json!("HIDE")).await, (json!(1), json!([{ "title": "Shirt" }])));
    assert_eq!(found("acme cotton:", Value::Null).await, (json!(0), json!([])));
    assert_eq!(found("ACME cott", Value::Null).await, (json!(1), json!([{ "title": "Shirt" }])));
    let data = shop
        .shopper(
            r#"{ predictiveSearch(query: "mu", limit: 3, limitScope: EACH, types: [PRODUCT, QUERY]) {
                products { title } collections { id } pages { id } articles { id } queries { text } }
               productTypes(first: 5) { edges { node } } productTags(first: 1) { nodes pageInfo { hasNextPage } }
               productRecommendations(productId: "gid://x/Product/nothing") { id } }"#,
            json!({}),
        )
        .await;
    assert_eq!(
        data,
        json!({ "predictiveSearch": { "products": [{ "title": "Mug" }], "collections": [], "pages": [], "articles": [], "queries": [] },
            "productTypes": { "edges": [{ "node": "Cups" }, { "node": "Tops" }] },
            "productTags": { "nodes": ["cotton"], "pageInfo": { "hasNextPage": true } }, "productRecommendations": null })
    );
}
