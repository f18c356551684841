//! Whose carts and orders are: tied by an access token, or joined when an address is confirmed.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::events::log;
use crate::support::{Account, PASSWORD, Shopping, variant};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

const CART: &str = "cart { id buyerIdentity { email phone customer { id email displayName } } }
    userErrors { field code message }";

/// A cart that can be bought, with this address.
async fn cart(shop: &Shopping, buyer: Value) -> Value {
    let query = format!("mutation($input: CartInput!) {{ cartCreate(input: $input) {{ {CART} }} }}");
    let address = json!({ "lastName": "Byron", "address1": "Am Markt 1", "city": "Berlin", "countryCode": "DE" });
    let input = json!({
        "lines": [{ "merchandiseId": format!("gid://emporia/ProductVariant/{}", variant(1)) }],
        "buyerIdentity": buyer,
        "delivery": { "addresses": [{ "selected": true, "address": { "deliveryAddress": address } }] },
    });
    shop.app.shop(&shop.store, &query, json!({ "input": input })).await
}

async fn identify(shop: &Shopping, cart: &str, buyer: Value) -> Value {
    let query = format!(
        "mutation($id: ID!, $buyer: CartBuyerIdentityInput!) {{
            cartBuyerIdentityUpdate(cartId: $id, buyerIdentity: $buyer) {{ {CART} }} }}"
    );
    shop.app.shop(&shop.store, &query, json!({ "id": cart, "buyer": buyer })).await
}

fn id(payload: &Value) -> String {
    payload["cart"]["id"].as_str().unwrap_or_else(|| panic!("no cart: {payload:#}")).to_owned()
}

/// Buys a cart; answers the order's token.
async fn buy(shop: &Shopping, cart: &str) -> String {
    let query = "mutation($id: ID!) { checkoutComplete(cartId: $id, payment: { gateway: \"manual\" })
        @idempotent(key: \"1\") { orderToken userErrors { message } } }";
    let bought = shop.app.shop(&shop.store, query, json!({ "id": cart })).await;
    bought["orderToken"].as_str().unwrap_or_else(|| panic!("no order: {bought:#}")).to_owned()
}

async fn shop() -> Shopping {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 100).await;
    shop
}

/// The names of a customer's orders, newest last.
async fn orders(shop: &Shopping, account: &Account) -> Vec<String> {
    let seen = shop.app.customer(&shop.store, &account.token).await;
    let nodes = seen["orders"]["nodes"].as_array().expect("orders").iter();
    let names: Vec<_> = nodes.map(|node| node["name"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(seen["numberOfOrders"], names.len().to_string());
    names
}

#[tokio::test]
async fn a_cart_is_tied_to_its_customer_and_no_other_token_opens_it() {
    let shop = shop().await;
    let (ada, bob) = (shop.app.account(&shop.store, ADA).await, shop.app.account(&shop.store, BOB).await);
    let made = cart(&shop, json!({ "customerAccessToken": ada.token })).await;
    let buyer =
        json!({ "email": ADA, "phone": null, "customer": { "id": ada.id, "email": ADA, "displayName": "Ada" } });
    assert_eq!(made["cart"]["buyerIdentity"], buyer);
    let tied = id(&made);
    let refused = identify(&shop, &tied, json!({ "customerAccessToken": bob.token, "phone": "+49 30 1" })).await;
    let message = "The cart belongs to another customer.";
    let field = ["buyerIdentity", "customerAccessToken"];
    assert_eq!(refused["userErrors"], json!([{ "field": field, "code": "INVALID", "message": message }]));
    assert_eq!(refused["cart"], Value::Null);
    let seen = identify(&shop, &tied, json!({ "customerAccessToken": ada.token, "email": "work@example.com" })).await;
    assert_eq!(seen["cart"]["buyerIdentity"]["email"], "work@example.com");
    let seen = identify(&shop, &tied, json!({ "customerAccessToken": null })).await;
    assert_eq!(seen["cart"]["buyerIdentity"]["customer"]["id"], ada.id, "it stays whose it is");
    assert_eq!(identify(&shop, &tied, json!({ "customerAccessToken": bob.token })).await["cart"], Value::Null);

    buy(&shop, &tied).await;
    assert_eq!((orders(&shop, &ada).await, orders(&shop, &bob).await), (vec!["#1001".to_owned()], vec![]));
    let query = "{ orders(first: 1) { nodes { email customer { id note } } } }";
    let order = shop.app.gql(&shop.store.secret, query, json!({})).await["orders"]["nodes"][0].take();
    assert_eq!(order, json!({ "email": "work@example.com", "customer": { "id": ada.id, "note": null } }));
}

#[tokio::test]
async fn a_guests_cart_becomes_a_customers_and_a_bad_token_ties_nothing() {
    let shop = shop().await;
    let ada = shop.app.account(&shop.store, ADA).await;
    let other = shop.beside("other").await;
    let stranger = shop.app.account(&other.store, ADA).await;
    let guests = id(&cart(&shop, json!({ "email": "guest@example.com" })).await);
    shop.app.sign_in_customer(&shop.store, ADA, PASSWORD).await;
    for token in ["", "nobody's", &stranger.token] {
        let refused = identify(&shop, &guests, json!({ "customerAccessToken": token })).await;
        let message = "There is no customer with this token.";
        let field = ["buyerIdentity", "customerAccessToken"];
        assert_eq!(refused["userErrors"], json!([{ "field": field, "code": "INVALID", "message": message }]));
        let refused = cart(&shop, json!({ "customerAccessToken": token })).await;
        assert_eq!(refused["userErrors"][0]["field"], json!(["input", "buyerIdentity", "customerAccessToken"]));
    }
    let tied = identify(&shop, &guests, json!({ "customerAccessToken": ada.token })).await;
    assert_eq!(tied["cart"]["buyerIdentity"]["email"], "guest@example.com", "what the buyer has said counts");
    assert_eq!(tied["cart"]["buyerIdentity"]["customer"]["id"], ada.id);
    shop.app.clock.advance(TimeDelta::days(30));
    let late = identify(&shop, &guests, json!({ "customerAccessToken": ada.token })).await;
    assert_eq!(late["userErrors"][0]["message"], "There is no customer with this token.", "expired");
}

#[tokio::test]
async fn a_carts_key_shows_who_buys_and_not_what_else_they_have() {
    let shop = shop().await;
    let ada = shop.app.account(&shop.store, ADA).await;
    let tied = id(&cart(&shop, json!({ "customerAccessToken": ada.token })).await);
    for field in [
        "addresses(first: 1) { nodes { id } }",
        "defaultAddress { id }",
        "orders(first: 1) { nodes { id } }",
        "numberOfOrders",
        "tags",
    ] {
        let query = format!("query($id: ID!) {{ cart(id: $id) {{ buyerIdentity {{ customer {{ id {field} }} }} }} }}");
        let (_, answer) = shop.app.post(&shop.store.publishable, &query, json!({ "id": tied })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{field}");
    }
}

#[tokio::test]
async fn guests_orders_join_the_account_once_its_address_is_confirmed() {
    let shop = shop().await;
    let other = shop.beside("other").await;
    other.on_sale(1, 1000, 10).await;
    for (shop, email) in [(&shop, "Ada@Example.com"), (&shop, "eve@example.com"), (&shop, ADA), (&other, ADA)] {
        buy(shop, &id(&cart(shop, json!({ "email": email })).await)).await;
    }
    shop.app.sign_up(&shop.store, ADA, "Ada").await;
    shop.app.quiet().await;
    let joined = async || {
        let query = "{ orders(first: 10, sortKey: ID) { nodes { name customer { email } } } }";
        let listed = shop.app.gql(&shop.store.secret, query, json!({})).await["orders"]["nodes"].take();
        let nodes = listed.as_array().expect("orders").iter().filter(|node| !node["customer"].is_null());
        nodes.map(|node| node["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(joined().await, Vec::<String>::new(), "whoever signs up has nothing yet");
    let proof = shop.app.proof(ADA).await;
    let ada = Account::of(&shop.app.activate(&shop.store, &proof, PASSWORD).await);
    assert_eq!(
        (orders(&shop, &ada).await, joined().await),
        (vec!["#1001".into(), "#1003".into()], vec!["#1001".into(), "#1003".into()])
    );
    let query = "{ orders(first: 1, query: \"#1003\") { nodes { statusHistory { kind message actor } } } }";
    let history =
        shop.app.gql(&shop.store.secret, query, json!({})).await["orders"]["nodes"][0]["statusHistory"].take();
    let message = "It joined the account of the customer whose email address it has.";
    assert_eq!(history[1], json!({ "kind": "UPDATED", "message": message, "actor": ada.id }));
    emporia::worker::drain(&shop.app.app).await.expect("the worker's work");
    let topics: Vec<_> = log(&shop.app.app, &shop.store).await.into_iter().map(|event| event.topic.as_db()).collect();
    assert_eq!(topics.iter().filter(|topic| **topic == "ORDERS_UPDATED").count(), 2, "{topics:?}");

    // A guest who buys later with the address: once its owner signs in again.
    buy(&shop, &id(&cart(&shop, json!({ "email": ADA })).await)).await;
    assert_eq!(orders(&shop, &ada).await.len(), 2);
    shop.app.sign_in_customer(&shop.store, ADA, PASSWORD).await;
    assert_eq!(orders(&shop, &ada).await, ["#1001", "#1003", "#1004"]);

    // An order that is somebody's stays theirs, whatever address it has.
    let bob = shop.app.account(&shop.store, BOB).await;
    buy(&shop, &id(&cart(&shop, json!({ "customerAccessToken": bob.token, "email": ADA })).await)).await;
    shop.app.sign_in_customer(&shop.store, ADA, PASSWORD).await;
    assert_eq!((orders(&shop, &ada).await.len(), orders(&shop, &bob).await), (3, vec!["#1005".to_owned()]));

    // Who has bought something is not deleted.
    let delete = "mutation($id: ID!) { customerDelete(input: { id: $id }) { deletedCustomerId userErrors { field } } }";
    let kept = shop.app.gql(&shop.store.secret, delete, json!({ "id": bob.id })).await;
    let expected = json!({ "deletedCustomerId": null, "userErrors": [{ "field": ["input", "id"] }] });
    assert_eq!((&kept["customerDelete"], orders(&shop, &bob).await.len()), (&expected, 1));
}

#[tokio::test]
async fn orders_join_nobody_whose_address_staff_have_entered() {
    let shop = shop().await;
    let ada = shop.app.account(&shop.store, ADA).await;
    buy(&shop, &id(&cart(&shop, json!({ "email": BOB })).await)).await;
    let query = "mutation($input: CustomerInput!) { customerUpdate(input: $input) { userErrors { message } } }";
    shop.app.gql(&shop.store.secret, query, json!({ "input": { "id": ada.id, "email": BOB } })).await;
    let signed_in = shop.app.sign_in_customer(&shop.store, BOB, PASSWORD).await;
    let token = signed_in["customerAccessToken"]["accessToken"].as_str().expect("a token").to_owned();
    assert_eq!(orders(&shop, &Account { id: ada.id, token }).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_customers_orders_are_searched_sorted_and_paged() {
    let shop = shop().await;
    let ada = shop.app.account(&shop.store, ADA).await;
    for _ in 0..3 {
        buy(&shop, &id(&cart(&shop, json!({ "customerAccessToken": ada.token })).await)).await;
        buy(&shop, &id(&cart(&shop, json!({ "email": BOB })).await)).await;
    }
    let list = async |rest: &str| {
        let query = format!(
            "query($token: String!) {{ customer(customerAccessToken: $token) {{ orders({rest}) {{
                nodes {{ name customer {{ id }} }} pageInfo {{ endCursor hasNextPage }} }} }} }}"
        );
        shop.app.shop(&shop.store, &query, json!({ "token": ada.token })).await["orders"].take()
    };
    let names = |page: &Value| {
        let nodes = page["nodes"].as_array().expect("nodes").iter();
        nodes.map(|node| node["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&list("first: 10, sortKey: ORDER_NUMBER, reverse: true").await), ["#1005", "#1003", "#1001"]);
    assert_eq!(names(&list("first: 10, query: \"name:#1002 OR name:#1003\"").await), ["#1003"]);
    let first = list("first: 2").await;
    assert_eq!(
        (names(&first), &first["pageInfo"]["hasNextPage"]),
        (vec!["#1001".into(), "#1003".into()], &json!(true))
    );
    let rest = list(&format!("first: 2, after: {}", first["pageInfo"]["endCursor"])).await;
    assert_eq!((names(&rest), &rest["nodes"][0]["customer"]), (vec!["#1005".into()], &Value::Null));
    let id = ada.id.replace("gid://emporia/Customer/", "");
    let query = format!("{{ orders(first: 10, query: \"customer_id:{id}\") {{ nodes {{ name }} }} }}");
    let found = shop.app.gql(&shop.store.secret, &query, json!({})).await["orders"].take();
    assert_eq!(names(&found).len(), 3);
}

#[tokio::test]
async fn a_tied_cart_takes_addresses_out_of_its_customers_book_and_of_no_other() {
    let shop = shop().await;
    let (ada, bob) = (shop.app.account(&shop.store, ADA).await, shop.app.account(&shop.store, BOB).await);
    let add = "mutation($token: String!) { customerAddressCreate(customerAccessToken: $token,
        address: { lastName: \"Byron\", address1: \"Am Markt 1\", city: \"Jena\", country: \"DE\" }) { customerAddress { id } } }";
    let mut books = Vec::new();
    for account in [&ada, &bob] {
        let added = shop.app.shop(&shop.store, add, json!({ "token": account.token })).await;
        books.push(added["customerAddress"]["id"].as_str().expect("an address").to_owned());
    }
    let query = "mutation($cart: ID!, $address: ID!) { cartDeliveryAddressesReplace(cartId: $cart,
        addresses: [{ selected: true, address: { copyFromCustomerAddressId: $address } }]) {
        cart { delivery { addresses { selected address { ... on CartDeliveryAddress { city } } } } }
        userErrors { field code } } }";
    let copy = async |cart: &str, address: &str| {
        shop.app.shop(&shop.store, query, json!({ "cart": cart, "address": address })).await
    };
    let tied = id(&cart(&shop, json!({ "customerAccessToken": ada.token })).await);
    let copied = copy(&tied, &books[0]).await;
    let jena = json!([{ "selected": true, "address": { "city": "Jena" } }]);
    assert_eq!((&copied["cart"]["delivery"]["addresses"], &copied["userErrors"]), (&jena, &json!([])));
    let guests = id(&cart(&shop, json!({ "email": ADA })).await);
    for (cart, address) in [(&tied, books[1].as_str()), (&guests, &books[0]), (&tied, "rubbish"), (&tied, &ada.id)] {
        let refused = copy(cart, address).await;
        let field = ["addresses", "0", "address", "copyFromCustomerAddressId"];
        let rule = json!([{ "field": field, "code": "INVALID_DELIVERY_ADDRESS_ID" }]);
        assert_eq!((&refused["cart"], &refused["userErrors"]), (&Value::Null, &rule), "{address}");
    }
}
