//! `graphql-http`'s audits of GraphQL over HTTP, run by Node.js against the real server.

use crate::support::{TestApp, node};

#[tokio::test]
async fn every_audit_of_graphql_over_http_is_ok() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let server = app.serve().await;
    let installed = node::installed("graphql-http", &["tests/graphql-http/audit.mjs"]).await;
    let (is_ok, said) = node::run(installed.join("audit.mjs"), &[&server.url("/graphql"), &key]).await;
    assert!(is_ok, "{said}");
    let total = said.lines().last().expect("the numbers");
    assert_eq!(total, r#"{"audits":61,"ok":61,"notice":0,"warn":0,"error":0}"#, "{said}");
}
