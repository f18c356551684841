//! The catalogue through the schema: who sees what, lists in every order, whole products.

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use crate::support::{Store, TestApp};

struct Shop {
    app: TestApp,
    store: Store,
}

const PRODUCT_SET: &str = "mutation($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
    productSet(input: $input, identifier: $identifier) {
        product { id handle variants(first: 10) { nodes { id } } }
        userErrors { field message code } } }";

impl Shop {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let store = app.store("acme").await;
        Self { app, store }
    }

    async fn merchant(&self, query: &str, variables: Value) -> Value {
        self.app.gql(&self.store.secret, query, variables).await
    }

    async fn shopper(&self, query: &str, variables: Value) -> Value {
        self.app.gql(&self.store.publishable, query, variables).await
    }

    /// The messages of the errors that a request must have, with their codes.
    async fn errors(&self, key: &str, query: &str) -> Vec<(String, String)> {
        let (_, body) = self.app.post(key, query, json!({})).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let error = |error: &Value| (text(&error["extensions"]["code"]), text(&error["message"]));
        body["errors"].as_array().map(|errors| errors.iter().map(error).collect()).unwrap_or_default()
    }

    async fn set(&self, input: Value) -> Value {
        let data = self.merchant(PRODUCT_SET, json!({ "input": input })).await;
        assert_eq!(data["productSet"]["userErrors"], json!([]), "{input:#}");
        data["productSet"]["product"].clone()
    }

    async fn refused(&self, input: Value) -> Value {
        let data = self.merchant(PRODUCT_SET, json!({ "input": input })).await;
        assert_eq!(data["productSet"]["product"], Value::Null);
        let errors = data["productSet"]["userErrors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| json!([error["field"], error["code"]])).collect()
    }

    /// What no mutation does yet.
    async fn sql(&self, change: &str) {
        crate::support::admin(&self.app.db.name).await.batch_execute(change).await.expect(change);
    }

    async fn location(&self) -> String {
        let data = self.merchant("{ locations(first: 1) { nodes { id } } }", json!({})).await;
        data["locations"]["nodes"][0]["id"].as_str().expect("an id").to_owned()
    }

    /// All titles of a list, page by page.
    async fn titles(&self, field: &str, arguments: &str, forwards: bool) -> Vec<String> {
        let (size, cursor, more) =
            if forwards { ("first", "endCursor", "hasNextPage") } else { ("last", "startCursor", "hasPreviousPage") };
        let bound = if forwards { "after" } else { "before" };
        let query = format!(
            "query($cursor: String) {{ {field}({size}: 2, {bound}: $cursor{arguments}) {{
                edges {{ cursor node {{ title }} }} pageInfo {{ {cursor} {more} }} }} }}"
        );
        let (mut titles, mut at) = (Vec::new(), Value::Null);
        loop {
            let page = self.shopper(&query, json!({ "cursor": at })).await[field].take();
            let nodes = page["edges"].as_array().expect("edges").iter();
            let nodes = nodes.map(|edge| edge["node"]["title"].as_str().expect("a title").to_owned());
            if forwards {
                titles.extend(nodes);
            } else {
                titles.splice(0..0, nodes);
            }
            if page["pageInfo"][more] == json!(false) {
                return titles;
            }
            at = page["pageInfo"][cursor].clone();
        }
    }
}

fn shirt() -> Value {
    json!({
        "handle": "shirt", "title": "Shirt", "descriptionHtml": "<p>Soft &amp; warm</p>", "vendor": "Acme",
        "productType": "Tops", "tags": ["cotton", "summer"], "seo": { "title": "The shirt" },
        "productOptions": [{ "name": "Size", "values": [{ "name": "S" }, { "name": "M" }] }, { "name": "Colour" }],
        "variants": [
            { "optionValues": [{ "optionName": "Size", "name": "S" }, { "optionName": "Colour", "name": "Red" }],
              "price": "10.00", "compareAtPrice": "12.50", "sku": "S-R", "barcode": "123",
              "inventoryItem": { "cost": "4.20", "tracked": true,
                                 "measurement": { "weight": { "value": 0.25, "unit": "KILOGRAMS" } } } },
            { "optionValues": [{ "optionName": "Size", "name": "M" }, { "optionName": "Colour", "name": "Blue" }],
              "price": "11", "inventoryItem": { "tracked": false },
              "file": { "originalSource": "https://img.example/blue.jpg" } },
        ],
        "files": [{ "originalSource": "https://img.example/shirt.jpg", "alt": "A shirt" }],
    })
}

#[tokio::test]
async fn a_new_shop_has_no_products() {
    let shop = Shop::new().await;
    let data = shop
        .shopper("{ products(first: 5) { nodes { id } filters { id } pageInfo { hasNextPage } } }", json!({}))
        .await;
    assert_eq!(data, json!({ "products": { "nodes": [], "filters": [], "pageInfo": { "hasNextPage": false } } }));
}

#[tokio::test]
async fn a_whole_product_reads_back() {
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    let query = r#"{ product(handle: "shirt") {
        title description descriptionHtml vendor productType tags availableForSale isGiftCard requiresSellingPlan
        seo { title description } totalInventory trackingParameters onlineStoreUrl
        options(first: 5) { name values optionValues { name firstSelectableVariant { title } swatch { color } } }
        priceRange { minVariantPrice { amount currencyCode } maxVariantPrice { amount } }
        compareAtPriceRange { minVariantPrice { amount } maxVariantPrice { amount } }
        featuredImage { url(transform: { maxWidth: 100 }) altText width height }
        images(first: 5) { nodes { url } }
        media(first: 5) { nodes { __typename alt mediaContentType ... on MediaImage { image { url } } } }
        metafield(key: "a") { value } metafields(identifiers: [{ key: "a" }, { namespace: "b", key: "c" }]) { value }
        encodedVariantExistence encodedVariantAvailability variantsCount { count }
        sellingPlanGroups(first: 1) { nodes { name } }
        selectedOrFirstAvailableVariant(selectedOptions: []) { title }
        adjacentVariants(selectedOptions: [{ name: "Size", value: "S" }]) { title }
        variantBySelectedOptions(selectedOptions: [{ name: "Size", value: "S" }, { name: "Colour", value: "Red" }]) { sku }
        variants(first: 5) { nodes {
            title sku barcode availableForSale currentlyNotInStock quantityAvailable weight weightUnit taxable
            requiresShipping price { amount } compareAtPrice { amount } unitPrice { amount }
            selectedOptions { name value } image { url } product { handle } quantityRule { minimum increment maximum } } }
    } }"#;
    let data = shop.shopper(query, json!({})).await;
    let expected = json!({
        "title": "Shirt", "description": "Soft & warm", "descriptionHtml": "<p>Soft &amp; warm</p>", "vendor": "Acme",
        "productType": "Tops", "tags": ["cotton", "summer"], "availableForSale": true, "isGiftCard": false,
        "requiresSellingPlan": false, "seo": { "title": "The shirt", "description": null }, "totalInventory": 0,
        "trackingParameters": null, "onlineStoreUrl": data["product"]["onlineStoreUrl"],
        "options": [
            { "name": "Size", "values": ["S", "M"], "optionValues": [
                { "name": "S", "firstSelectableVariant": { "title": "S / Red" }, "swatch": null },
                { "name": "M", "firstSelectableVariant": { "title": "M / Blue" }, "swatch": null } ] },
            { "name": "Colour", "values": ["Red", "Blue"], "optionValues": [
                { "name": "Red", "firstSelectableVariant": { "title": "S / Red" }, "swatch": null },
                { "name": "Blue", "firstSelectableVariant": { "title": "M / Blue" }, "swatch": null } ] },
        ],
        "priceRange": { "minVariantPrice": { "amount": "10.00", "currencyCode": "EUR" }, "maxVariantPrice": { "amount": "11.00" } },
        "compareAtPriceRange": { "minVariantPrice": { "amount": "12.50" }, "maxVariantPrice": { "amount": "12.50" } },
        "featuredImage": { "url": "https://img.example/shirt.jpg", "altText": "A shirt", "width": null, "height": null },
        "images": { "nodes": [{ "url": "https://img.example/shirt.jpg" }, { "url": "https://img.example/blue.jpg" }] },
        "media": { "nodes": [
            { "__typename": "MediaImage", "alt": "A shirt", "mediaContentType": "IMAGE", "image": { "url": "https://img.example/shirt.jpg" } },
            { "__typename": "MediaImage", "alt": null, "mediaContentType": "IMAGE", "image": { "url": "https://img.example/blue.jpg" } } ] },
        "metafield": null, "metafields": [null, null],
        "encodedVariantExistence": "v1_0:0,1:1,", "encodedVariantAvailability": "v1_1:1,", "variantsCount": { "count": 2 },
        "sellingPlanGroups": { "nodes": [] },
        "selectedOrFirstAvailableVariant": { "title": "M / Blue" },
        "adjacentVariants": [{ "title": "M / Blue" }],
        "variantBySelectedOptions": { "sku": "S-R" },
    });
    for (field, expected) in expected.as_object().expect("an object") {
        assert_eq!(data["product"][field], *expected, "{field}");
    }
    let variants = json!({ "nodes": [
            { "title": "S / Red", "sku": "S-R", "barcode": "123", "availableForSale": false, "currentlyNotInStock": false,
              "quantityAvailable": 0, "weight": 0.25, "weightUnit": "KILOGRAMS", "taxable": true, "requiresShipping": true,
              "price": { "amount": "10.00" }, "compareAtPrice": { "amount": "12.50" }, "unitPrice": null,
              "selectedOptions": [{ "name": "Size", "value": "S" }, { "name": "Colour", "value": "Red" }],
              "image": { "url": "https://img.example/shirt.jpg" }, "product": { "handle": "shirt" },
              "quantityRule": { "minimum": 1, "increment": 1, "maximum": null } },
            { "title": "M / Blue", "sku": null, "barcode": null, "availableForSale": true, "currentlyNotInStock": false,
              "quantityAvailable": 0, "weight": 0.0, "weightUnit": "KILOGRAMS", "taxable": true, "requiresShipping": true,
              "price": { "amount": "11.00" }, "compareAtPrice": null, "unitPrice": null,
              "selectedOptions": [{ "name": "Size", "value": "M" }, { "name": "Colour", "value": "Blue" }],
              "image": { "url": "https://img.example/blue.jpg" }, "product": { "handle": "shirt" },
              "quantityRule": { "minimum": 1, "increment": 1, "maximum": null } },
        ] });
    assert_eq!(data["product"]["variants"], variants);
}

#[tokio::test]
async fn shoppers_see_what_is_active_and_published_and_no_more() {
    let shop = Shop::new().await;
    shop.set(json!({ "title": "Shown" })).await;
    let draft = shop.set(json!({ "title": "Draft", "status": "DRAFT", "tags": ["secret"], "vendor": "Hidden" })).await;
    shop.set(json!({ "title": "Archived", "status": "ARCHIVED" })).await;
    let (id, variant) = (draft["id"].clone(), draft["variants"]["nodes"][0]["id"].clone());
    assert_eq!(shop.titles("products", "", true).await, ["Shown"]);
    assert_eq!(shop.titles("products", ", sortKey: TITLE", true).await, ["Shown"]);
    assert_eq!(shop.titles("products", ", query: \"vendor:hidden\"", true).await, Vec::<String>::new());
    let query = r#"query($id: ID!, $variant: ID!) {
        product(id: $id) { id } productByHandle(handle: "draft") { id } node(id: $id) { id } nodes(ids: [$variant]) { id }
        productRecommendations(productId: $id) { id } productTags(first: 5) { nodes } search(query: "draft", first: 1) { totalCount }
        predictiveSearch(query: "draft") { products { id } } }"#;
    let ids = json!({ "id": id, "variant": variant });
    let nothing = json!({ "product": null, "productByHandle": null, "node": null, "nodes": [null],
        "productRecommendations": null, "productTags": { "nodes": [] }, "search": { "totalCount": 0 },
        "predictiveSearch": { "products": [] } });
    assert_eq!(shop.shopper(query, ids.clone()).await, nothing);
    assert_eq!(shop.merchant(query, ids.clone()).await["node"]["id"], id);
    let other = shop.app.store("other").await;
    assert_eq!(shop.app.gql(&other.secret, query, ids).await, nothing, "another tenant's ids are no ids");
}

/// By whatever way one comes.
#[tokio::test]
async fn shoppers_see_nothing_before_its_time_nor_by_way_of_what_is_published() {
    let shop = Shop::new().await;
    let mut products = vec![shop.set(json!({ "title": "Shown" })).await];
    for (title, published_at) in [("Withdrawn", "NULL"), ("Tomorrow", "'2026-06-02T12:00:00Z'")] {
        products.push(shop.set(json!({ "title": title })).await);
        shop.sql(&format!("UPDATE products SET published_at = {published_at} WHERE title = '{title}'")).await;
    }
    products.push(shop.set(json!({ "title": "Draft", "status": "DRAFT" })).await);
    let ids: Vec<_> = products.iter().map(|product| product["id"].clone()).collect();
    let create = "mutation($input: CollectionInput!) { collectionCreate(input: $input) {
        collection { id } userErrors { message } } }";
    let mut collections = Vec::new();
    for title in ["Open", "Closed", "Soon"] {
        let made = shop.merchant(create, json!({ "input": { "title": title, "products": ids } })).await;
        collections.push(made["collectionCreate"]["collection"]["id"].clone());
    }
    shop.sql("UPDATE collections SET published_at = NULL WHERE title = 'Closed'").await;
    shop.sql("UPDATE collections SET published_at = '2026-06-02T12:00:00Z' WHERE title = 'Soon'").await;
    let query = r#"query($products: [ID!]!, $collections: [ID!]!, $closed: ID!) {
        products(first: 9) { nodes { title collections(first: 9) { nodes { title } } } }
        found: products(first: 9, query: "price:>=0") { nodes { title } }
        productNodes: nodes(ids: $products) { ... on Product { title } }
        collections(first: 9) { nodes { title products(first: 9) { nodes { title } } } }
        collectionNodes: nodes(ids: $collections) { ... on Collection { title } }
        closed: collection(id: $closed) { title }
        soon: collectionByHandle(handle: "soon") { title }
        inProducts: sitemap(type: PRODUCT) { resources(page: 1) { items { handle } } }
        inCollections: sitemap(type: COLLECTION) { resources(page: 1) { items { handle } } } }"#;
    let variables = json!({ "products": ids, "collections": collections, "closed": collections[1] });
    let open = json!({ "nodes": [{ "title": "Open" }] });
    assert_eq!(
        shop.shopper(query, variables.clone()).await,
        json!({
            "products": { "nodes": [{ "title": "Shown", "collections": open }] },
            "found": { "nodes": [{ "title": "Shown" }] },
            "productNodes": [{ "title": "Shown" }, null, null, null],
            "collections": { "nodes": [{ "title": "Open", "products": { "nodes": [{ "title": "Shown" }] } }] },
            "collectionNodes": [{ "title": "Open" }, null, null],
            "closed": null, "soon": null,
            "inProducts": { "resources": { "items": [{ "handle": "shown" }] } },
            "inCollections": { "resources": { "items": [{ "handle": "open" }] } },
        })
    );
    let merchants = shop.merchant(query, variables.clone()).await;
    assert_eq!(merchants["closed"]["title"], "Closed");
    let titles = |list: &Value| list["nodes"].as_array().expect("nodes").len();
    assert_eq!((titles(&merchants["products"]), titles(&merchants["collections"])), (4, 3));
    shop.app.clock.advance(chrono::Duration::days(1));
    let next_day = shop.shopper(query, variables).await;
    assert_eq!((titles(&next_day["products"]), titles(&next_day["collections"])), (2, 2), "their time has come");
}

#[tokio::test]
async fn costs_status_and_stock_keeping_are_for_the_merchant() {
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    for fields in [
        "status",
        "variants(first: 1) { nodes { inventoryItem { unitCost { amount } } } }",
        "variants(first: 1) { nodes { inventoryPolicy } }",
        "variants(first: 1) { nodes { inventoryQuantity } }",
    ] {
        let query = format!("{{ product(handle: \"shirt\") {{ {fields} }} }}");
        assert_eq!(shop.errors(&shop.store.publishable, &query).await[0].0, "FORBIDDEN", "{fields}");
        assert_eq!(shop.errors(&shop.store.secret, &query).await, [], "{fields}");
    }
    let query = r#"{ product(handle: "shirt") { status variants(first: 1) { nodes {
        inventoryPolicy inventoryItem { tracked unitCost { amount } measurement { weight { value unit } } } } } } }"#;
    assert_eq!(
        shop.merchant(query, json!({})).await["product"],
        json!({ "status": "ACTIVE", "variants": { "nodes": [{ "inventoryPolicy": "DENY", "inventoryItem": {
            "tracked": true, "unitCost": { "amount": "4.20" },
            "measurement": { "weight": { "value": 0.25, "unit": "KILOGRAMS" } } } }] } })
    );
    for mutation in [
        "productSet(input: { title: \"x\" }) { userErrors { message } }",
        "productDelete(input: { id: \"x\" }) { userErrors { message } }",
        "collectionCreate(input: { title: \"x\" }) { userErrors { message } }",
        "collectionAddProducts(id: \"x\", productIds: []) { userErrors { message } }",
        "inventoryAdjustQuantities(input: { reason: \"x\", changes: [] }) { userErrors { message } }",
    ] {
        let refused = shop.errors(&shop.store.publishable, &format!("mutation {{ {mutation} }}")).await;
        assert_eq!(refused[0].0, "FORBIDDEN", "{mutation}");
    }
}

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
async fn errors_name_the_inputs_items_whatever_their_positions() {
    let shop = Shop::new().await;
    let variant = |size: &str, position: i32, price: &str| json!({ "optionValues": [{ "optionName": "Size", "name": size }], "position": position, "price": price });
    let product = |variants: [Value; 2], values: Value| json!({ "title": "Shirt", "productOptions": [{ "name": "Size", "values": values }], "variants": variants });
    let sizes = json!([{ "name": "S" }, { "name": "M" }]);
    let unreadable = product([variant("S", 2, "x"), variant("M", 1, "1")], sizes.clone());
    assert_eq!(shop.refused(unreadable).await, json!([[["input", "variants", "0", "price"], "INVALID"]]));
    let negative = product([variant("S", 2, "-1"), variant("M", 1, "1")], sizes);
    assert_eq!(shop.refused(negative).await, json!([[["input", "variants", "0", "price"], "INVALID"]]));
    let unnamed = product([variant("S", 2, "1"), variant("M", 1, "1")], json!([{ "name": "S" }, {}]));
    let field = json!(["input", "productOptions", "0", "values", "1", "name"]);
    assert_eq!(shop.refused(unnamed).await, json!([[field, "BLANK"]]));
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
async fn what_one_location_owes_does_not_hide_what_another_has() {
    use diesel_async::RunQueryDsl;
    let shop = Shop::new().await;
    shop.set(shirt()).await;
    let mut admin = crate::support::admin(&shop.app.db.name).await;
    for sql in [
        "INSERT INTO locations SELECT tenant_id, gen_random_uuid(), 'Depot', country, false, created_at, updated_at
            FROM locations",
        "DELETE FROM inventory_levels",
        "INSERT INTO inventory_levels
            SELECT v.tenant_id, v.id, l.id, CASE WHEN l.is_default THEN 5 ELSE -5 END, true, v.updated_at
            FROM product_variants v JOIN locations l ON l.tenant_id = v.tenant_id",
    ] {
        diesel::sql_query(sql).execute(&mut admin).await.expect("stock at two places");
    }
    let query = r#"{ products(first: 1, query: "available_for_sale:true") { nodes { availableForSale
        variants(first: 1) { nodes { availableForSale quantityAvailable } } } } }"#;
    let variants = json!({ "nodes": [{ "availableForSale": true, "quantityAvailable": 5 }] });
    let expected = json!([{ "availableForSale": true, "variants": variants }]);
    assert_eq!(shop.shopper(query, json!({})).await["products"]["nodes"], expected);
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
async fn a_product_is_set_again_under_its_id_or_handle() {
    let shop = Shop::new().await;
    let first = shop.set(shirt()).await;
    let mut again = shirt();
    again["title"] = json!("Better shirt");
    let data = shop.merchant(PRODUCT_SET, json!({ "input": again, "identifier": { "handle": "shirt" } })).await;
    assert_eq!(data["productSet"]["product"], first, "ids stay");
    let renamed = json!({ "handle": "best-shirt", "title": "Best shirt" });
    let data = shop.merchant(PRODUCT_SET, json!({ "input": renamed, "identifier": { "id": first["id"] } })).await;
    assert_eq!(data["productSet"]["product"]["handle"], "best-shirt");
    assert_eq!(data["productSet"]["product"]["variants"], first["variants"], "what is left out stays");
    assert_eq!(shop.titles("products", "", true).await, ["Best shirt"]);
    let deleted =
        "mutation($id: ID!) { productDelete(input: { id: $id }) { deletedProductId userErrors { field code } } }";
    let data = shop.merchant(deleted, json!({ "id": first["id"] })).await;
    assert_eq!(data["productDelete"], json!({ "deletedProductId": first["id"], "userErrors": [] }));
    let data = shop.merchant(deleted, json!({ "id": first["id"] })).await;
    assert_eq!(
        data["productDelete"],
        json!({ "deletedProductId": null, "userErrors": [{ "field": ["input", "id"], "code": "NOT_FOUND" }] })
    );
}

#[tokio::test]
async fn a_product_that_cannot_be_is_refused_with_the_place_where() {
    let shop = Shop::new().await;
    assert_eq!(shop.refused(json!({})).await, json!([[["input", "title"], "BLANK"]]));
    assert_eq!(shop.refused(json!({ "title": "x", "handle": "a b" })).await, json!([[["input", "handle"], "INVALID"]]));
    assert_eq!(shop.refused(json!({ "title": "x".repeat(256) })).await, json!([[["input", "title"], "TOO_LONG"]]));
    let money = json!({ "title": "x", "variants": [{ "price": "1.999" }, { "price": "free" }] });
    assert_eq!(
        shop.refused(money).await,
        json!([[["input", "variants", "0", "price"], "INVALID"], [["input", "variants", "1", "price"], "INVALID"]])
    );
    let mut four = shirt();
    four["productOptions"] = (0..4).map(|n| json!({ "name": format!("O{n}") })).collect();
    assert_eq!(shop.refused(four).await, json!([[["input", "productOptions"], "TOO_MANY"]]));
    let twice = json!({ "title": "x", "productOptions": [{ "name": "Size" }], "variants": [
        { "optionValues": [{ "optionName": "Size", "name": "S" }] }, { "optionValues": [{ "optionName": "size", "name": "s" }] }] });
    assert_eq!(shop.refused(twice).await, json!([[["input", "variants", "1"], "DUPLICATE_VARIANT"]]));
    let unknown = json!({ "title": "x", "id": "gid://emporia/Page/0190a4c8-3f7e-7d7a-8b9e-1a2b3c4d5e6f" });
    assert_eq!(shop.refused(unknown).await, json!([[["input", "id"], "NOT_FOUND"]]));
    shop.set(shirt()).await;
    assert_eq!(shop.refused(shirt()).await, json!([[["input", "handle"], "HANDLE_TAKEN"]]));
    let image = |url: &str| json!({ "originalSource": url });
    let files = [image("https://x.example/1.jpg"), image("https://x.example/1.jpg"), image("ftp://x.example/2.jpg")];
    let field = json!(["input", "files", "2", "originalSource"]);
    assert_eq!(shop.refused(json!({ "title": "x", "files": files })).await, json!([[field, "INVALID"]]));
    let units = json!({ "locationId": shop.location().await, "name": "available", "quantity": 1_000_000_000 });
    let twice = json!({ "title": "x", "variants": [{ "inventoryQuantities": [units, units] }] });
    let field = json!(["input", "variants", "0", "inventoryQuantities", "1", "locationId"]);
    assert_eq!(shop.refused(twice).await, json!([[field, "INVALID"]]));
}

#[tokio::test]
async fn stock_is_adjusted_by_item_and_location() {
    let shop = Shop::new().await;
    let product = shop.set(shirt()).await;
    let (variant, location) = (product["variants"]["nodes"][0]["id"].clone(), shop.location().await);
    let item = json!(variant.as_str().expect("an id").replace("ProductVariant", "InventoryItem"));
    let adjust = "mutation($input: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $input) {
        inventoryAdjustmentGroup { reason referenceDocumentUri } userErrors { field code message } } }";
    let input = |id: &Value, delta: i32| {
        json!({ "input": { "reason": "received", "name": "available", "referenceDocumentUri": "delivery:7",
            "changes": [{ "inventoryItemId": id, "locationId": location, "delta": delta }] } })
    };
    let done = json!({ "inventoryAdjustmentGroup": { "reason": "received", "referenceDocumentUri": "delivery:7" }, "userErrors": [] });
    assert_eq!(shop.merchant(adjust, input(&item, 5)).await["inventoryAdjustQuantities"], done);
    assert_eq!(shop.merchant(adjust, input(&variant, -2)).await["inventoryAdjustQuantities"], done);
    let refused = shop.merchant(adjust, input(&item, -4)).await["inventoryAdjustQuantities"].take();
    assert_eq!(
        refused,
        json!({ "inventoryAdjustmentGroup": null, "userErrors": [
            { "field": ["input", "changes", "0", "delta"], "code": "NOT_ENOUGH", "message": "only 3 left" }] })
    );
    let refused = shop.merchant(adjust, input(&product["id"], 1)).await["inventoryAdjustQuantities"].take();
    assert_eq!(refused["userErrors"][0]["code"], "INVALID_INVENTORY_ITEM");
    for (key, value, code) in [("reason", json!("  "), "INVALID_REASON"), ("changes", json!([]), "BLANK")] {
        let mut input = input(&item, 1);
        input["input"][key] = value;
        let refused = shop.merchant(adjust, input).await["inventoryAdjustQuantities"].take();
        assert_eq!(
            refused["userErrors"],
            json!([{ "field": ["input", key], "code": code, "message": refused["userErrors"][0]["message"] }])
        );
    }
    let query = r#"{ product(handle: "shirt") { totalInventory variants(first: 1) { nodes { quantityAvailable availableForSale } } } }"#;
    assert_eq!(
        shop.shopper(query, json!({})).await["product"],
        json!({ "totalInventory": 3, "variants": { "nodes": [{ "quantityAvailable": 3, "availableForSale": true }] } })
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
