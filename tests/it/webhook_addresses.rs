//! Where webhooks may go, and by which way.

use emporia::events::Topic;
use serde_json::{Value, json};

use crate::events::append;
use crate::support::{Process, Receiver, Reply, TestApp, eventually, redis_url};
use crate::webhook::{CREATE, another, deliveries, drain, subscribe, the_delivery};

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let elsewhere = Receiver::accepting().await;
    let receiver = Receiver::start(Reply::Redirect(elsewhere.url())).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    assert_eq!((receiver.received().len(), elsewhere.received().len()), (1, 0));
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][0]["statusCode"]), (&json!("PENDING"), &json!(307)));
}

#[tokio::test]
async fn a_private_address_is_refused_when_it_is_given() {
    let app = TestApp::with(&[("WEBHOOK_ALLOW_PRIVATE", "false")]).await;
    let store = app.store("acme").await;
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "localhost",
        "2130706433",
        "0x7f.1",
        "100.64.0.1",
        "[fd00::1]",
        "224.0.0.1",
    ] {
        let uri = format!("http://{host}:8080/");
        let data = app.gql(&store.secret, CREATE, json!({ "topic": "ORDERS_CREATE", "uri": uri })).await;
        let payload = &data["webhookSubscriptionCreate"];
        assert_eq!(payload["userErrors"][0]["code"], "INVALID_URI", "{uri}");
        assert_eq!(payload["userErrors"][0]["field"], json!(["webhookSubscription", "uri"]));
        assert_eq!((&payload["webhookSubscription"], &payload["signingSecret"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn a_private_address_is_refused_when_it_is_called() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"] {
        subscribe(&app, &store, "ORDERS_CREATE", &format!("http://{host}:{}/", receiver.port)).await;
    }
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&another(&app, 2, &[("WEBHOOK_ALLOW_PRIVATE", "false")])).await;
    assert!(receiver.received().is_empty());
    let all = deliveries(&app, &store).await;
    assert_eq!(all.len(), 5);
    for delivery in all {
        let attempt = &delivery["attempts"][0];
        assert_eq!(attempt["statusCode"], Value::Null);
        assert!(attempt["error"].as_str().expect("a reason").contains("not a public address"), "{attempt}");
    }
}

#[tokio::test]
async fn no_proxy_of_the_environment_comes_between() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (receiver, proxy) = (Receiver::accepting().await, Receiver::accepting().await);
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let (database, platform, redis) = (app.db.url("emporia_app"), app.db.url("emporia_platform"), redis_url());
    let through = format!("http://127.0.0.1:{}", proxy.port);
    let mut settings = vec![
        ("DATABASE_URL", database.as_str()),
        ("DATABASE_PLATFORM_URL", &platform),
        ("REDIS_URL", &redis),
        ("WEBHOOK_ALLOW_PRIVATE", "true"),
    ];
    settings.extend(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, through.as_str())));
    let _worker = Process::worker(&settings);
    eventually("somebody is called", async || {
        (!receiver.received().is_empty() || !proxy.received().is_empty()).then_some(())
    })
    .await;
    assert!(proxy.received().is_empty());
}

#[tokio::test]
async fn an_address_is_stored_as_it_was_understood() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", " HTTPS://Shop.Example/a hook ").await;
    assert_eq!(created["webhookSubscription"]["uri"], "https://shop.example/a%20hook");
    for uri in ["https://user:word@shop.example/", "https://shop.example/#here"] {
        let data = app.gql(&store.secret, CREATE, json!({ "topic": "ORDERS_CREATE", "uri": uri })).await;
        assert_eq!(data["webhookSubscriptionCreate"]["userErrors"][0]["code"], "INVALID_URI", "{uri}");
    }
}
