//! The catalogue through the schema: who sees what, and whole products.

use diesel_async::SimpleAsyncConnection;
use serde_json::{Value, json};

use crate::support::{Store, TestApp};

pub struct Shop {
    pub app: TestApp,
    pub store: Store,
}

pub const PRODUCT_SET: &str = "mutation($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
    productSet(input: $input, identifier: $identifier) {
        product { id handle variants(first: 10) { nodes { id } } }
        userErrors { field message code } } }";

impl Shop {
    pub async fn new() -> Self {
        let app = TestApp::new().await;
        let store = app.store("acme").await;
        Self { app, store }
    }

    pub async fn merchant(&self, query: &str, variables: Value) -> Value {
        self.app.gql(&self.store.secret, query, variables).await
    }

    pub async fn shopper(&self, query: &str, variables: Value) -> Value {
        self.app.gql(&self.store.publishable, query, variables).await
    }

    /// The messages of the errors that a request must have, with their codes.
    pub async fn errors(&self, key: &str, query: &str) -> Vec<(String, String)> {
        let (_, body) = self.app.post(key, query, json!({})).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let error = |error: &Value| (text(&error["extensions"]["code"]), text(&error["message"]));
        body["errors"].as_array().map(|errors| errors.iter().map(error).collect()).unwrap_or_default()
    }

    pub async fn set(&self, input: Value) -> Value {
        let data = self.merchant(PRODUCT_SET, json!({ "input": input })).await;
        assert_eq!(data["productSet"]["userErrors"], json!([]), "{input:#}");
        data["productSet"]["product"].clone()
    }

    pub async fn refused(&self, input: Value) -> Value {
        let data = self.merchant(PRODUCT_SET, json!({ "input": input })).await;
        assert_eq!(data["productSet"]["product"], Value::Null);
        let errors = data["productSet"]["userErrors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| json!([error["field"], error["code"]])).collect()
    }

    /// What no mutation does yet.
    pub async fn sql(&self, change: &str) {
        crate::support::admin(&self.app.db.name).await.batch_execute(change).await.expect(change);
    }

    pub async fn location(&self) -> String {
        let data = self.merchant("{ locations(first: 1) { nodes { id } } }", json!({})).await;
        data["locations"]["nodes"][0]["id"].as_str().expect("an id").to_owned()
    }

    /// All titles of a list, page by page.
    pub async fn titles(&self, field: &str, arguments: &str, forwards: bool) -> Vec<String> {
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

pub fn shirt() -> Value {
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
