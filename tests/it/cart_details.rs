//! What a cart says beside its lines: who buys, notes, where it is checked out, and what it says of nothing.

use emporia::cart;
use emporia::cart::key::CartKey;
use emporia::error::Fault;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cart::{Shopper, as_pair, line, refusal};
use crate::cart_delivery::address;
use crate::support::Goods;

#[tokio::test]
async fn who_buys_changes_part_by_part() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let id = &cart["id"];
    let set = async |buyer: Value| {
        let arguments = [("cartId", "ID!", id.clone()), ("buyerIdentity", "CartBuyerIdentityInput!", buyer)];
        shopper.run("cartBuyerIdentityUpdate", &arguments).await
    };
    let read = async || {
        let query = "query($id: ID!) { cart(id: $id) { buyerIdentity { email phone countryCode customer { id } } } }";
        shopper.app.gql(&shopper.store.publishable, query, json!({ "id": id })).await["cart"]["buyerIdentity"].take()
    };
    set(json!({ "email": "ada@example.org", "phone": "+49 30 123456", "countryCode": "DE" })).await;
    set(json!({ "email": null, "countryCode": "FR" })).await;
    assert_eq!(read().await, json!({ "email": null, "phone": "+49 30 123456", "countryCode": "FR", "customer": null }));
    for (buyer, field, code) in [
        (json!({ "email": "ada" }), "email", "INVALID"),
        (json!({ "phone": "call me" }), "phone", "INVALID"),
        (json!({ "customerAccessToken": "t" }), "customerAccessToken", "INVALID"),
        (json!({ "companyLocationId": "c" }), "companyLocationId", "INVALID_COMPANY_LOCATION"),
    ] {
        assert_eq!(refusal(&set(buyer).await), as_pair(&format!("buyerIdentity.{field}"), code));
    }
    assert_eq!(read().await["phone"], "+49 30 123456");
    let in_context = "mutation @inContext(country: AT) { cartCreate { cart { buyerIdentity { countryCode } } } }";
    let data = shopper.app.gql(&shopper.store.publishable, in_context, json!({})).await;
    assert_eq!(data["cartCreate"]["cart"]["buyerIdentity"]["countryCode"], "AT");
}

#[tokio::test]
async fn notes_and_remarks_have_bounds() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let id = &cart["id"];
    let note = async |note: String| {
        shopper.run("cartNoteUpdate", &[("cartId", "ID!", id.clone()), ("note", "String!", json!(note))]).await
    };
    assert_eq!(note("ä".repeat(5000)).await["userErrors"], json!([]));
    assert_eq!(refusal(&note("ä".repeat(5001)).await), as_pair("note", "NOTE_TOO_LONG"));
    let remarks = async |pairs: Value| {
        let arguments = [("cartId", "ID!", id.clone()), ("attributes", "[AttributeInput!]!", pairs)];
        shopper.run("cartAttributesUpdate", &arguments).await
    };
    let pair = |key: &str, value: &str| json!({ "key": key, "value": value });
    assert_eq!(remarks(json!([pair("a", "1"), pair("b", "\u{1}\""), pair("a", "2")])).await["userErrors"], json!([]));
    let read = "query($id: ID!) { cart(id: $id) { attributes { key value } attribute(key: \"a\") { value } } }";
    let data = shopper.app.gql(&shopper.store.publishable, read, json!({ "id": id })).await;
    assert_eq!(data["cart"]["attributes"], json!([pair("a", "2"), pair("b", "\u{1}\"")]));
    assert_eq!(data["cart"]["attribute"]["value"], "2");
    // As large as they can be, and made of what takes the most room when it is escaped.
    let large: Vec<Value> = (0..4).map(|n| pair(&n.to_string(), &"\u{1}".repeat(4000))).collect();
    assert_eq!(remarks(json!(large)).await["userErrors"], json!([]));
    let larger: Vec<Value> = (0..4).map(|n| pair(&n.to_string(), &"x".repeat(5000))).collect();
    assert_eq!(refusal(&remarks(json!(larger)).await), as_pair("attributes", "MAXIMUM_EXCEEDED"));
}

#[tokio::test]
async fn what_has_no_data_behind_it_says_so() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let id = ("cartId", "ID!", cart["id"].clone());
    let codes = ("discountCodes", "[String!]!", json!(["SUMMER", "summer", "", "WINTER"]));
    let payload = shopper.run("cartDiscountCodesUpdate", &[id.clone(), codes]).await;
    assert_eq!(payload["warnings"].as_array().map(Vec::len), Some(2));
    let read = "query($id: ID!) { cart(id: $id) { discountCodes { code applicable } appliedGiftCards { id } } }";
    let data = shopper.app.gql(&shopper.store.publishable, read, json!({ "id": cart["id"] })).await;
    let kept = json!([{ "code": "SUMMER", "applicable": false }, { "code": "WINTER", "applicable": false }]);
    assert_eq!(data["cart"], json!({ "discountCodes": kept, "appliedGiftCards": [] }));
    for field in ["cartGiftCardCodesUpdate", "cartGiftCardCodesAdd"] {
        let payload = shopper.run(field, &[id.clone(), ("giftCardCodes", "[String!]!", json!(["X"]))]).await;
        assert_eq!(refusal(&payload), as_pair("giftCardCodes.0", "INVALID"));
        let payload = shopper.run(field, &[id.clone(), ("giftCardCodes", "[String!]!", json!([]))]).await;
        assert_eq!(payload["cart"]["id"], cart["id"]);
    }
    let payload = shopper.run("cartGiftCardCodesRemove", &[id, ("appliedGiftCardIds", "[ID!]!", json!(["X"]))]).await;
    assert_eq!(refusal(&payload), as_pair("appliedGiftCardIds.0", "INVALID"));
    let metafields = "mutation($id: ID!) {
        cartMetafieldsSet(metafields: [{ ownerId: $id, key: \"k\", type: \"t\", value: \"v\" }]) {
            metafields { id } userErrors { code elementIndex } }
        cartMetafieldDelete(input: { ownerId: $id, key: \"k\" }) { deletedId userErrors { code } } }";
    let data = shopper.app.gql(&shopper.store.publishable, metafields, json!({ "id": cart["id"] })).await;
    assert_eq!(data["cartMetafieldsSet"]["userErrors"], json!([{ "code": "INVALID_OWNER", "elementIndex": 0 }]));
    assert_eq!(data["cartMetafieldDelete"]["userErrors"], json!([{ "code": "METAFIELD_DOES_NOT_EXIST" }]));
}

#[tokio::test]
async fn a_completed_cart_reads_as_null_and_takes_no_change() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let key = CartKey::parse(cart["id"].as_str().expect("an id")).expect("a key");
    let now = shopper.app.app.clock.now();
    let completed: Result<(), Fault> = shopper
        .app
        .app
        .db
        .tenant(shopper.store.tenant)
        .write(async |tx| Ok(cart::store::complete(tx, key.id, Uuid::now_v7(), now)?))
        .await;
    completed.expect("a cart");
    assert_eq!(shopper.read(&cart["id"]).await, Value::Null);
    let arguments = [("cartId", "ID!", cart["id"].clone()), ("note", "String!", json!("late"))];
    assert_eq!(refusal(&shopper.run("cartNoteUpdate", &arguments).await), as_pair("cartId", "INVALID"));
    assert_eq!(refusal(&shopper.choose(&cart["id"], &json!("g"), &json!("h")).await), as_pair("cartId", "INVALID"));
}

#[tokio::test]
async fn a_cart_is_checked_out_on_the_built_in_page_unless_the_merchant_has_one() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let key = CartKey::parse(cart["id"].as_str().expect("an id")).expect("a key");
    let query = "query($id: ID!) { cart(id: $id) { checkoutUrl } }";
    let read = shopper.app.gql(&shopper.store.publishable, query, json!({ "id": cart["id"] })).await;
    let built_in = format!("http://127.0.0.1:8000/checkout/{}/{}?key={}", shopper.store.tenant, key.id, key.reveal());
    assert_eq!(read["cart"]["checkoutUrl"], built_in);
}

#[tokio::test]
async fn everything_that_storefronts_select_of_a_cart_is_there() {
    let shopper = Shopper::new().await;
    shopper.deliver().await;
    let mug = shopper.shelve(Goods::new(100)).await;
    let cart = shopper.cart(&[line(&mug, 1)]).await;
    shopper.address(&cart["id"], json!([address("Jena", "DE")])).await;
    let query = "query($id: ID!, $n: Int) { cart(id: $id) { ...CartApi } }
        fragment Money on MoneyV2 { currencyCode amount }
        fragment CartLine on CartLine { id quantity attributes { key value } instructions { canRemove canUpdateQuantity }
          cost { totalAmount { ...Money } amountPerQuantity { ...Money } compareAtAmountPerQuantity { ...Money } subtotalAmount { ...Money } }
          estimatedCost { amount { ...Money } }
          discountAllocations { discountedAmount { ...Money } ... on CartCodeDiscountAllocation { code } ... on CartAutomaticDiscountAllocation { title } }
          sellingPlanAllocation { sellingPlan { name } }
          merchandise { ... on ProductVariant { id title } } parentRelationship { parent { id } } }
        fragment Bundle on ComponentizableCartLine { id quantity cost { totalAmount { ...Money } }
          merchandise { ... on ProductVariant { id } } lineComponents { ...CartLine } }
        fragment CartApi on Cart { __typename updatedAt createdAt id
          appliedGiftCards { id lastCharacters amountUsed { ...Money } } checkoutUrl totalQuantity
          buyerIdentity { countryCode customer { id email firstName lastName displayName } email phone
            deliveryAddressPreferences { ... on MailingAddress { city } } preferences { wallet } purchasingCompany { company { id } } }
          lines(first: $n) { nodes { __typename id quantity cost { totalAmount { ...Money } } ...CartLine } nodes { ...Bundle }
            edges { cursor node { id } } pageInfo { hasNextPage } }
          cost { subtotalAmount { ...Money } totalAmount { ...Money } totalDutyAmount { ...Money } totalTaxAmount { ...Money }
            checkoutChargeAmount { ...Money } subtotalAmountEstimated }
          estimatedCost { totalAmount { ...Money } }
          note attributes { key value } discountCodes { code applicable } discountAllocations { discountedAmount { ...Money } }
          delivery { addresses(selected: true) { id selected oneTimeUse address { ... on CartDeliveryAddress { city name formatted } } } }
          deliveryGroups(first: 5, withCarrierRates: true) { edges { node { id deliveryOptions { code description handle title } } } }
          metafield(namespace: \"a\", key: \"b\") { value } metafields(identifiers: [{ key: \"b\" }]) { value } }";
    let data = shopper.app.gql(&shopper.store.publishable, query, json!({ "id": cart["id"], "n": 100 })).await;
    let nodes = &data["cart"]["lines"]["nodes"];
    assert_eq!(
        (&nodes[0]["__typename"], &nodes[0]["cost"]["totalAmount"]["amount"]),
        (&json!("CartLine"), &json!("1.00"))
    );
    assert_eq!(data["cart"]["cost"]["totalTaxAmount"], Value::Null);
    assert_eq!(data["cart"]["delivery"]["addresses"][0]["address"]["city"], "Jena");
}
