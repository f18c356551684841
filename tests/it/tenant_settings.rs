//! How a shop is set up: changed by the merchant, shown wherever it counts.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Store, TestApp};

const SETTINGS: &str =
    "name description email mailSenderName mailLanguage ianaTimezone storefrontUrl checkoutUrlTemplate allowedOrigins
    trustedDocumentsRequired countryCode currencyCode updatedAt";

async fn settings(app: &TestApp, store: &Store) -> Value {
    app.gql(&store.secret, &format!("{{ tenantSettings {{ {SETTINGS} }} }}"), json!({})).await["tenantSettings"].take()
}

async fn update(app: &TestApp, store: &Store, input: Value) -> Value {
    let query = format!(
        "mutation($input: TenantSettingsInput!) {{ tenantSettingsUpdate(input: $input) {{
            tenantSettings {{ {SETTINGS} }} userErrors {{ field code }} }} }}"
    );
    app.gql(&store.secret, &query, json!({ "input": input })).await["tenantSettingsUpdate"].take()
}

async fn set_origins(app: &TestApp, store: &Store, origins: Value) -> Value {
    let query = "mutation($origins: [String!]!) { allowedOriginsUpdate(origins: $origins) {
        tenantSettings { allowedOrigins } userErrors { field code message } } }";
    app.gql(&store.secret, query, json!({ "origins": origins })).await["allowedOriginsUpdate"].take()
}

#[tokio::test]
async fn what_a_merchant_changes_is_shown_wherever_it_counts() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    app.account(&store, "bob@example.com").await;
    let before = settings(&app, &store).await;
    let nothing = json!({
        "name": "acme", "description": "", "email": null, "mailSenderName": null, "mailLanguage": "EN", "ianaTimezone": "UTC",
        "storefrontUrl": null, "checkoutUrlTemplate": null, "allowedOrigins": [], "trustedDocumentsRequired": false, "countryCode": "DE",
        "currencyCode": "EUR", "updatedAt": "2026-06-01T12:00:00Z",
    });
    assert_eq!(before, nothing);
    app.clock.advance(chrono::TimeDelta::minutes(1));
    let input = json!({
        "name": "Fjord & Field", "description": "Outdoor\nthings", "email": " help@fjord.example ",
        "mailSenderName": "Fjord's letters", "mailLanguage": "DE", "ianaTimezone": "Europe/Berlin", "storefrontUrl": "https://Fjord.example/de/",
        "checkoutUrlTemplate": "https://pay.fjord.example/{cart_id}?key={key}",
    });
    let changed = update(&app, &store, input).await;
    assert_eq!(changed["userErrors"], json!([]));
    let expected = json!({
        "name": "Fjord & Field", "description": "Outdoor\nthings", "email": "help@fjord.example",
        "mailSenderName": "Fjord's letters", "mailLanguage": "DE", "ianaTimezone": "Europe/Berlin", "storefrontUrl": "https://fjord.example/de",
        "checkoutUrlTemplate": "https://pay.fjord.example/{cart_id}?key={key}", "allowedOrigins": [],
        "trustedDocumentsRequired": false, "countryCode": "DE", "currencyCode": "EUR",
        "updatedAt": "2026-06-01T12:01:00Z",
    });
    assert_eq!(changed["tenantSettings"], expected);
    assert_eq!(settings(&app, &store).await, expected);
    assert_eq!(settings(&app, &other).await["name"], "other");

    let shop = app.gql(&store.publishable, "{ shop { name description primaryDomain { url } } }", json!({})).await;
    let shown = json!({ "name": "Fjord & Field", "description": "Outdoor\nthings",
        "primaryDomain": { "url": "https://fjord.example/de" } });
    assert_eq!(shop["shop"], shown);
    let cart = app.gql(&store.publishable, "mutation { cartCreate { cart { checkoutUrl } } }", json!({})).await;
    let checkout = cart["cartCreate"]["cart"]["checkoutUrl"].as_str().expect("a URL");
    assert!(checkout.starts_with("https://pay.fjord.example/"), "{checkout}");
    let recover = r#"mutation { customerRecover(email: "bob@example.com") { customerUserErrors { code } } }"#;
    app.gql(&store.publishable, recover, json!({})).await;
    let mail = app.mails("bob@example.com").await.pop().expect("a mail");
    assert_eq!((mail.from_name.as_str(), mail.reply_to.as_deref()), ("Fjord's letters", Some("help@fjord.example")));
    assert!(mail.text.contains("https://fjord.example/de/account/reset/") && mail.subject.ends_with("Fjord & Field"));
    assert!(mail.subject.starts_with("Wählen Sie ein neues Passwort"), "{}", mail.subject);
}

#[tokio::test]
async fn a_mail_can_be_looked_at_before_anybody_gets_it() {
    let app = TestApp::with(&[("STAFF_URL", "https://admin.example")]).await;
    let store = app.store("acme").await;
    update(&app, &store, json!({ "mailSenderName": "Letters", "mailLanguage": "FR", "email": "help@fjord.example" }))
        .await;
    let preview = "query($template: EmailTemplate!, $language: LanguageCode) {
        emailPreview(template: $template, language: $language) { language senderName replyTo subject text html } }";
    let shown = async |template: &str, language: Value| {
        let variables = json!({ "template": template, "language": language });
        app.gql(&store.secret, preview, variables).await["emailPreview"].take()
    };
    let reset = shown("CUSTOMER_PASSWORD_RESET", Value::Null).await;
    assert_eq!((&reset["language"], &reset["senderName"]), (&json!("FR"), &json!("Letters")));
    assert_eq!(
        (&reset["replyTo"], &reset["subject"]),
        (&json!("help@fjord.example"), &json!("Choisissez un nouveau mot de passe: acme"))
    );
    assert!(reset["text"].as_str().is_some_and(|text| text.contains("Token: example")), "{reset:#}");
    let invitation = shown("STAFF_INVITATION", json!("DE")).await;
    assert_eq!((&invitation["subject"], &invitation["replyTo"]), (&json!("Sie sind eingeladen: acme"), &Value::Null));
    let link = "https://admin.example/invitation#token=example";
    for part in ["text", "html"] {
        assert!(invitation[part].as_str().is_some_and(|text| text.contains(link)), "{invitation:#}");
    }
    let answer = app.ask(&store.secret, "{ emailPreview(template: STAFF_INVITATION, language: ES) { subject } }").await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert_eq!(app.mailbox.count(), 0, "nobody was written to");
}

#[tokio::test]
async fn what_is_left_out_stays_and_null_takes_away() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let all =
        json!({ "email": "help@fjord.example", "mailSenderName": "Letters", "storefrontUrl": "https://fjord.example" });
    update(&app, &store, all).await;
    let changed =
        update(&app, &store, json!({ "description": "Things", "email": null })).await["tenantSettings"].take();
    let kept = ["name", "description", "email", "mailSenderName", "storefrontUrl"].map(|setting| &changed[setting]);
    assert_eq!(
        kept,
        [&json!("acme"), &json!("Things"), &Value::Null, &json!("Letters"), &json!("https://fjord.example")]
    );
    let unchanged = update(&app, &store, json!({})).await["tenantSettings"].take();
    assert_eq!(unchanged, changed);
    let nulls =
        json!({ "mailSenderName": null, "storefrontUrl": null, "checkoutUrlTemplate": null, "description": "" });
    let changed = update(&app, &store, nulls).await["tenantSettings"].take();
    let kept = ["description", "mailSenderName", "storefrontUrl"].map(|setting| &changed[setting]);
    assert_eq!(kept, [&json!(""), &Value::Null, &Value::Null]);
}

#[tokio::test]
async fn a_change_is_made_whole_or_not_at_all() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let before = settings(&app, &store).await;
    let input = json!({ "name": "Fine", "email": "nobody", "mailSenderName": "", "storefrontUrl": "javascript:x" });
    let refused = update(&app, &store, input).await;
    let wrong = ["mailSenderName", "email", "storefrontUrl"];
    let wrong = wrong.map(|setting| json!({ "field": ["input", setting], "code": "INVALID" }));
    assert_eq!(refused, json!({ "tenantSettings": null, "userErrors": wrong }));
    assert_eq!(settings(&app, &store).await, before);
}

#[tokio::test]
async fn the_origins_that_may_use_the_shops_keys_are_the_merchants_to_say() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let status = async |key: &str, origin: &str| {
        app.post_json(key, &json!({ "query": "{ __typename }" }), &[("origin", origin)]).await.status
    };
    assert_eq!(status(&store.publishable, "https://evil.example").await, StatusCode::OK, "none is listed: any may");
    let origins = json!(["https://Shop.example:443/", "http://localhost:3000", "https://shop.example"]);
    let set = set_origins(&app, &store, origins).await;
    assert_eq!(set["tenantSettings"]["allowedOrigins"], json!(["https://shop.example", "http://localhost:3000"]));
    assert_eq!(settings(&app, &store).await["allowedOrigins"], set["tenantSettings"]["allowedOrigins"]);
    for (key, origin, expected) in [
        (&store.publishable, "https://shop.example", StatusCode::OK),
        (&store.secret, "http://localhost:3000", StatusCode::OK),
        (&store.publishable, "https://evil.example", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(status(key, origin).await, expected, "{origin}");
    }
    let refused = set_origins(&app, &store, json!(["https://ok.example", "*", "https://a.example/b"])).await;
    let fields: Vec<&Value> =
        refused["userErrors"].as_array().expect("errors").iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, [&json!(["origins", "1"]), &json!(["origins", "2"])]);
    let many: Vec<String> = (0..101).map(|n| format!("https://shop{n}.example")).collect();
    assert_eq!(set_origins(&app, &store, json!(many)).await["userErrors"][0]["code"], "TOO_MANY");
    assert_eq!(status(&store.publishable, "https://evil.example").await, StatusCode::FORBIDDEN, "nothing was changed");
    set_origins(&app, &store, json!([])).await;
    assert_eq!(status(&store.publishable, "https://evil.example").await, StatusCode::OK);
}
