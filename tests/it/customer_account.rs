//! What customers change of themselves, their address book, and what staff see and note of them.

use serde_json::{Value, json};

use crate::support::{Account, PASSWORD, Store, TestApp};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

fn code(payload: &Value) -> &str {
    payload["customerUserErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("no refusal: {payload:#}"))
}

async fn shop() -> (TestApp, Store, Account) {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let ada = app.account(&store, ADA).await;
    (app, store, ada)
}

async fn update(app: &TestApp, store: &Store, token: &str, change: Value) -> Value {
    let query = "mutation($token: String!, $change: CustomerUpdateInput!) {
        customerUpdate(customerAccessToken: $token, customer: $change) {
            customer { id email firstName lastName phone acceptsMarketing } customerAccessToken { accessToken }
            customerUserErrors { field code } } }";
    app.shop(store, query, json!({ "token": token, "change": change })).await
}

#[tokio::test]
async fn customers_change_what_they_say_of_themselves() {
    let (app, store, ada) = shop().await;
    let change = json!({ "lastName": " Byron ", "phone": "+49 30 1", "acceptsMarketing": true });
    let changed = update(&app, &store, &ada.token, change).await;
    let mut now = json!({ "id": ada.id, "email": ADA, "firstName": "Ada", "lastName": "Byron", "phone": "+49 30 1",
        "acceptsMarketing": true });
    assert_eq!((&changed["customer"], &changed["customerAccessToken"]), (&now, &Value::Null));
    let changed = update(&app, &store, &ada.token, json!({ "firstName": null, "phone": "" })).await;
    (now["firstName"], now["phone"]) = (Value::Null, Value::Null);
    assert_eq!(changed["customer"], now);
    assert_eq!(app.customer(&store, &ada.token).await["displayName"], "Byron");

    let bad = json!({ "firstName": "x".repeat(256), "phone": "no", "password": "1234567", "email": "ada" });
    let refused = update(&app, &store, &ada.token, bad).await;
    let rule = |name: &str, code: &str| json!({ "field": ["customer", name], "code": code });
    let expected = [
        rule("email", "INVALID"),
        rule("password", "TOO_SHORT"),
        rule("firstName", "TOO_LONG"),
        rule("phone", "INVALID"),
    ];
    assert_eq!(refused["customerUserErrors"], json!(expected));
    let other = app.store("other").await;
    for (store, token) in [(&store, "nobody's"), (&other, ada.token.as_str())] {
        let refused = update(&app, store, token, json!({ "lastName": "Eve" })).await;
        let rule = json!([{ "field": ["customerAccessToken"], "code": "UNIDENTIFIED_CUSTOMER" }]);
        assert_eq!(refused["customerUserErrors"], rule);
    }
    assert_eq!(app.customer(&store, &ada.token).await["lastName"], "Byron");
}

#[tokio::test]
async fn a_password_that_is_changed_ends_all_tokens_and_gives_a_new_one() {
    let (app, store, ada) = shop().await;
    let second = app.sign_in_customer(&store, ADA, PASSWORD).await["customerAccessToken"]["accessToken"].clone();
    let changed = update(&app, &store, &ada.token, json!({ "password": "new horse 1" })).await;
    let token = changed["customerAccessToken"]["accessToken"].as_str().expect("a token");
    assert_eq!(app.customer(&store, token).await["id"], ada.id);
    for ended in [&ada.token, second.as_str().expect("a token")] {
        assert_eq!(app.customer(&store, ended).await, Value::Null);
    }
    assert_eq!(code(&app.sign_in_customer(&store, ADA, PASSWORD).await), "UNIDENTIFIED_CUSTOMER");
    assert_eq!(app.sign_in_customer(&store, ADA, "new horse 1").await["customerUserErrors"], json!([]));
    // Whoever has found a token could have done it: who reads the account's mail hears of it.
    let told = app.mails(ADA).await.pop().expect("a mail");
    assert_eq!(told.subject, "Your password was changed: acme");
}

#[tokio::test]
async fn another_address_is_theirs_once_it_is_confirmed_with_the_accounts_password() {
    let (app, store, ada) = shop().await;
    let changed = update(&app, &store, &ada.token, json!({ "email": "Countess@example.com" })).await;
    assert_eq!((&changed["customer"]["email"], &changed["customerUserErrors"]), (&json!(ADA), &json!([])));
    let proof = app.proof("Countess@example.com").await;
    assert_eq!(proof.id, ada.id);
    let told = app.mails(ADA).await.pop().expect("a mail");
    assert_eq!(told.subject, "Your account is to have another email address: acme");
    assert!(!told.text.contains(&proof.token), "{}", told.text);
    // Who has the new address alone does not have the account.
    let guessed = app.activate(&store, &proof, "wrong horse").await;
    let rule = json!([{ "field": ["input", "password"], "code": "UNIDENTIFIED_CUSTOMER", "message": "Unidentified customer." }]);
    assert_eq!(guessed["customerUserErrors"], rule);
    assert_eq!(app.customer(&store, &ada.token).await["email"], ADA);
    let moved = app.activate(&store, &proof, PASSWORD).await;
    assert_eq!(moved["customer"]["email"], "Countess@example.com");
    assert_eq!(app.sign_in_customer(&store, "countess@example.com", PASSWORD).await["customerUserErrors"], json!([]));
    assert_eq!(code(&app.sign_in_customer(&store, ADA, PASSWORD).await), "UNIDENTIFIED_CUSTOMER");
    assert_eq!(code(&app.activate(&store, &proof, PASSWORD).await), "TOKEN_INVALID", "once");
}

#[tokio::test]
async fn whether_another_address_is_taken_is_told_to_whom_it_belongs() {
    let (app, store, ada) = shop().await;
    app.account(&store, BOB).await;
    let free = update(&app, &store, &ada.token, json!({ "email": "carol@example.com" })).await;
    let taken = update(&app, &store, &ada.token, json!({ "email": BOB })).await;
    assert_eq!(free, taken);
    let proof = app.proof(BOB).await;
    let refused = app.activate(&store, &proof, PASSWORD).await;
    let message = "Another customer has this email address.";
    let rule = json!([{ "field": ["input", "activationToken"], "code": "TAKEN", "message": message }]);
    assert_eq!(refused["customerUserErrors"], rule);
    assert_eq!(app.customer(&store, &ada.token).await["email"], ADA);
}

#[tokio::test]
async fn a_link_to_a_new_password_is_void_once_the_address_is_another() {
    let (app, store, ada) = shop().await;
    app.shop(&store, "mutation { customerRecover(email: \"ada@example.com\") { userErrors { message } } }", json!({}))
        .await;
    let reset = app.proof(ADA).await;
    let query = "mutation($input: CustomerInput!) { customerUpdate(input: $input) {
        customer { email verifiedEmail } userErrors { message } } }";
    let input = json!({ "id": ada.id, "email": "countess@example.com" });
    let changed = app.gql(&store.secret, query, json!({ "input": input })).await;
    let customer = json!({ "email": "countess@example.com", "verifiedEmail": false });
    assert_eq!(changed["customerUpdate"]["customer"], customer);
    assert_eq!(app.mails(ADA).await.last().expect("a notice").subject, "Your account has another email address: acme");
    let query = "mutation($id: ID!, $input: CustomerResetInput!) { customerReset(id: $id, input: $input) {
        customerUserErrors { field code } } }";
    let input = json!({ "resetToken": reset.token, "password": "new horse 1" });
    let refused = app.shop(&store, query, json!({ "id": reset.id, "input": input })).await;
    let rule = json!([{ "field": ["input", "resetToken"], "code": "TOKEN_INVALID" }]);
    assert_eq!(refused["customerUserErrors"], rule);
}

const BOOK: &str = "fragment book on Customer { defaultAddress { id } addresses(first: 10) { nodes { id } } }";

async fn add(app: &TestApp, store: &Store, token: &str, address: Value) -> Value {
    let query = "mutation($token: String!, $address: MailingAddressInput!) {
        customerAddressCreate(customerAccessToken: $token, address: $address) {
            customerAddress { id name company address1 address2 city zip province country countryCodeV2 phone }
            customerUserErrors { field code } } }";
    app.shop(store, query, json!({ "token": token, "address": address })).await
}

async fn on_address(app: &TestApp, store: &Store, call: &str, token: &str, id: &str) -> Value {
    let query = format!("mutation($token: String!, $id: ID!) {{ {call} }}");
    app.shop(store, &query, json!({ "token": token, "id": id })).await
}

const DELETE: &str = "customerAddressDelete(customerAccessToken: $token, id: $id) {
    deletedCustomerAddressId customerUserErrors { field code } }";
const DEFAULT: &str = "customerDefaultAddressUpdate(customerAccessToken: $token, addressId: $id) {
    customer { defaultAddress { id } } customerUserErrors { field code } }";
const CHANGE: &str =
    "customerAddressUpdate(customerAccessToken: $token, id: $id, address: { city: \"Jena\", company: null }) {
    customerAddress { name company city country } customerUserErrors { field code } }";

#[tokio::test]
async fn an_address_book_is_filled_changed_and_emptied() {
    let (app, store, ada) = shop().await;
    let address = json!({ "firstName": "Ada", "lastName": "Byron", "company": "Engines", "address1": "Am Markt 1",
        "city": "Berlin", "zip": "10115", "province": "BE", "country": "germany", "phone": "+49 30 1" });
    let added = add(&app, &store, &ada.token, address).await;
    let first = added["customerAddress"]["id"].as_str().expect("an address").to_owned();
    let expected = json!({ "id": first, "name": "Ada Byron", "company": "Engines", "address1": "Am Markt 1",
        "address2": null, "city": "Berlin", "zip": "10115", "province": "BE", "country": "Germany",
        "countryCodeV2": "DE", "phone": "+49 30 1" });
    assert_eq!((&added["customerAddress"], &added["customerUserErrors"]), (&expected, &json!([])));
    let second = add(&app, &store, &ada.token, json!({ "country": "FR" })).await["customerAddress"]["id"].take();
    let second = second.as_str().expect("an address");
    let book = async || {
        let query = format!("query($token: String!) {{ customer(customerAccessToken: $token) {{ ...book }} }} {BOOK}");
        app.shop(&store, &query, json!({ "token": ada.token })).await
    };
    let nodes = json!([{ "id": first }, { "id": second }]);
    assert_eq!(book().await, json!({ "defaultAddress": { "id": first }, "addresses": { "nodes": nodes } }));

    let changed = on_address(&app, &store, CHANGE, &ada.token, &first).await;
    let expected = json!({ "name": "Ada Byron", "company": null, "city": "Jena", "country": "Germany" });
    assert_eq!(changed["customerAddress"], expected, "what is left out stays, null clears");
    let chosen = on_address(&app, &store, DEFAULT, &ada.token, second).await;
    assert_eq!(chosen["customer"]["defaultAddress"]["id"], second);
    let deleted = on_address(&app, &store, DELETE, &ada.token, second).await;
    assert_eq!(deleted["deletedCustomerAddressId"], second);
    assert_eq!(book().await, json!({ "defaultAddress": { "id": first }, "addresses": { "nodes": [{ "id": first }] } }));
    on_address(&app, &store, DELETE, &ada.token, &first).await;
    assert_eq!(book().await, json!({ "defaultAddress": null, "addresses": { "nodes": [] } }));
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_with_its_path() {
    let (app, store, ada) = shop().await;
    for (address, name, code) in [
        (json!({}), "country", "BLANK"),
        (json!({ "country": "Atlantis" }), "country", "INVALID"),
        (json!({ "country": "DE", "city": "x".repeat(256) }), "city", "TOO_LONG"),
        (json!({ "country": "DE", "province": "<b>BE</b>" }), "province", "CONTAINS_HTML_TAGS"),
        (json!({ "country": "DE", "address1": "https://x.example" }), "address1", "CONTAINS_URL"),
        (json!({ "country": "DE", "zip": "1\n2" }), "zip", "INVALID"),
    ] {
        let refused = add(&app, &store, &ada.token, address).await;
        assert_eq!(refused["customerUserErrors"], json!([{ "field": ["address", name], "code": code }]));
    }
    for _ in 0..100 {
        assert_eq!(add(&app, &store, &ada.token, json!({ "country": "DE" })).await["customerUserErrors"], json!([]));
    }
    let refused = add(&app, &store, &ada.token, json!({ "country": "DE" })).await;
    assert_eq!(refused["customerUserErrors"], json!([{ "field": ["address"], "code": "TOO_LONG" }]));
}

#[tokio::test]
async fn nobody_elses_address_is_changed_chosen_or_removed() {
    let (app, store, ada) = shop().await;
    let (bob, other) = (app.account(&store, BOB).await, app.store("other").await);
    let stranger = app.account(&other, ADA).await;
    let address = add(&app, &store, &ada.token, json!({ "country": "DE", "city": "Berlin" })).await;
    let address = address["customerAddress"]["id"].as_str().expect("an address");
    for (call, path) in [(CHANGE, "id"), (DEFAULT, "addressId"), (DELETE, "id")] {
        for (store, token) in [(&store, &bob.token), (&other, &stranger.token)] {
            for id in [address, "rubbish", &ada.id] {
                let refused = on_address(&app, store, call, token, id).await;
                assert_eq!(refused["customerUserErrors"], json!([{ "field": [path], "code": "NOT_FOUND" }]));
            }
        }
        let refused = on_address(&app, &store, call, "nobody's", address).await;
        let rule = json!([{ "field": ["customerAccessToken"], "code": "UNIDENTIFIED_CUSTOMER" }]);
        assert_eq!(refused["customerUserErrors"], rule);
    }
    let seen = app.customer(&store, &ada.token).await;
    assert_eq!(seen["addresses"]["nodes"], json!([{ "id": address, "city": "Berlin" }]));
}

async fn enter(app: &TestApp, store: &Store, input: Value) -> Value {
    let query = "mutation($input: CustomerCreateInput!) { customerCreate(input: $input) {
        customer { id email displayName tags note state verifiedEmail } customerUserErrors { field code } } }";
    app.gql(&store.secret, query, json!({ "input": input })).await["customerCreate"].take()
}

#[tokio::test]
async fn staff_enter_customers_and_note_what_only_they_see() {
    let (app, store, ada) = shop().await;
    let entry = json!({ "email": BOB, "lastName": "Babbage", "tags": ["VIP", "vip", " new "], "note": "tall" });
    let entered = enter(&app, &store, entry.clone()).await;
    let bob = entered["customer"]["id"].as_str().expect("a customer").to_owned();
    let customer = json!({ "id": bob, "email": BOB, "displayName": "Babbage", "tags": ["VIP", "new"], "note": "tall",
        "state": "DISABLED", "verifiedEmail": false });
    assert_eq!(entered["customer"], customer);
    assert_eq!(enter(&app, &store, entry).await["customerUserErrors"][0]["code"], "TAKEN");
    assert!(app.mails(BOB).await.is_empty());

    let query = "mutation($input: CustomerInput!) { customerUpdate(input: $input) {
        customer { firstName lastName tags note } customerUserErrors { field code } } }";
    let change =
        async |input: Value| app.gql(&store.secret, query, json!({ "input": input })).await["customerUpdate"].take();
    let changed = change(json!({ "id": ada.id, "note": "likes engines", "tags": ["math"] })).await;
    let expected = json!({ "firstName": "Ada", "lastName": null, "tags": ["math"], "note": "likes engines" });
    assert_eq!(changed["customer"], expected);
    let own = app.customer(&store, &ada.token).await;
    assert_eq!((&own["tags"], &own["note"]), (&json!(["math"]), &Value::Null), "a note is the merchant's");
    for (input, path, code) in [
        (json!({ "id": ada.id, "email": BOB }), "email", "TAKEN"),
        (json!({ "id": ada.id, "email": "bob" }), "email", "INVALID"),
        (json!({ "id": ada.id, "tags": vec!["x"; 251] }), "tags", "TOO_LONG"),
        (json!({ "id": ada.id, "note": "x".repeat(5001) }), "note", "TOO_LONG"),
        (json!({ "note": "x" }), "id", "NOT_FOUND"),
        (json!({ "id": store.tenant.to_string() }), "id", "NOT_FOUND"),
    ] {
        let refused = change(input).await;
        assert_eq!(refused["customerUserErrors"], json!([{ "field": ["input", path], "code": code }]));
    }

    // Whoever reads the mail of an address has its account and its orders: that is for who may see orders.
    let crm = json!({ "kind": "SECRET", "name": "CRM", "accessScopes": ["read_customers", "write_customers"] });
    let make = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { key } }";
    let crm = app.gql(&store.secret, make, json!({ "input": crm })).await["apiKeyCreate"]["key"].take();
    let crm = crm.as_str().expect("a key");
    let by_crm = async |input: Value| app.gql(crm, query, json!({ "input": input })).await["customerUpdate"].take();
    let refused = by_crm(json!({ "id": ada.id, "email": "crm@shop.example" })).await;
    assert_eq!(refused["customerUserErrors"], json!([{ "field": ["input", "email"], "code": "INVALID" }]));
    let same = by_crm(json!({ "id": ada.id, "email": ADA.to_uppercase(), "note": "likes engines" })).await;
    assert_eq!(same["customerUserErrors"], json!([]), "the same address, written otherwise");
    app.customer(&store, &ada.token).await;

    // Who was entered has an account once they have shown that the address is theirs.
    app.sign_up(&store, BOB, "Eve").await;
    let proof = app.proof(BOB).await;
    assert_eq!(proof.id, bob);
    let reset = "mutation($id: ID!, $input: CustomerResetInput!) { customerReset(id: $id, input: $input) {
        customer { id displayName state verifiedEmail } customerUserErrors { code } } }";
    let input = json!({ "resetToken": proof.token, "password": PASSWORD });
    let done = app.shop(&store, reset, json!({ "id": proof.id, "input": input })).await;
    let customer = json!({ "id": bob, "displayName": "Babbage", "state": "ENABLED", "verifiedEmail": true });
    assert_eq!(done["customer"], customer);
}

#[tokio::test]
async fn customers_are_found_sorted_and_paged_by_staff_alone() {
    let (app, store, ada) = shop().await;
    for (email, last_name, tags) in
        [("x@shop.example", "Zuse", json!(["VIP"])), ("y@shop.example", "Babbage", json!(["vip friend"]))]
    {
        app.clock.advance(chrono::TimeDelta::days(1));
        enter(&app, &store, json!({ "email": email, "lastName": last_name, "tags": tags })).await;
    }
    let other = app.store("other").await;
    enter(&app, &other, json!({ "email": "z@shop.example", "lastName": "Zuse" })).await;
    let list = async |rest: &str| {
        let query =
            format!("{{ customers({rest}) {{ nodes {{ displayName }} pageInfo {{ endCursor hasNextPage }} }} }}");
        app.gql(&store.secret, &query, json!({})).await["customers"].take()
    };
    let names = async |rest: &str| {
        let page = list(rest).await;
        let nodes = page["nodes"].as_array().expect("nodes").iter();
        nodes.map(|node| node["displayName"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("zuse", &["Zuse"][..]),
        ("shop.example", &["Zuse", "Babbage"]),
        ("email:ada@example.com", &["Ada"]),
        ("last_name:ba*", &["Babbage"]),
        ("tag:vip", &["Zuse"]),
        ("tag:vip*", &["Zuse", "Babbage"]),
        ("tag_not:vip", &["Ada", "Babbage"]),
        ("state:enabled", &["Ada"]),
        ("verified_email:false AND name:zuse", &["Zuse"]),
        ("created_at:>=2026-06-03", &["Babbage"]),
        ("created_at:<2026-06-02", &["Ada"]),
        ("accepts_marketing:true", &[]),
    ] {
        assert_eq!(names(&format!("first: 10, query: \"{query}\"")).await, expected, "{query}");
    }
    let id = ada.id.replace("gid://emporia/Customer/", "");
    assert_eq!(names(&format!("first: 10, query: \"id:{id}\"")).await, ["Ada"]);
    for (sort, expected) in [
        ("NAME", ["Ada", "Babbage", "Zuse"]),
        ("CREATED_AT", ["Ada", "Zuse", "Babbage"]),
        ("UPDATED_AT", ["Ada", "Zuse", "Babbage"]),
        ("ID", ["Ada", "Zuse", "Babbage"]),
    ] {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = list(&format!("first: 1, sortKey: {sort}{after}")).await;
            found.push(page["nodes"][0]["displayName"].as_str().expect("a name").to_owned());
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = format!(", after: {}", page["pageInfo"]["endCursor"]);
        }
        assert_eq!(found, expected, "{sort}");
    }

    for query in [
        "{ customers(first: 1) { nodes { id } } }".to_owned(),
        format!("{{ customer(id: \"{}\") {{ id }} }}", ada.id),
        format!("mutation {{ customerUpdate(input: {{ id: \"{}\" }}) {{ customer {{ id }} }} }}", ada.id),
    ] {
        let (_, refused) = app.post(&store.publishable, &query, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{query}");
    }
    let found = app.gql(&store.publishable, &format!("{{ node(id: \"{}\") {{ id }} }}", ada.id), json!({})).await;
    assert_eq!(found["node"], Value::Null);
    for (key, expected) in [(&store.secret, json!({ "id": ada.id })), (&other.secret, Value::Null)] {
        let query = format!("{{ customer(id: \"{0}\") {{ id }} node(id: \"{0}\") {{ id }} }}", ada.id);
        let found = app.gql(key, &query, json!({})).await;
        assert_eq!((&found["customer"], &found["node"]), (&expected, &expected));
    }
    let (_, both) = app.post(&store.secret, "{ customer { id } }", json!({})).await;
    assert_eq!(both["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

const TAGS: &str = "mutation($id: ID!, $tags: [String!]!) { done: tagsAdd(id: $id, tags: $tags) {
    node { ... on Customer { tags } ... on Product { tags } } userErrors { field message } } }";
const NO_TAGS: &str = "mutation($id: ID!, $tags: [String!]!) { done: tagsRemove(id: $id, tags: $tags) {
    node { ... on Customer { tags } ... on Product { tags } } userErrors { field message } } }";

#[tokio::test]
async fn labels_are_added_and_taken_off_one_by_one_by_staff_alone() {
    let (app, store, ada) = shop().await;
    let product = r#"mutation { productSet(input: { title: "Mug", tags: ["sale"] }) { product { id } } }"#;
    let made = app.gql(&store.secret, product, json!({})).await;
    let mug = made["productSet"]["product"]["id"].as_str().expect("a product").to_owned();
    let done = async |document: &str, id: &str, tags: &[&str]| {
        app.gql(&store.secret, document, json!({ "id": id, "tags": tags })).await["done"].take()
    };
    for (document, id, tags, left) in [
        (TAGS, &ada.id, &["VIP", " new "][..], &["VIP", "new"][..]),
        (TAGS, &ada.id, &["vip", "b2b"], &["VIP", "new", "b2b"]),
        (NO_TAGS, &ada.id, &["Vip", "old"], &["new", "b2b"]),
        (TAGS, &mug, &["SALE", "blue"], &["sale", "blue"]),
        (NO_TAGS, &mug, &["sale"], &["blue"]),
    ] {
        let answer = done(document, id, tags).await;
        assert_eq!(answer, json!({ "node": { "tags": left }, "userErrors": [] }), "{tags:?}");
    }
    let long = "x".repeat(256);
    for (id, tags, field) in [
        (ada.id.as_str(), vec![long.as_str()], "tags"),
        (&mug, vec![&long], "tags"),
        (&mug, vec!["x"; 251], "tags"),
        (&mug.replace("Product", "Page"), vec!["x"], "id"),
    ] {
        let answer = done(TAGS, id, &tags).await;
        assert_eq!((&answer["node"], &answer["userErrors"][0]["field"]), (&Value::Null, &json!([field])), "{answer:#}");
    }
    for id in [&ada.id, &mug] {
        let (_, answer) = app.post(&store.publishable, TAGS, json!({ "id": id, "tags": ["x"] })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer:#}");
    }
}

const CUSTOMER_DELETE: &str = "mutation($id: ID!) { customerDelete(input: { id: $id }) { deletedCustomerId
    userErrors { field message } } }";

#[tokio::test]
async fn a_customer_who_has_bought_nothing_is_deleted_with_what_is_theirs() {
    let (app, store, ada) = shop().await;
    let address = "mutation($token: String!) { customerAddressCreate(customerAccessToken: $token,
        address: { city: \"Jena\", country: \"DE\" }) { customerUserErrors { code } } }";
    app.shop(&store, address, json!({ "token": ada.token })).await;
    let recover = r#"mutation { customerRecover(email: "ada@example.com") { customerUserErrors { code } } }"#;
    app.shop(&store, recover, json!({})).await;
    app.quiet().await;
    let other = app.store("other").await;
    let elsewhere = app.gql(&other.secret, CUSTOMER_DELETE, json!({ "id": ada.id })).await["customerDelete"].take();
    assert_eq!(elsewhere["userErrors"][0]["field"], json!(["input", "id"]), "another shop's is not there");
    let deleted = app.gql(&store.secret, CUSTOMER_DELETE, json!({ "id": ada.id })).await["customerDelete"].take();
    assert_eq!(deleted, json!({ "deletedCustomerId": ada.id, "userErrors": [] }));
    assert_eq!(app.customer(&store, &ada.token).await, Value::Null, "the token is good no more");
    let again = app.gql(&store.secret, CUSTOMER_DELETE, json!({ "id": ada.id })).await["customerDelete"].take();
    assert_eq!(again["userErrors"][0]["field"], json!(["input", "id"]));
    // The address may be somebody's again.
    let entered = enter(&app, &store, json!({ "email": "ada@example.com" })).await;
    assert_ne!(entered["customer"]["id"], json!(ada.id));
    let (_, answer) = app.post(&store.publishable, CUSTOMER_DELETE, json!({ "id": ada.id })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
}
