//! Webhook subscriptions: made, listed, changed, deleted, and whose they are.

use diesel_async::SimpleAsyncConnection;
use emporia::events::Topic;
use emporia::worker;
use serde_json::{Value, json};

use crate::events::append;
use crate::support::{Receiver, Reply, TestApp, admin};
use crate::webhook::{CREATE, RETRY, deliveries, drain, subscribe, the_delivery, waiting};

#[tokio::test]
async fn a_secret_is_shown_only_when_it_is_made() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    let secret = created["signingSecret"].as_str().and_then(|secret| secret.strip_prefix("whsec_")).expect("a secret");
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    // Whatever there is to be asked of a type.
    let leaves = async |kind: &str| {
        let fields = "{ name type { kind ofType { kind } } }";
        let query = format!("{{ __type(name: \"{kind}\") {{ fields {fields} }} }}");
        let mut data = app.gql(&store.secret, &query, json!({})).await;
        let fields: Vec<Value> = serde_json::from_value(data["__type"]["fields"].take()).expect("fields");
        let leaf = |kind: &Value| kind == "SCALAR" || kind == "ENUM";
        let names =
            fields.iter().filter(|field| leaf(&field["type"]["kind"]) || leaf(&field["type"]["ofType"]["kind"]));
        names.map(|field| field["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let subscription = leaves("WebhookSubscription").await;
    let (delivery, attempt) = (leaves("WebhookDelivery").await, leaves("WebhookDeliveryAttempt").await);
    assert!(subscription.contains("uri") && delivery.contains("body") && attempt.contains("error"));
    let query = format!(
        "mutation($id: ID!, $uri: URL!) {{ webhookSubscriptionUpdate(id: $id, webhookSubscription: {{ uri: $uri }})
        {{ webhookSubscription {{ {subscription} }} }} }}"
    );
    let variables = json!({ "id": created["webhookSubscription"]["id"], "uri": receiver.url() });
    let updated = app.gql(&store.secret, &query, variables.clone()).await;
    let query = format!(
        "query($id: ID!) {{ webhookSubscription(id: $id) {{ {subscription} }} node(id: $id) {{ id }}
        webhookSubscriptions(first: 9) {{ nodes {{ {subscription} }} }}
        webhookDeliveries(first: 9) {{ nodes {{ {delivery} attempts {{ {attempt} }} subscription {{ {subscription} }} }} }} }}"
    );
    let seen = app.gql(&store.secret, &query, variables).await;
    for text in [updated.to_string(), seen.to_string()] {
        assert!(text.contains(&receiver.url()) && !text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn a_subscription_is_listed_changed_and_deleted() {
    const LIST: &str = "{ webhookSubscriptions(first: 10) { nodes { id topic uri } } }";
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (old, new) = (Receiver::accepting().await, Receiver::accepting().await);
    let created = subscribe(&app, &store, "ORDERS_PAID", &old.url()).await["webhookSubscription"].take();
    let list = app.gql(&store.secret, LIST, json!({})).await;
    assert_eq!(list["webhookSubscriptions"]["nodes"], json!([created]));
    let one = "query($id: ID!) { webhookSubscription(id: $id) { id topic uri } }";
    assert_eq!(app.gql(&store.secret, one, json!({ "id": created["id"] })).await["webhookSubscription"], created);

    let update =
        "mutation($id: ID!, $uri: URL!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: { uri: $uri })
        { webhookSubscription { uri } userErrors { code } } }";
    let moved = app.gql(&store.secret, update, json!({ "id": created["id"], "uri": new.url() })).await;
    assert_eq!(moved["webhookSubscriptionUpdate"]["webhookSubscription"]["uri"], new.url());
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    drain(&app.app).await;
    assert_eq!((old.received().len(), new.received().len()), (0, 1));

    let delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id)
        { deletedWebhookSubscriptionId userErrors { code field } } }";
    let deleted = app.gql(&store.secret, delete, json!({ "id": created["id"] })).await;
    assert_eq!(deleted["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"], created["id"]);
    let again = app.gql(&store.secret, delete, json!({ "id": created["id"] })).await;
    let errors = json!([{ "code": "NOT_FOUND", "field": ["id"] }]);
    assert_eq!(again["webhookSubscriptionDelete"]["userErrors"], errors);
    assert!(deliveries(&app, &store).await.is_empty());
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    drain(&app.app).await;
    assert_eq!(new.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_deleted_meanwhile_does_not_hinder_the_relay() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    let gone = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    let mut deleting = admin(&app.db.name).await;
    let id = gone["webhookSubscription"]["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id");
    let delete = format!("BEGIN; DELETE FROM webhook_subscriptions WHERE id = '{id}'");
    deleting.batch_execute(&delete).await.expect("a deletion");
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let relay = tokio::spawn({
        let app = app.app.clone();
        async move { worker::drain(&app).await }
    });
    waiting(&app, 1).await;
    deleting.batch_execute("COMMIT").await.expect("a commit");
    relay.await.expect("a task").expect("a relay");
    assert_eq!(receiver.received().len(), 1, "told of once: to the subscription that is left");
}

#[tokio::test]
async fn a_shop_has_at_most_fifty_subscriptions() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for _ in 0..50 {
        subscribe(&app, &store, "ORDERS_CREATE", "http://127.0.0.1:9/").await;
    }
    let input = json!({ "topic": "ORDERS_CREATE", "uri": "http://127.0.0.1:9/" });
    let data = app.gql(&store.secret, CREATE, input).await;
    assert_eq!(data["webhookSubscriptionCreate"]["userErrors"][0]["code"], "LIMIT_REACHED");
}

#[tokio::test]
async fn webhooks_are_the_merchants_and_no_other_tenants() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let receiver = Receiver::start(Reply::Status(500, String::new())).await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    append(&app.app, &other, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 1, "the other tenant's event is not told");
    let id = &created["webhookSubscription"]["id"];
    let delivery = the_delivery(&app, &store).await;

    let all = "query($id: ID!) { webhookSubscription(id: $id) { id } webhookSubscriptions(first: 5) { nodes { id } }
        webhookDeliveries(first: 5, subscriptionId: $id) { nodes { id } } }";
    let seen = app.gql(&other.secret, all, json!({ "id": id })).await;
    let nothing = json!({ "webhookSubscription": null, "webhookSubscriptions": { "nodes": [] },
        "webhookDeliveries": { "nodes": [] } });
    assert_eq!(seen, nothing);
    let retried = app.gql(&other.secret, RETRY, json!({ "id": delivery["id"] })).await;
    assert_eq!(retried["webhookDeliveryRetry"]["userErrors"], json!([{ "code": "NOT_FOUND" }]));

    let (create, retry) = (json!({ "topic": "ORDERS_CREATE", "uri": receiver.url() }), json!({ "id": delivery["id"] }));
    for (query, variables) in [(all, json!({ "id": id })), (CREATE, create), (RETRY, retry)] {
        let (_, body) = app.post(&store.publishable, query, variables).await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{body:#}");
    }
}
