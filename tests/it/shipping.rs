//! Delivery profiles: what the merchant says, and what a country is offered.

use emporia::country::Country;
use emporia::error::{Fault, ServiceError};
use emporia::shipping::model::{DeliveryOption, NewProfile, NewRate, NewZone};
use emporia::shipping::service::{countries, options_for, profile_create, profile_create_in_tx};
use serde_json::{Value, json};

use crate::support::{Store, TestApp};

const CREATE: &str = "mutation($profile: DeliveryProfileInput!) { deliveryProfileCreate(profile: $profile) {
    profile { ...all } userErrors { field message code } } } fragment all on DeliveryProfile { id name zones { id name
    countries { code { countryCode restOfWorld } } methodDefinitions { id name active
    rateProvider { ... on DeliveryRateDefinition { price { amount currencyCode } } } } } }";
const UPDATE: &str = "mutation($id: ID!, $profile: DeliveryProfileInput!) {
    deliveryProfileUpdate(id: $id, profile: $profile) { profile { ...all } userErrors { field code } } }
    fragment all on DeliveryProfile { id name zones { id name countries { code { countryCode } }
    methodDefinitions { id name } } }";
const REMOVE: &str = "mutation($id: ID!) { deliveryProfileRemove(id: $id) { deletedId userErrors { field code } } }";
const LIST: &str = "{ deliveryProfiles(first: 10) { nodes { id name zones { name } } } }";

fn method(name: &str, amount: &str) -> Value {
    json!({ "name": name, "rateDefinition": { "price": { "amount": amount, "currencyCode": "EUR" } } })
}

fn zone(name: &str, countries: &[&str], methods: &[Value]) -> Value {
    let countries: Vec<Value> = countries
        .iter()
        .map(|code| if *code == "*" { json!({ "restOfWorld": true }) } else { json!({ "code": code }) })
        .collect();
    json!({ "name": name, "countries": countries, "methodDefinitions": methods })
}

fn profile(zones: &[Value]) -> Value {
    json!({ "name": "General", "zones": zones })
}

async fn create(app: &TestApp, store: &Store, profile: Value) -> Value {
    let mut data = app.gql(&store.secret, CREATE, json!({ "profile": profile })).await;
    data["deliveryProfileCreate"].take()
}

async fn refused(app: &TestApp, store: &Store, profile: Value) -> (String, String) {
    let payload = create(app, store, profile).await;
    assert_eq!(payload["profile"], Value::Null);
    let error = &payload["userErrors"][0];
    let field: Vec<&str> = error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
    (field.join("."), error["code"].as_str().expect("a code").to_owned())
}

async fn options(app: &TestApp, store: &Store, country: Country) -> Vec<(String, i64)> {
    let db = app.app.db.tenant(store.tenant);
    let found: Result<Vec<DeliveryOption>, Fault> = db.read(async |conn| Ok(options_for(conn, country).await?)).await;
    found.expect("options").into_iter().map(|option| (option.title, option.price_minor)).collect()
}

#[tokio::test]
async fn a_profile_says_what_a_delivery_to_a_country_costs() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let home = zone("Home", &["DE"], &[method("Express", "9.90"), method("Standard", "4.90")]);
    let payload = create(&app, &store, profile(&[home, zone("World", &["US", "*"], &[method("Mail", "25")])])).await;
    assert_eq!(payload["userErrors"], json!([]));
    let zones = &payload["profile"]["zones"];
    assert_eq!(
        zones[0]["methodDefinitions"][0]["rateProvider"]["price"],
        json!({ "amount": "9.90", "currencyCode": "EUR" })
    );
    assert_eq!(
        zones[1]["countries"],
        json!([{ "code": { "countryCode": "US", "restOfWorld": false } }, { "code": { "countryCode": null, "restOfWorld": true } }])
    );
    let named = |name: &str, price| (name.to_owned(), price);
    assert_eq!(options(&app, &store, Country::DE).await, [named("Standard", 490), named("Express", 990)]);
    assert_eq!(options(&app, &store, Country::US).await, [named("Mail", 2500)]);
    assert_eq!(options(&app, &store, Country::JP).await, [named("Mail", 2500)], "the rest of the world");
}

#[tokio::test]
async fn an_update_keeps_the_handles_of_what_it_names_and_drops_the_rest() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let home = zone("Home", &["DE", "AT"], &[method("Express", "9.90"), method("Standard", "4.90")]);
    let made = create(&app, &store, profile(&[home, zone("Far", &["US"], &[method("Mail", "25.00")])])).await;
    let made = &made["profile"];
    // Express moves to the far zone, which takes Austria over; Standard and Mail go.
    let mut express = method("Fast", "12.00");
    express["id"] = made["zones"][0]["methodDefinitions"][0]["id"].clone();
    let mut home = zone("Home", &["DE"], &[method("New", "1")]);
    home["id"] = made["zones"][0]["id"].clone();
    let mut far = zone("Far", &["US", "AT"], &[express.clone()]);
    far["id"] = made["zones"][1]["id"].clone();
    let variables = json!({ "id": made["id"], "profile": { "zones": [home, far] } });
    let data = app.gql(&store.secret, UPDATE, variables).await;
    let updated = &data["deliveryProfileUpdate"];
    assert_eq!(updated["userErrors"], json!([]));
    assert_eq!(updated["profile"]["name"], "General");
    assert_eq!(updated["profile"]["zones"][1]["methodDefinitions"], json!([{ "id": express["id"], "name": "Fast" }]));
    assert_eq!(options(&app, &store, Country::AT).await, [("Fast".to_owned(), 1200)]);
    assert_eq!(options(&app, &store, Country::DE).await, [("New".to_owned(), 100)]);

    let renamed = app.gql(&store.secret, UPDATE, json!({ "id": made["id"], "profile": { "name": "Other" } })).await;
    assert_eq!(renamed["deliveryProfileUpdate"]["profile"]["zones"].as_array().map(Vec::len), Some(2));
    let foreign = json!({ "id": made["id"], "profile": { "zones": [{ "id": made["id"], "name": "x",
        "countries": [{ "code": "FR" }], "methodDefinitions": [] }] } });
    let data = app.gql(&store.secret, UPDATE, foreign).await;
    let error = json!([{ "field": ["profile", "zones", "0", "id"], "code": "NOT_FOUND" }]);
    assert_eq!(data["deliveryProfileUpdate"]["userErrors"], error);

    let data = app.gql(&store.secret, REMOVE, json!({ "id": made["id"] })).await;
    assert_eq!(data["deliveryProfileRemove"]["deletedId"], made["id"]);
    assert_eq!(options(&app, &store, Country::DE).await, []);
    let again = app.gql(&store.secret, REMOVE, json!({ "id": made["id"] })).await;
    let error = json!({ "deletedId": null, "userErrors": [{ "field": ["id"], "code": "NOT_FOUND" }] });
    assert_eq!(again["deliveryProfileRemove"], error);
}

#[tokio::test]
async fn what_a_profile_cannot_be_is_refused_with_its_path() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut bad = Vec::new();
    let mut expect =
        |zones: &[Value], field: &str, code: &str| bad.push((profile(zones), field.to_owned(), code.to_owned()));
    let one = |method: Value| [zone("A", &["DE"], &[method])];
    expect(&[zone("A", &["DE"], &[]), zone("B", &["FR", "DE"], &[])], "profile.zones.1.countries.1.code", "TAKEN");
    expect(&[zone("A", &["*"], &[]), zone("B", &["*"], &[])], "profile.zones.1.countries", "TAKEN");
    expect(&[zone("A", &[], &[])], "profile.zones.0.countries", "BLANK");
    expect(&[zone(" ", &["DE"], &[])], "profile.zones.0.name", "BLANK");
    expect(&[zone(&"x".repeat(256), &["DE"], &[])], "profile.zones.0.name", "TOO_LONG");
    expect(&one(method(" ", "1")), "profile.zones.0.methodDefinitions.0.name", "BLANK");
    let price = "profile.zones.0.methodDefinitions.0.rateDefinition.price";
    expect(&one(method("A", "-1")), &format!("{price}.amount"), "INVALID");
    expect(&one(method("A", "1.999")), &format!("{price}.amount"), "INVALID");
    expect(&one(method("A", "free")), &format!("{price}.amount"), "INVALID");
    let mut dollars = method("A", "1");
    dollars["rateDefinition"]["price"]["currencyCode"] = json!("USD");
    expect(&one(dollars), &format!("{price}.currencyCode"), "INVALID");
    // Ids are the server's to give: a new profile has no zone and no rate yet.
    let known = json!(format!("gid://emporia/DeliveryZone/{}", store.tenant));
    let mut taken = zone("A", &["DE"], &[]);
    taken["id"] = known.clone();
    expect(&[taken], "profile.zones.0.id", "NOT_FOUND");
    let mut taken = method("A", "1");
    taken["id"] = json!(known.as_str().expect("an id").replace("DeliveryZone", "DeliveryMethodDefinition"));
    expect(&one(taken), "profile.zones.0.methodDefinitions.0.id", "NOT_FOUND");
    let many: Vec<Value> = (0..251).map(|_| method("A", "1")).collect();
    expect(&[zone("A", &["DE"], &many)], "profile.zones.0.methodDefinitions", "TOO_MANY");
    for (profile, field, code) in bad {
        assert_eq!(refused(&app, &store, profile).await, (field, code));
    }
    let data = app.gql(&store.secret, LIST, json!({})).await;
    assert_eq!(data["deliveryProfiles"]["nodes"], json!([]), "nothing was made");
}

#[tokio::test]
async fn profiles_are_for_their_own_merchant_alone() {
    let app = TestApp::new().await;
    let (acme, other) = (app.store("acme").await, app.store("other").await);
    let made = create(&app, &acme, profile(&[zone("A", &["DE"], &[method("M", "1")])])).await;
    let id = &made["profile"]["id"];
    for (query, variables) in [
        (LIST, json!({})),
        (CREATE, json!({ "profile": profile(&[]) })),
        (UPDATE, json!({ "id": id, "profile": {} })),
        (REMOVE, json!({ "id": id })),
    ] {
        let (_, body) = app.post(&acme.publishable, query, variables).await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{query}");
    }
    let read = "query($id: ID!) { deliveryProfile(id: $id) { name } }";
    assert_eq!(app.gql(&acme.secret, read, json!({ "id": id })).await["deliveryProfile"]["name"], "General");
    assert_eq!(app.gql(&other.secret, read, json!({ "id": id })).await["deliveryProfile"], Value::Null);
    assert_eq!(app.gql(&other.secret, LIST, json!({})).await["deliveryProfiles"]["nodes"], json!([]));
    for (query, variables) in
        [(UPDATE, json!({ "id": id, "profile": { "name": "Mine" } })), (REMOVE, json!({ "id": id }))]
    {
        let data = app.gql(&other.secret, query, variables).await;
        let payload = data.as_object().and_then(|data| data.values().next()).expect("a payload");
        assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND", "{query}");
    }
    assert_eq!(options(&app, &acme, Country::DE).await.len(), 1);
    assert_eq!(options(&app, &other, Country::DE).await.len(), 0);
}

#[tokio::test]
async fn provisioning_gives_a_shop_one_rate() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let new = NewProfile::flat("Germany", &[Country::DE], false, "Standard", 490);
    let db = app.app.db.tenant(store.tenant);
    let made: Result<(), Fault> = db
        .write(async |tx| {
            profile_create_in_tx(tx, app.app.clock.now(), &app.app.entropy, &new).await?;
            Ok(())
        })
        .await;
    made.expect("a profile");
    assert_eq!(options(&app, &store, Country::DE).await, [("Standard".to_owned(), 490)]);
    assert_eq!(options(&app, &store, Country::FR).await, []);
}

#[tokio::test]
async fn a_profile_has_as_many_rates_as_one_statement_can_write_quickly() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let codes = [
        "DE", "AT", "CH", "FR", "IT", "ES", "PT", "PL", "CZ", "DK", "SE", "NO", "FI", "NL", "BE", "LU", "IE", "GR",
        "HU", "RO",
    ];
    let (now, entropy) = (app.app.clock.now(), app.app.entropy.clone());
    let make = async |rates: usize| {
        let rate = |at: usize| NewRate { id: None, name: format!("R{at}"), price_minor: 100 };
        let zone = |code: &&str| NewZone {
            id: None,
            name: (*code).to_owned(),
            countries: vec![Country::from_code(code).expect("a country")],
            rest_of_world: false,
            rates: (0..rates).map(rate).collect(),
        };
        let profile = NewProfile { name: "All".to_owned(), zones: codes.iter().map(zone).collect() };
        profile_create(&app.app.db.tenant(store.tenant), now, &entropy, &profile).await.map(drop)
    };
    let refused = make(251).await;
    assert!(matches!(refused, Err(ServiceError::Rule(_))), "{refused:?}");
    make(250).await.expect("5000 rates");
    assert_eq!(options(&app, &store, Country::from_code("RO").expect("a country")).await.len(), 250);
}

#[tokio::test]
async fn a_country_that_a_zone_names_without_a_rate_is_not_delivered_to() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let world = zone("World", &["*"], &[method("Mail", "25")]);
    create(&app, &store, profile(&[zone("Excepted", &["US", "DE"], &[]), world])).await;
    create(&app, &store, profile(&[zone("Home", &["DE"], &[method("Post", "4.90")])])).await;
    assert_eq!(options(&app, &store, Country::US).await, []);
    assert_eq!(options(&app, &store, Country::DE).await, [("Post".to_owned(), 490)], "by the other profile");
    assert_eq!(options(&app, &store, Country::JP).await, [("Mail".to_owned(), 2500)]);
    let db = app.app.db.tenant(store.tenant);
    let read: Result<Vec<Country>, Fault> = db.read(async |conn| Ok(countries(conn).await?)).await;
    let served = read.expect("countries");
    assert_eq!([Country::US, Country::DE, Country::JP].map(|country| served.contains(&country)), [false, true, true]);
}
