//! The playground as the server gives it out; web/graphiql/test/smoke.mjs opens it in a browser.

use std::io::Write;
use std::sync::Arc;

use axum::http::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::support::{Answer, TestApp, node};

const OWN: &str = "127.0.0.1:8123";
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const SCRIPTS: [&str; 4] = [
    "web/graphiql/test/examples.mjs",
    "web/graphiql/test/browser.mjs",
    "web/graphiql/test/shop.mjs",
    "web/graphiql/test/smoke.mjs",
];

/// A process with the playground, whose headers editor starts with a key.
async fn playground(development: &str) -> TestApp {
    let settings =
        [("GRAPHIQL", "true"), ("DEVELOPMENT", development), ("LISTEN", OWN), ("PUBLIC_URL", "http://127.0.0.1:8123")];
    let mut app = TestApp::with(&settings).await;
    let mut config = (*app.app.config).clone();
    let headers = [("x-api-key".to_owned(), "esk_</script>".to_owned())];
    config.http.graphiql_headers = Some(headers.into_iter().collect());
    app.app.config = Arc::new(config);
    app
}

async fn page(app: &TestApp, host: &str) -> Answer {
    app.send("GET", "/graphiql/", &[("host", host)], "").await
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere_and_starts_with_the_key_in_development() {
    let app = playground("true").await;
    let page = page(&app, OWN).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    assert!(page.text.contains(r#""x-api-key":"esk_\u003c/script>""#), "{}", page.text);
    assert!(page.text.contains(r#""endpoint":"/graphql""#) && !page.text.contains("__EMPORIA_CONFIG__"));
    for attribute in ["src=\"", "href=\""] {
        for (at, _) in page.text.match_indices(attribute) {
            let target = &page.text[at + attribute.len()..];
            assert!(target.starts_with("/graphiql/") || target.starts_with("data:"), "{target}");
        }
    }
}

#[tokio::test]
async fn no_key_is_given_out_in_production_or_under_a_foreign_name() {
    let app = playground("true").await;
    for host in ["rebound.example:8123", "rebound.example", "127.0.0.1:9999"] {
        assert!(page(&app, host).await.text.contains(r#""headers":null"#), "{host}");
    }
    let app = playground("false").await;
    assert!(page(&app, OWN).await.text.contains(r#""headers":null"#));
}

#[tokio::test]
async fn its_files_are_sent_compressed_and_cached_for_ever() {
    let app = playground("true").await;
    let page = page(&app, OWN).await;
    let from = page.text.find("/graphiql/assets/").expect("a file");
    let path: String = page.text[from..].chars().take_while(|char| *char != '"').collect();
    let request = axum::http::Request::get(&path).body(axum::body::Body::empty()).expect("a request");
    let router = emporia::http::router::router(app.app.clone());
    let answer = tower::ServiceExt::oneshot(router, request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    let bytes = axum::body::to_bytes(answer.into_body(), 10 << 20).await.expect("a body");
    assert_eq!(bytes[..2], [0x1f, 0x8b], "gzip's mark");
    for nothing in ["/graphiql/assets/other.js", "/graphiql/assets/..%2Findex.html", "/graphiql/index.html"] {
        assert_eq!(app.send("GET", nothing, &[], "").await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn a_visit_to_the_api_leads_to_the_playground_only_where_there_is_one() {
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let app = playground("true").await;
    let visit = app.send("GET", "/graphql", &browser, "").await;
    assert_eq!((visit.status, visit.header("location")), (StatusCode::SEE_OTHER, Some("/graphiql/")));
    let short = app.send("GET", "/graphiql", &browser, "").await;
    assert_eq!(short.header("location"), Some("/graphiql/"));
    let app = TestApp::new().await;
    assert_eq!(app.send("GET", "/graphiql/", &browser, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(app.send("GET", "/graphql", &browser, "").await.status, StatusCode::UNAUTHORIZED);
}

/// Clicks through the playground, and checks every saved example against the schema. Prints how long it takes to open,
/// and leaves a picture of it in target/tmp/browser. Needs Chromium at `CHROMIUM` or /usr/bin/chromium; without one it
/// says so and is content, except in CI.
#[tokio::test]
async fn a_browser_uses_the_playground_with_every_other_host_out_of_reach() {
    let installed = node::installed("browser", &SCRIPTS).await;
    let schema = format!("{ROOT}/schema.graphql");
    let examples = format!("{ROOT}/web/graphiql/src/examples/index.mjs");
    let checked = node::run(installed.join("examples.mjs"), &["--schema", &schema, "--examples", &examples]).await;
    assert!(checked.0, "{}", checked.1);

    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    if !std::path::Path::new(&chromium).exists() {
        assert!(std::env::var_os("CI").is_none(), "there is no Chromium at {chromium}, and CI must not do without");
        eprintln!("there is no Chromium at {chromium}: the playground is not tried in a browser");
        return;
    }
    let mut app = TestApp::with(&[("GRAPHIQL", "true")]).await;
    let store = app.store("acme").await;
    let mut config = (*app.app.config).clone();
    config.http.graphiql_headers = Some([("x-api-key".to_owned(), store.secret)].into_iter().collect());
    app.app.config = Arc::new(config);
    let server = app.serve().await;
    let shutdown = CancellationToken::new();
    let worker = tokio::spawn(emporia::worker::run(app.app.clone(), shutdown.clone()));
    let url = server.url("/graphiql/");
    let picture = installed.join("graphiql.png").display().to_string();
    let options = ["--url", &url, "--chromium", &chromium, "--screenshot", &picture];
    let (is_ok, said) = node::run(installed.join("smoke.mjs"), &options).await;
    assert!(is_ok, "{said}");
    // Not by a macro, whose output would be kept from whoever runs a test that passes.
    let times: String = said.lines().filter(|line| line.contains("first visits")).collect();
    std::io::stderr().write_all(format!("the playground, {times}\n").as_bytes()).expect("standard error");
    shutdown.cancel();
    worker.await.expect("the worker").expect("a clean end");
}
