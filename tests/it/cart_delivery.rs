//! Where a cart goes and what that costs: addresses, delivery groups, options.

use serde_json::{Value, json};

use crate::cart::{Shopper, as_pair, line, refusal};
use crate::support::Goods;

const DELIVERY: &str = "query($id: ID!) { cart(id: $id) { cost { totalAmount { amount } totalAmountEstimated }
    delivery { addresses { id selected oneTimeUse address { ... on CartDeliveryAddress { city countryCode } } } }
    deliveryGroups { nodes { id groupType deliveryAddress { city countryCodeV2 formatted }
        deliveryOptions { handle title estimatedCost { amount } deliveryMethodType }
        selectedDeliveryOption { handle title } cartLines(first: 9) { nodes { quantity } } } } } }";

impl Shopper {
    pub async fn delivery(&self, id: &Value) -> Value {
        self.app.gql(&self.store.publishable, DELIVERY, json!({ "id": id })).await["cart"].take()
    }

    pub async fn address(&self, id: &Value, addresses: Value) -> Value {
        let addresses = ("addresses", "[CartSelectableAddressInput!]!", addresses);
        self.run("cartDeliveryAddressesAdd", &[("cartId", "ID!", id.clone()), addresses]).await
    }

    pub async fn choose(&self, id: &Value, group: &Value, handle: &Value) -> Value {
        let chosen = json!([{ "deliveryGroupId": group, "deliveryOptionHandle": handle }]);
        let chosen = ("selectedDeliveryOptions", "[CartSelectedDeliveryOptionInput!]!", chosen);
        self.run("cartSelectedDeliveryOptionsUpdate", &[("cartId", "ID!", id.clone()), chosen]).await
    }
}

pub fn address(city: &str, country: &str) -> Value {
    json!({ "address": { "deliveryAddress": { "city": city, "countryCode": country } } })
}

#[tokio::test]
async fn the_cheapest_option_is_selected_until_the_buyer_chooses_another() {
    let shopper = Shopper::new().await;
    shopper.deliver().await;
    let mug = shopper.shelve(Goods::new(1000)).await;
    let cart = shopper.cart(&[line(&mug, 1)]).await;
    let id = &cart["id"];
    let before = shopper.delivery(id).await;
    assert_eq!(before["deliveryGroups"]["nodes"], json!([]));
    assert_eq!(before["cost"], json!({ "totalAmount": { "amount": "10.00" }, "totalAmountEstimated": true }));

    let payload = shopper.address(id, json!([address("Jena", "DE")])).await;
    assert_eq!(payload["cart"]["cost"]["totalAmount"]["amount"], "14.90");
    let with_address = shopper.delivery(id).await;
    let group = &with_address["deliveryGroups"]["nodes"][0];
    assert_eq!(group["deliveryAddress"]["formatted"], json!(["Jena", "Germany"]));
    assert_eq!(group["selectedDeliveryOption"]["title"], "Standard");
    let express = &group["deliveryOptions"][1];
    assert_eq!((&express["title"], &express["estimatedCost"]["amount"]), (&json!("Express"), &json!("9.90")));

    let payload = shopper.choose(id, &group["id"], &express["handle"]).await;
    assert_eq!(payload["cart"]["cost"]["totalAmount"]["amount"], "19.90");
    assert_eq!(shopper.read(id).await["cost"]["totalAmount"]["amount"], "19.90");

    // To France there is no Express: the choice does not count there, and counts again at home.
    let payload = shopper.address(id, json!([{ "address": address("Lyon", "FR")["address"], "selected": true }])).await;
    assert_eq!(payload["cart"]["cost"]["totalAmount"]["amount"], "22.00");
    let addresses = shopper.delivery(id).await["delivery"]["addresses"].take();
    assert_eq!((&addresses[0]["selected"], &addresses[1]["selected"]), (&json!(false), &json!(true)));
    let home = json!([{ "id": addresses[0]["id"], "selected": true }]);
    let arguments = [("cartId", "ID!", id.clone()), ("addresses", "[CartSelectableAddressUpdateInput!]!", home)];
    let payload = shopper.run("cartDeliveryAddressesUpdate", &arguments).await;
    assert_eq!(payload["cart"]["cost"]["totalAmount"]["amount"], "19.90");

    for (group, handle, field, code) in [
        (
            json!("gid://emporia/CartDeliveryGroup/0190a4c8-3f7e-7d7a-8b9e-1a2b3c4d5e6f"),
            json!("x"),
            "deliveryGroupId",
            "INVALID_DELIVERY_GROUP",
        ),
        (json!("rubbish"), express["handle"].clone(), "deliveryGroupId", "INVALID_DELIVERY_GROUP"),
        (group["id"].clone(), json!("rubbish"), "deliveryOptionHandle", "INVALID_DELIVERY_OPTION"),
    ] {
        let payload = shopper.choose(id, &group, &handle).await;
        assert_eq!(refusal(&payload), as_pair(&format!("selectedDeliveryOptions.0.{field}"), code));
    }
}

#[tokio::test]
async fn what_needs_no_delivery_is_not_charged_for_it() {
    let shopper = Shopper::new().await;
    shopper.deliver().await;
    let song = shopper.shelve(Goods { requires_shipping: false, ..Goods::new(99) }).await;
    let cart = shopper.cart(&[line(&song, 1)]).await;
    let payload = shopper.address(&cart["id"], json!([address("Jena", "DE")])).await;
    assert_eq!(payload["cart"]["cost"]["totalAmount"]["amount"], "0.99");
    assert_eq!(shopper.delivery(&cart["id"]).await["deliveryGroups"]["nodes"], json!([]));
}

#[tokio::test]
async fn addresses_are_added_changed_replaced_and_removed() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let id = &cart["id"];
    let payload =
        shopper.address(id, json!([address("Jena", "DE"), address("Jena", "DE"), address("Lyon", "FR")])).await;
    assert_eq!(payload["warnings"][0]["code"], "DUPLICATE_DELIVERY_ADDRESS");
    let addresses = shopper.delivery(id).await["delivery"]["addresses"].take();
    assert_eq!(addresses.as_array().map(Vec::len), Some(2));
    assert_eq!((&addresses[0]["selected"], &addresses[1]["selected"]), (&json!(true), &json!(false)));

    let change = json!([{ "id": addresses[1]["id"], "oneTimeUse": true, "selected": true,
        "address": { "deliveryAddress": { "city": "Nice" } } }]);
    let arguments = [("cartId", "ID!", id.clone()), ("addresses", "[CartSelectableAddressUpdateInput!]!", change)];
    shopper.run("cartDeliveryAddressesUpdate", &arguments).await;
    let changed = shopper.delivery(id).await["delivery"]["addresses"].take();
    assert_eq!(changed[1]["address"], json!({ "city": "Nice", "countryCode": "FR" }));
    assert_eq!(
        (&changed[1]["oneTimeUse"], &changed[1]["selected"], &changed[0]["selected"]),
        (&json!(true), &json!(true), &json!(false))
    );

    let ids = json!([addresses[0]["id"]]);
    let arguments = [("cartId", "ID!", id.clone()), ("addressIds", "[ID!]!", ids.clone())];
    shopper.run("cartDeliveryAddressesRemove", &arguments).await;
    let again = shopper.run("cartDeliveryAddressesRemove", &arguments).await;
    assert_eq!(refusal(&again), as_pair("addressIds.0", "INVALID_DELIVERY_ADDRESS_ID"));
    let replacement = ("addresses", "[CartSelectableAddressInput!]!", json!([address("Rome", "IT")]));
    shopper.run("cartDeliveryAddressesReplace", &[("cartId", "ID!", id.clone()), replacement]).await;
    let replaced = shopper.delivery(id).await["delivery"]["addresses"].take();
    assert_eq!(replaced.as_array().map(Vec::len), Some(1));
    assert_eq!(replaced[0]["address"]["city"], "Rome");
}

#[tokio::test]
async fn what_is_no_address_is_refused_with_its_path() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let id = &cart["id"];
    let given =
        |part: &str, text: &str| json!([{ "address": { "deliveryAddress": { "countryCode": "DE", part: text } } }]);
    let strict = json!([{ "validationStrategy": "STRICT", "address": { "deliveryAddress": { "countryCode": "DE", "lastName": "L" } } }]);
    let both = json!([{ "address": address("A", "DE")["address"], "selected": true }, { "address": address("B", "DE")["address"], "selected": true }]);
    let many: Vec<Value> = (0..21).map(|n| address(&n.to_string(), "DE")).collect();
    let part = "addresses.0.address.deliveryAddress";
    for (input, field, code) in [
        (given("zip", &"1".repeat(256)), &*format!("{part}.zip"), "ADDRESS_FIELD_IS_TOO_LONG"),
        (given("city", "a\u{1}"), &format!("{part}.city"), "ADDRESS_FIELD_DOES_NOT_MATCH_EXPECTED_PATTERN"),
        (given("city", "<b>"), &format!("{part}.city"), "ADDRESS_FIELD_CONTAINS_HTML_TAGS"),
        (given("company", "https://x"), &format!("{part}.company"), "ADDRESS_FIELD_CONTAINS_URL"),
        (
            json!([{ "address": { "deliveryAddress": { "city": "Jena" } } }]),
            &format!("{part}.countryCode"),
            "ADDRESS_FIELD_IS_REQUIRED",
        ),
        (strict, &format!("{part}.address1"), "ADDRESS_FIELD_IS_REQUIRED"),
        (json!([{ "address": {} }]), part, "UNSPECIFIED_ADDRESS_ERROR"),
        (
            json!([{ "address": { "copyFromCustomerAddressId": "x" } }]),
            "addresses.0.address.copyFromCustomerAddressId",
            "INVALID_DELIVERY_ADDRESS_ID",
        ),
        (both, "addresses", "ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED"),
        (json!(many), "addresses.20", "TOO_MANY_DELIVERY_ADDRESSES"),
    ] {
        assert_eq!(refusal(&shopper.address(id, input).await), as_pair(field, code));
    }
    assert_eq!(shopper.delivery(id).await["delivery"]["addresses"], json!([]));
}
