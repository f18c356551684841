//! `graphql-http`'s audits of GraphQL over HTTP, run by Node.js against the real server.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::support::TestApp;

#[tokio::test]
async fn every_audit_of_graphql_over_http_is_ok() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let server = app.serve().await;
    let modules = installed().await;
    let script = Path::new(&modules).join("audit.mjs");
    let audit = Command::new("node")
        .arg(script)
        .args([server.url("/graphql"), key])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&audit.stdout), String::from_utf8_lossy(&audit.stderr));
    assert!(audit.status.success(), "{out}{err}");
    let total = out.lines().last().expect("the numbers");
    assert_eq!(total, r#"{"audits":61,"ok":61,"notice":0,"warn":0,"error":0}"#, "{out}");
}

/// The audits with their packages, installed once below target/ and again when the lock file changes.
async fn installed() -> String {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/graphql-http");
    let cached = concat!(env!("CARGO_TARGET_TMPDIR"), "/graphql-http").to_owned();
    tokio::fs::create_dir_all(&cached).await.expect("a directory below target/");
    let lock = tokio::fs::read(format!("{source}/package-lock.json")).await.expect("the lock file");
    let is_current = tokio::fs::read(format!("{cached}/installed")).await.is_ok_and(|installed| installed == lock);
    for file in ["package.json", "package-lock.json", "audit.mjs"] {
        tokio::fs::copy(format!("{source}/{file}"), format!("{cached}/{file}")).await.expect("a copy");
    }
    if !is_current {
        let npm = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&cached)
            .output()
            .await
            .expect("the audits need Node.js 20 or later with npm; install it, then run the tests again");
        assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
        tokio::fs::write(format!("{cached}/installed"), lock).await.expect("a note");
    }
    cached
}
