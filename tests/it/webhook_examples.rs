//! The example of each topic: what was really sent for an order, in src/webhook/examples and in docs/webhooks.md.
//!
//! Clock and randomness are the test's, so that the same code makes the same bytes. After a change of what is sent:
//! `UPDATE_EXAMPLES=1 scripts/test webhook_examples`.

use std::path::{Path, PathBuf};

use async_graphql::Value;
use chrono::TimeDelta;
use emporia::events::Topic;
use emporia::order::model::{SendLine, Tracking};
use emporia::order::service::{Sending, fulfillment_create, order_mark_as_paid};
use emporia::webhook::body::example;
use emporia::worker;
use uuid::Uuid;

use crate::support::{Receiver, Shopping};
use crate::webhook::subscribe;

fn path(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn is_updating() -> bool {
    std::env::var_os("UPDATE_EXAMPLES").is_some()
}

async fn send(shop: &Shopping, order: Uuid, lines: Option<Vec<SendLine>>, number: &str) {
    let tracking = Tracking {
        company: Some("DHL".to_owned()),
        number: Some(number.to_owned()),
        url: Some(format!("https://www.dhl.example/track/{number}")),
    };
    let sending = Sending { order_id: Some(order), lines, tracking };
    fulfillment_create(&shop.order_desk(None), &sending).await.expect("no key").expect("a parcel");
}

/// What is sent of an order that is placed, paid, sent in two parcels, and of one that is cancelled.
async fn sent() -> Vec<(Topic, String)> {
    let shop = Shopping::new().await;
    let receiver = Receiver::accepting().await;
    for topic in Topic::ALL {
        subscribe(&shop.app, &shop.store, topic.as_db(), &receiver.url()).await;
    }
    shop.on_sale(1, 1900, 50).await;
    shop.on_sale(2, 3450, 50).await;
    let next = async || {
        worker::drain(&shop.app.app).await.expect("the worker's work");
        shop.app.clock.advance(TimeDelta::hours(1));
    };
    let order = shop.buy(&shop.cart(&[(1, 2), (2, 1)]).await).await;
    next().await;
    order_mark_as_paid(&shop.order_desk(None), Some(order)).await.expect("no key").expect("a payment");
    next().await;
    send(&shop, order, Some(vec![first_line(&shop, order).await]), "00340434161094000001").await;
    next().await;
    send(&shop, order, None, "00340434161094000002").await;
    next().await;
    let cancelled = shop.buy(&shop.cart(&[(2, 1)]).await).await;
    next().await;
    shop.cancel(cancelled).await;
    next().await;
    let received = receiver.received();
    let body = |topic: Topic| {
        let request = received.iter().find(|request| request.json()["type"] == topic.on_the_wire());
        let request = request.unwrap_or_else(|| panic!("nothing was sent of {topic:?}"));
        (topic, String::from_utf8(request.body.to_vec()).expect("text"))
    };
    Topic::ALL.map(body).into()
}

/// One of the order's first line.
async fn first_line(shop: &Shopping, order: Uuid) -> SendLine {
    let query =
        format!("{{ order(id: \"gid://emporia/Order/{order}\") {{ lineItems(first: 1) {{ nodes {{ id }} }} }} }}");
    let data = shop.app.gql(&shop.store.secret, &query, serde_json::json!({})).await;
    let id = data["order"]["lineItems"]["nodes"][0]["id"].as_str().and_then(|id| id.rsplit('/').next());
    SendLine { line_id: id.and_then(|id| id.parse().ok()), quantity: 1, field: Vec::new() }
}

#[tokio::test]
async fn each_topics_example_is_what_is_sent() {
    let page = path("docs/webhooks.md");
    let mut text = std::fs::read_to_string(&page).expect("the page");
    for (topic, body) in sent().await {
        let file = path(&format!("src/webhook/examples/{}.json", topic.on_the_wire()));
        let shown: Value = serde_json::from_str(&body).expect("JSON");
        let shown = serde_json::to_string_pretty(&shown).expect("JSON");
        let heading = format!("### {}\n", topic.as_db());
        let at = text.find(&heading).unwrap_or_else(|| panic!("docs/webhooks.md has no heading {heading}"));
        let start = at + text[at..].find("```json\n").expect("an example") + "```json\n".len();
        let end = start + text[start..].find("\n```").expect("its end");
        if is_updating() {
            std::fs::write(file, &body).expect("a file");
            text.replace_range(start..end, &shown);
            continue;
        }
        let stale = "UPDATE_EXAMPLES=1 scripts/test webhook_examples";
        assert!(example(topic) == body, "{} is stale: {stale}", file.display());
        assert!(text[start..end] == shown, "{topic:?} in docs/webhooks.md is stale: {stale}");
    }
    if is_updating() {
        std::fs::write(page, text).expect("the page");
    }
}
