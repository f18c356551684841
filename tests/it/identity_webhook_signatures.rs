//! What nobody has signed but the provider, just now, and what is signed and no event.

use axum::http::StatusCode;
use chrono::TimeDelta;
use emporia::clock::Entropy;
use emporia::webhook::sign::SigningSecret;
use serde_json::json;

use crate::identity_webhooks::{SHOP, Stage};
use crate::support::issuer::{event, organization};
use crate::support::{Issuer, TestApp, start};

#[tokio::test]
async fn what_the_provider_has_not_signed_just_now_is_refused() {
    let stage = Stage::set().await;
    let body = organization("created", 1, "org_1", "Acme").to_string();
    let refused = async |what: &str, headers: &[(&str, String)], body: &str| {
        let answer = stage.app.webhook("clerk", headers, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
        assert!(answer.text.contains("the signature is missing, wrong, or not of these five minutes"), "{what}");
    };
    let good = stage.issuer.signed("evt_1", 0, &body);
    refused("nothing", &[], &body).await;
    for missing in 0..3 {
        let mut headers = good.to_vec();
        headers.remove(missing);
        refused(good[missing].0, &headers, &body).await;
        let twice = [&good[..], &good[missing..=missing]].concat();
        refused("twice", &twice, &body).await;
    }
    let with = |at: usize, value: &str| {
        let mut headers = good.clone();
        headers[at].1 = value.to_owned();
        headers
    };
    refused("another id", &with(0, "evt_2"), &body).await;
    let time = good[1].1.clone();
    for bad in ["", "now", &format!("+{time}"), &format!("0{time}"), &format!("{time}.0"), "-1", "99999999999999999999"]
    {
        refused(bad, &with(1, bad), &body).await;
    }
    refused("another time", &with(1, &(start().timestamp() + 1).to_string()), &body).await;
    let signature = good[2].1.clone();
    for bad in [
        "",
        "v1,",
        "v1",
        &signature[3..],
        &signature.replace("v1,", "v1a,"),
        &signature.replace("v1,", "v2,"),
        "v1,AAAA",
    ] {
        refused(bad, &with(2, bad), &body).await;
    }
    refused("another body", &good, &body.replace("Acme", "Evil")).await;
    refused("another body", &good, &format!("{body} ")).await;
    for second in [-301, 301, -100_000, 100_000] {
        refused(&format!("{second} seconds"), &stage.issuer.signed("evt_1", second, &body), &body).await;
    }
    let stranger = SigningSecret::generate(&Entropy::seeded(99));
    let forged = stranger.sign("evt_1", start().timestamp(), &body);
    refused("another secret", &with(2, &forged), &body).await;
    // Ours are not theirs: what we sign webhooks with, or nothing at all.
    for name in ["", "nobody", "clerk/", "..", "CLERK"] {
        assert_eq!(stage.app.webhook(name, &good, &body).await.status, StatusCode::NOT_FOUND, "{name}");
    }
    assert_eq!((stage.count("platform.tenants").await, stage.count("platform.identity_events").await), (0, 0));
    // And what is right among what is wrong is taken.
    let several = with(2, &format!("{forged} v1a,x {signature}"));
    assert_eq!(stage.app.webhook("clerk", &several, &body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_event_of_five_minutes_ago_cannot_be_replayed_under_any_name() {
    let stage = Stage::with_acme().await;
    stage.told("evt_2", &organization("updated", 2, "org_1", "Second")).await;
    let body = organization("updated", 2, "org_1", "Second").to_string();
    let old = stage.issuer.signed("evt_2", 0, &body);
    stage.app.clock.advance(TimeDelta::seconds(300));
    assert_eq!(stage.app.webhook("clerk", &old, &body).await.json()["outcome"], "repeated", "it does nothing");
    stage.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(stage.app.webhook("clerk", &old, &body).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn one_providers_secret_signs_for_no_other() {
    let (one, other) = (Issuer::start().await, Issuer::start().await);
    let mut silent = Issuer::start().await.clerk("silent");
    silent.as_object_mut().expect("fields").retain(|name, _| !["webhook_secrets", "new_shop"].contains(&name.as_str()));
    let app = TestApp::trusting(&[one.clerk("clerk"), other.clerk("other"), silent]).await;
    app.told(&one, "evt_1", &organization("created", 1, "org_1", "Acme")).await;
    let body = organization("deleted", 2, "org_1", "Acme").to_string();
    let theirs = other.signed("evt_1", 0, &body);
    assert_eq!(app.webhook("clerk", &theirs, &body).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(app.webhook("silent", &theirs, &body).await.status, StatusCode::NOT_FOUND);
    // Under its own name it is an event of its own, of its own organization.
    assert_eq!(app.webhook("other", &theirs, &body).await.json()["outcome"], "applied");
    let asked = app.bearer(&one.clerk_token("ada", "org_1", "org:admin"), SHOP, json!({}), &[]).await;
    assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
}

#[tokio::test]
async fn both_secrets_count_while_one_takes_the_others_place_and_both_vocabularies_do() {
    let issuer = Issuer::start().await;
    let next = SigningSecret::generate(&Entropy::seeded(5));
    let mut config = issuer.clerk("clerk");
    config["webhook_secrets"] = json!([next.reveal(), issuer.secret.reveal()]);
    let app = TestApp::trusting(&[config]).await;
    app.told(&issuer, "evt_1", &organization("created", 1, "org_1", "Acme")).await;
    let body = organization("updated", 2, "org_1", "Second").to_string();
    let time = start().timestamp();
    let headers = [
        ("webhook-id", "evt_2".to_owned()),
        ("webhook-timestamp", time.to_string()),
        ("webhook-signature", next.sign("evt_2", time, &body)),
    ];
    assert_eq!(app.webhook("clerk", &headers, &body).await.json()["outcome"], "applied");
}

#[tokio::test]
async fn what_is_signed_and_no_event_is_told_and_what_nobody_asked_for_is_let_be() {
    let stage = Stage::set().await;
    for (body, says) in [
        ("not JSON", "expected a JSON object with type and data"),
        ("[]", "expected a JSON object with type and data"),
        (r#"{"type":"organization.created","data":{}}"#, "data.id is missing"),
        (r#"{"type":"organizationMembership.created","data":{"id":"m1"}}"#, "is missing, or is not what it should be"),
    ] {
        let answer = stage.app.webhook("clerk", &stage.issuer.signed("evt_1", 0, body), body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.text.contains(says), "{answer:?}");
    }
    let other = event("user.created", 1, &json!({ "id": "user_1" }));
    assert_eq!(stage.told("evt_1", &other).await, "ignored");
    let long = " ".repeat(300_000);
    let answer = stage.app.webhook("clerk", &stage.issuer.signed("evt_2", 0, &long), &long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
