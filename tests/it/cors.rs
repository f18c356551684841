//! Which pages may call the API with which key.

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tower::ServiceExt;

use crate::support::{Socket, TestApp};

const PAGE: &str = "https://shop.example";

#[tokio::test]
async fn a_preflight_is_answered_for_any_page_and_cached() {
    let app = TestApp::new().await;
    for path in ["/graphql", "/api/2026-04/graphql.json"] {
        let headers = [
            ("origin", PAGE),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-api-key,x-client-version"),
        ];
        let answer = app.send("OPTIONS", path, &headers, "").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type,x-api-key,x-client-version"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST"));
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn publishable_keys_work_from_any_page_and_secret_keys_from_none_but_our_own() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://api.example"), ("LISTEN", "127.0.0.1:8123")]).await;
    let store = app.store("acme").await;
    let own = ["https://api.example", "http://127.0.0.1:8123", "http://localhost:8123"];
    for (key, origin, allowed) in [
        (&store.publishable, PAGE, true),
        (&store.publishable, "null", true),
        (&store.secret, PAGE, false),
        (&store.secret, "null", false),
        (&store.secret, "https://api.example.evil.example", false),
        (&store.secret, "http://localhost:9999", false),
        (&store.secret, own[0], true),
        (&store.secret, own[1], true),
        (&store.secret, own[2], true),
    ] {
        let answer = app.post_json(key, &json!({ "query": "{ __typename }" }), &[("origin", origin)]).await;
        let expected = if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, expected, "{origin}: {}", answer.text);
        assert_eq!(answer.header("access-control-allow-origin"), allowed.then_some(origin));
    }
}

#[tokio::test]
async fn an_origin_that_cannot_be_told_is_not_absent() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://api.example")]).await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let own = HeaderValue::from_static("https://api.example");
    let strange = HeaderValue::from_bytes("https://ev\u{ef}l.example".as_bytes()).expect("a header");
    for origins in [&[&strange][..], &[&own, &strange], &[&strange, &own], &[&own, &own]] {
        let mut upgrade = format!("ws://{}/graphql", server.address).into_client_request().expect("a request");
        let headers = upgrade.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        headers.insert("x-api-key", store.secret.parse().expect("a header"));
        for origin in origins {
            headers.append("origin", (*origin).clone());
        }
        for (key, status) in [(&store.publishable, StatusCode::OK), (&store.secret, StatusCode::FORBIDDEN)] {
            let mut request =
                Request::post("/graphql").header("content-type", "application/json").header("x-api-key", key);
            for origin in origins {
                request = request.header("origin", *origin);
            }
            let request = request.body(Body::from(r#"{"query":"{ __typename }"}"#)).expect("a request");
            let response = app.router().oneshot(request).await.expect("an answer");
            assert_eq!(response.status(), status, "{origins:?}");
        }
        let mut socket = Socket::upgraded(server.address, upgrade).await;
        socket.say(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.closed().await.0, 4403, "{origins:?}");
    }
}

#[tokio::test]
async fn in_production_only_the_public_url_is_our_own() {
    let app = TestApp::with(&[("DEVELOPMENT", "false"), ("PUBLIC_URL", "https://api.example/")]).await;
    let store = app.store("acme").await;
    for (origin, status) in
        [("https://api.example", 200), ("http://127.0.0.1:8000", 403), ("http://localhost:8000", 403)]
    {
        let answer = app.post_json(&store.secret, &json!({ "query": "{ __typename }" }), &[("origin", origin)]).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

#[tokio::test]
async fn a_page_may_read_why_its_key_is_refused() {
    let app = TestApp::new().await;
    let answer = app.post_json("epk_nonsense", &json!({ "query": "{ __typename }" }), &[("origin", PAGE)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("x-request-id, retry-after, ratelimit, ratelimit-policy")
    );
}

#[tokio::test]
async fn a_tenants_own_list_says_which_pages_may_use_which_key() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let allow = async |origins: &[&str]| {
        let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let (db, clock, resolver) = (&app.app.db, &*app.app.clock, &app.app.resolver);
        emporia::tenant::service::tenant_set_origins(db, clock, resolver, store.tenant, &origins).await.expect("done");
    };
    let other = "https://other.example";
    for (listed, key, origin, allowed) in [
        (&[][..], &store.publishable, PAGE, true),
        (&[], &store.secret, PAGE, false),
        (&[PAGE], &store.publishable, PAGE, true),
        (&[PAGE], &store.secret, PAGE, true),
        (&[PAGE], &store.publishable, other, false),
        (&[PAGE], &store.secret, other, false),
        (&[PAGE, other], &store.secret, other, true),
        (&[], &store.publishable, other, true),
    ] {
        allow(listed).await;
        let answer = app.post_json(key, &json!({ "query": "{ __typename }" }), &[("origin", origin)]).await;
        let expected = if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, expected, "{listed:?} {origin}: {}", answer.text);
        assert_eq!(answer.header("access-control-allow-origin"), allowed.then_some(origin));
    }
}

#[tokio::test]
async fn a_public_url_without_an_origin_makes_no_page_our_own() {
    let mut test = TestApp::new().await;
    let store = test.store("acme").await;
    let mut config = test.db.config(&[]);
    config.http.public_url = "api.example:8000".to_owned();
    test.app.config = std::sync::Arc::new(config);
    let answer = test.post_json(&store.secret, &json!({ "query": "{ __typename }" }), &[("origin", "null")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}
