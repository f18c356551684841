//! What merchants set: whole products, again and again, and their stock.

use serde_json::{Value, json};

use crate::catalog::{PRODUCT_SET, Shop, shirt};

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
