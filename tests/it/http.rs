//! GraphQL over HTTP, health and the end of a process: what a client sees at the edge.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Goods, TestApp, Uncommitted, eventually, waiting};

const PING: &str = "{ __typename }";
const GRAPHQL: &str = "application/graphql-response+json";

#[tokio::test]
async fn the_answer_has_the_media_type_that_was_asked_for() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    for (accept, expected) in [
        (GRAPHQL, "application/graphql-response+json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
    ] {
        let answer = app.post_json(&key, &json!({ "query": PING }), &[("accept", accept)]).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, Some(expected)));
        let cost = r#""extensions":{"cost":{"requestedQueryCost":0,"actualQueryCost":0}}"#;
        assert_eq!(answer.text, format!(r#"{{"data":{{"__typename":"QueryRoot"}},{cost}}}"#));
    }
    let answer = app.post_json(&key, &json!({ "query": PING }), &[("accept", "text/csv")]).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn what_was_not_executed_says_at_which_stage_it_failed_and_has_no_data() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nowhere }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ products(first: \"a\") { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...a } fragment a on QueryRoot { ...a }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($a: Int!) { __typename }", "BAD_USER_INPUT"),
    ] {
        let answer = app.ask(&key, query).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, code), "{query}");
        assert!(answer.json().get("data").is_none(), "{query}");
        let answer = app.post_json(&key, &json!({ "query": query }), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "application/json: {query}");
    }
}

#[tokio::test]
async fn an_error_while_executing_leaves_status_and_data() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let answer = app.ask(&key, "{ products { nodes { id } } }").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::OK, "BAD_USER_INPUT"));
    assert_eq!(answer.json()["data"], Value::Null);
}

#[tokio::test]
async fn bodies_that_are_no_graphql_request_are_400() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let headers = [("content-type", "application/json"), ("x-api-key", key.as_str())];
    for body in ["", "{", "7", "{}", "[]", r#"{"query": 7}"#, r#"{"query": "{a}", "variables": []}"#, r#"[{}, 7]"#] {
        let answer = app.send("POST", "/graphql", &headers, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"), "{body}");
    }
    let answer = app.send("POST", "/graphql", &headers, " ".repeat((2 << 20) + 1)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let headers = [("content-type", media), ("x-api-key", key.as_str())];
        let answer = app.send("POST", "/graphql", &headers, r#"{"query": "{__typename}"}"#).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
    }
    let answer = app.send("PUT", "/graphql", &headers, "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn get_takes_queries_and_refuses_mutations() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let headers = [("x-api-key", key.as_str())];
    let query =
        "/graphql?query=query%20N($n:String!)%7B__type(name:$n)%7Bname%7D%7D&variables=%7B%22n%22:%22Shop%22%7D";
    let answer = app.send("GET", query, &headers, "").await;
    assert_eq!((answer.status, answer.json().get("errors")), (StatusCode::OK, None));
    let answer = app.send("GET", "/graphql?query=mutation%7B__typename%7D", &headers, "").await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST")));
    for bad in ["/graphql", "/graphql?query=%7Ba%7D&variables=7", "/graphql?query=%7Ba%7D&extensions=%5B%5D"] {
        assert_eq!(app.send("GET", bad, &headers, "").await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn a_get_from_another_sites_page_needs_a_header_that_forces_a_preflight() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://api.example")]).await;
    app.store("acme").await;
    let uri = "/graphql?query=%7B__typename%7D";
    let host = ("host", "acme.shops.test");
    for (headers, status) in [
        (vec![], StatusCode::OK),
        (vec![("sec-fetch-site", "none")], StatusCode::OK),
        (vec![("sec-fetch-site", "same-origin")], StatusCode::OK),
        (vec![("origin", "https://api.example")], StatusCode::OK),
        (vec![("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "same-site")], StatusCode::FORBIDDEN),
        (vec![("origin", "https://evil.example")], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "cross-site"), ("content-type", "text/plain")], StatusCode::FORBIDDEN),
        (vec![("sec-fetch-site", "cross-site"), ("graphql-require-preflight", "1")], StatusCode::OK),
        (vec![("sec-fetch-site", "cross-site"), ("content-type", "application/json")], StatusCode::OK),
    ] {
        let all: Vec<_> = headers.iter().copied().chain([host]).collect();
        let answer = app.send("GET", uri, &all, "").await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_guard_refuses_in_the_shape_of_a_graphql_response() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let body = json!({ "query": PING });
    for key in ["", "nonsense", "esk_nonsense"] {
        let answer = app.post_json(key, &body, &[("accept", GRAPHQL)]).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"), "{key}");
        assert_eq!(answer.header("content-type"), Some("application/graphql-response+json; charset=utf-8"));
        assert!(answer.json()["errors"][0]["message"].is_string() && answer.json().get("data").is_none());
    }
    let none = app.send("POST", "/graphql", &[("content-type", "application/json")], body.to_string()).await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
    let (db, clock) = (&app.app.db, &*app.app.clock);
    emporia::tenant::service::tenant_set_suspended(db, clock, &app.app.resolver, store.tenant, true).await.unwrap();
    let refused = eventually("the suspension is known", || async {
        let answer = app.post_json(&store.secret, &body, &[]).await;
        (answer.status == StatusCode::FORBIDDEN).then_some(answer)
    })
    .await;
    assert_eq!(refused.code(), "FORBIDDEN");
}

#[tokio::test]
async fn keys_are_taken_under_the_names_that_storefront_clients_send() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for (name, key) in
        [("X-Shopify-Storefront-Access-Token", &store.publishable), ("Shopify-Storefront-Private-Token", &store.secret)]
    {
        let headers = [("content-type", "application/json"), (name, key.as_str())];
        let body = json!({ "query": PING }).to_string();
        let answer = app.send("POST", "/api/2026-04/graphql.json", &headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_order_and_bounded() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let batch = json!([{ "query": PING }, { "query": "{" }, { "query": "{ a: __typename }" }]);
    let answer = app.post_json(&key, &batch, &[]).await.json();
    assert_eq!(answer[0]["data"], json!({ "__typename": "QueryRoot" }));
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
    assert_eq!(answer[2]["data"]["a"], "QueryRoot");
    let answer = app.post_json(&key, &json!(vec![json!({ "query": PING }); 11]), &[]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_persisted_query_is_sent_once_and_named_by_its_hash_then() {
    let app = TestApp::new().await;
    let (acme, other) = (app.store("acme").await, app.store("other").await);
    let hash: String = Sha256::digest(PING).iter().map(|byte| format!("{byte:02x}")).collect();
    let by_hash = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let mut with_text = by_hash.clone();
    with_text["query"] = json!(PING);

    let unknown = app.post_json(&acme.publishable, &by_hash, &[]).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::OK, "PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(unknown.json()["errors"][0]["message"], "PersistedQueryNotFound");
    assert_eq!(app.post_json(&acme.publishable, &with_text, &[]).await.json()["data"]["__typename"], "QueryRoot");
    assert_eq!(app.post_json(&acme.publishable, &by_hash, &[]).await.json()["data"]["__typename"], "QueryRoot");
    let uri =
        format!("/graphql?extensions=%7B%22persistedQuery%22:%7B%22version%22:1,%22sha256Hash%22:%22{hash}%22%7D%7D");
    let by_get = app.send("GET", &uri, &[("x-api-key", &acme.publishable)], "").await;
    assert_eq!(by_get.json()["data"]["__typename"], "QueryRoot");

    let elsewhere = app.post_json(&other.publishable, &by_hash, &[]).await;
    assert_eq!(elsewhere.code(), "PERSISTED_QUERY_NOT_FOUND", "another tenant stored it");
    let mut forged = with_text.clone();
    forged["query"] = json!("{ shop { name } }");
    assert_eq!(app.post_json(&acme.publishable, &forged, &[]).await.status, StatusCode::BAD_REQUEST);
    let mut odd = by_hash.clone();
    odd["extensions"]["persistedQuery"]["sha256Hash"] = json!("short");
    assert_eq!(app.post_json(&acme.publishable, &odd, &[]).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_request_id_comes_back_and_is_replaced_when_it_is_not_harmless() {
    let app = TestApp::new().await;
    let id = |given: &'static str| {
        let app = &app;
        async move {
            app.send("GET", "/livez", &[("x-request-id", given)], "").await.header("x-request-id").map(str::to_owned)
        }
    };
    assert_eq!(id("trace-0815.a_B").await.as_deref(), Some("trace-0815.a_B"));
    for odd in ["short", "with space in it", "quote\"quote", &"x".repeat(65)] {
        let odd: &'static str = odd.to_owned().leak();
        assert_eq!(id(odd).await.expect("an id").len(), 36, "{odd}");
    }
}

#[tokio::test]
async fn internal_errors_show_a_request_id_and_nothing_else() {
    let app = TestApp::with(&[("DATABASE_ACQUIRE_TIMEOUT_MS", "300")]).await;
    let key = app.store("acme").await.publishable;
    app.ask(&key, PING).await;
    // The guard can ask for the key; the tenant's rows are out of reach.
    let mut admin = crate::support::admin("postgres").await;
    use diesel_async::SimpleAsyncConnection;
    let sql = format!(
        "REVOKE CONNECT ON DATABASE {0} FROM PUBLIC, emporia_app;
        GRANT CONNECT ON DATABASE {0} TO emporia_platform;
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{0}' AND usename = 'emporia_app'",
        app.db.name
    );
    admin.batch_execute(&sql).await.expect("closing the database");
    let answer = app
        .post_json(
            &key,
            &json!({ "query": "{ products(first: 1) { nodes { id } } }" }),
            &[("x-request-id", "request-4711")],
        )
        .await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::OK, "INTERNAL_SERVER_ERROR"));
    let error = &answer.json()["errors"][0];
    assert_eq!(error["message"], "internal error; request request-4711");
    assert_eq!(error["extensions"]["requestId"], "request-4711");
    let health = app.send("GET", "/health", &[], "").await;
    assert_eq!((health.status, &health.json()["database"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
    assert_eq!(app.send("GET", "/livez", &[], "").await.status, StatusCode::OK);
    assert_eq!(app.send("GET", "/readyz", &[], "").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_healthy_process_says_so() {
    let app = TestApp::new().await;
    for path in ["/livez", "/readyz"] {
        let answer = app.send("GET", path, &[], "").await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "ok"));
    }
    let health = app.send("GET", "/health", &[], "").await.json();
    assert_eq!((&health["status"], &health["database"], &health["shared"]), (&json!("ok"), &json!("ok"), &json!("ok")));
    let nowhere = app.send("GET", "/nowhere", &[], "").await;
    assert_eq!(nowhere.header("content-type"), Some("application/problem+json"));
    for (method, path) in [("PUT", "/graphql"), ("POST", "/livez"), ("POST", "/.well-known/jwks.json")] {
        let refused = app.send(method, path, &[], "").await;
        assert_eq!((refused.status.as_u16(), refused.header("content-type")), (405, Some("application/problem+json")));
        assert!(refused.header("allow").is_some_and(|allow| allow.contains("GET")), "{path}");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_in_time() {
    let app = TestApp::with(&[("REQUEST_TIMEOUT_MS", "200"), ("DATABASE_POOL_SIZE", "1")]).await;
    let store = app.store("acme").await;
    app.ask(&store.publishable, PING).await;
    let tenant = app.app.db.tenant(store.tenant);
    let busy = tenant.read(async |_| {
        let answer = app.ask(&store.publishable, "{ products(first: 1) { nodes { id } } }").await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "INTERNAL_SERVER_ERROR"));
        Ok::<_, emporia::error::Fault>(())
    });
    busy.await.expect("the pool's only connection");
}

#[tokio::test]
async fn introspection_can_be_switched_off_and_suggests_nothing_then() {
    let app = TestApp::with(&[("INTROSPECTION", "false")]).await;
    let key = app.store("acme").await.secret;
    for query in [
        "{ __schema { types { name } } }",
        "{ a: __type(name: \"Cart\") { name } }",
        "{ ...a } fragment a on QueryRoot { ... { __schema { types { name } } } }",
    ] {
        let answer = app.ask(&key, query).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "GRAPHQL_VALIDATION_FAILED"));
        assert!(answer.text.contains("introspection is switched off"), "{}", answer.text);
    }
    assert_eq!(app.ask(&key, PING).await.json()["data"]["__typename"], "QueryRoot");
    let answer = app.ask(&key, "{ product { id } produts(first: 1) { nodes { id } } }").await;
    assert!(!answer.text.contains("Did you mean"), "{}", answer.text);
}

#[tokio::test]
async fn a_process_that_stops_finishes_what_is_under_way_and_takes_nothing_new() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let mut server = app.serve().await;
    let body = json!({ "query": PING }).to_string();
    let mut client = TcpStream::connect(server.address).await.expect("a connection");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
        content-length: {}\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).await.expect("the request's head");
    // Under way once the server reads the body, which is not all there yet.
    let (first, rest) = body.split_at(5);
    client.write_all(first.as_bytes()).await.expect("a piece of the body");
    assert_eq!(reqwest::get(server.url("/livez")).await.expect("an answer").status(), 200);
    server.stop.cancel();
    eventually("the port is closed", || async { TcpStream::connect(server.address).await.err() }).await;
    client.write_all(rest.as_bytes()).await.expect("the rest");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    (&mut server.running).await.expect("no panic").expect("an orderly end");
}

#[tokio::test]
async fn a_process_that_stops_finishes_a_mutation_whose_client_has_gone() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let mut server = app.serve().await;
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE carts").await;
    let mut client = TcpStream::connect(server.address).await.expect("a connection");
    let body = json!({ "query": "mutation { cartCreate { cart { id } } }" }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
        content-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).await.expect("a request");
    eventually("it is under way", || waiting(&app)).await;
    drop(client);
    server.stop.cancel();
    let early = tokio::time::timeout(Duration::from_millis(200), &mut server.running).await;
    early.expect_err("it waits for what is under way");
    lock.finish_when_waited_for().await;
    (&mut server.running).await.expect("no panic").expect("an orderly end");
    assert!(app.app.tasks.is_empty(), "it is committed");
}

#[tokio::test]
async fn a_process_whose_pool_is_busy_is_ready() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "1")]).await;
    let tenant = app.app.db.tenant(app.store("acme").await.tenant);
    let busy = tenant.read(async |_| {
        for path in ["/readyz", "/health", "/readyz"] {
            assert_eq!(app.send("GET", path, &[], "").await.status, StatusCode::OK, "{path}");
        }
        Ok::<_, emporia::error::Fault>(())
    });
    busy.await.expect("the pool's only connection");
}

#[tokio::test]
async fn a_process_that_stops_does_not_wait_for_ever() {
    let app = TestApp::with(&[("SHUTDOWN_TIMEOUT_MS", "50")]).await;
    let mut server = app.serve().await;
    let mut client = TcpStream::connect(server.address).await.expect("a connection");
    client.write_all(b"POST /graphql HTTP/1.1\r\nhost: x\r\n").await.expect("half a request");
    assert_eq!(reqwest::get(server.url("/livez")).await.expect("an answer").status(), 200);
    server.stop.cancel();
    (&mut server.running).await.expect("no panic").expect("an orderly end");
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn a_nul_is_refused_with_the_way_to_it() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.secret;
    let create = "mutation($page: PageCreateInput!) { pageCreate(page: $page) { page { id } } }";
    let search = "query($handle: String!) { page(handle: $handle) { id } }";
    for (query, variables, place) in [
        (create, json!({ "page": { "title": "A", "seo": { "title": "x\0" } } }), "$page.seo.title"),
        (search, json!({ "handle": "\0" }), "$handle"),
        (r#"{ page(handle: "\u0000") { id } }"#, json!({}), "page(handle)"),
        (r#"query($handle: String = "\u0000") { page(handle: $handle) { id } }"#, json!({}), "$handle"),
    ] {
        for _ in 0..2 {
            let answer = app.post_json(&key, &json!({ "query": query, "variables": variables }), &[]).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{query}");
            assert!(answer.text.contains(&format!("`{place}` has the character NUL")), "{query}: {}", answer.text);
        }
    }
    let pages = app.ask(&key, "{ pages(first: 1) { nodes { id } } }").await.json();
    assert_eq!(pages["data"]["pages"]["nodes"], json!([]), "nothing was made");
}

#[tokio::test]
async fn an_answer_says_what_was_expected_of_it_and_what_came() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    app.shelve(&store, Goods::new(100)).await;
    for (document, requested, actual) in [
        ("{ products(first: 20) { nodes { id } } }", (4 + 20 * 5) / 4, (4 + 5) / 4),
        (
            "{ products(first: 20) { edges { node { id } } pageInfo { hasNextPage } } }",
            (4 + 20 * 5 + 1) / 4,
            (4 + 5 + 1) / 4,
        ),
        ("mutation { cartCreate { cart { id } } }", 10 + (2 * 4 + 1) / 4, 10 + (2 * 4 + 1) / 4),
    ] {
        let answer = app.ask(&store.publishable, document).await.json();
        let cost = json!({ "requestedQueryCost": requested, "actualQueryCost": actual });
        assert_eq!(answer["extensions"]["cost"], cost, "{document}: {answer}");
    }
    let refused = app.ask(&store.publishable, "{ nowhere }").await.json();
    assert_eq!(refused.get("extensions"), None, "nothing was executed: {refused}");
}
