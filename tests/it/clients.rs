//! Clients that others wrote, against the real server and a worker: each asks, orders, follows the orders and resumes
//! where its connection broke off. And what others' tools make of the schema.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use emporia::worker;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::support::{Shopping, node, python};

const FILES: [&str; 14] = [
    "tests/clients/apollo.mjs",
    "tests/clients/graphql-sse.mjs",
    "tests/clients/graphql-ws.mjs",
    "tests/clients/lint.mjs",
    "tests/clients/page.mjs",
    "tests/clients/python_gql.py",
    "tests/clients/relay.mjs",
    "tests/clients/requirements.txt",
    "tests/clients/shop.graphql",
    "tests/clients/storefront.mjs",
    "tests/clients/support.mjs",
    "tests/clients/tools.mjs",
    "tests/clients/typed.mjs",
    "tests/clients/urql.mjs",
];

/// Where the scripts are with their packages: one directory for all of these tests.
async fn installed() -> &'static Path {
    static INSTALLED: OnceCell<PathBuf> = OnceCell::const_new();
    INSTALLED.get_or_init(|| node::installed("clients", &FILES)).await
}

/// Runs a script against a store that has something to sell; `program` is what runs it.
async fn is_content(program: &Path, script: &str) {
    let script = installed().await.join(script);
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 1000).await;
    let server = shop.app.serve().await;
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker::run(shop.app.app.clone(), stop.clone()));
    let done = Command::new(program)
        .arg(script)
        .args(["--url", &server.url("/graphql")])
        .args(["--publishable", &shop.store.publishable, "--secret", &shop.store.secret])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("a program that starts");
    assert!(done.status.success(), "{}", said(&done));
    stop.cancel();
    working.await.expect("the worker").expect("a clean end");
}

/// Runs a script over the repository's schema.
async fn is_content_with_the_schema(script: &str) {
    let (is_ok, said) = node::run(installed().await.join(script), &[env!("CARGO_MANIFEST_DIR")]).await;
    assert!(is_ok, "{said}");
}

fn said(done: &Output) -> String {
    [&done.stdout, &done.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[tokio::test]
async fn apollo_client_persists_its_queries_and_resumes_its_subscription() {
    is_content(Path::new("node"), "apollo.mjs").await;
}

#[tokio::test]
async fn urql_persists_its_queries_and_resumes_its_subscription() {
    is_content(Path::new("node"), "urql.mjs").await;
}

#[tokio::test]
async fn graphql_ws_connects_again_by_itself_and_resumes() {
    is_content(Path::new("node"), "graphql-ws.mjs").await;
}

#[tokio::test]
async fn graphql_sse_resumes_its_subscription() {
    is_content(Path::new("node"), "graphql-sse.mjs").await;
}

#[tokio::test]
async fn pythons_gql_takes_the_schema_and_resumes_its_subscription() {
    let requirements = installed().await.join("requirements.txt");
    if let Some(python) = python::installed("clients-python", &requirements).await {
        is_content(&python, "python_gql.py").await;
    }
}

#[tokio::test]
async fn an_existing_storefronts_clients_find_their_products_and_fill_their_carts() {
    is_content(Path::new("node"), "storefront.mjs").await;
}

#[tokio::test]
async fn what_graphql_codegen_makes_of_the_schema_is_strictly_typed() {
    is_content_with_the_schema("typed.mjs").await;
}

#[tokio::test]
async fn an_app_of_relays_compiles_against_the_schema() {
    is_content_with_the_schema("relay.mjs").await;
}

#[tokio::test]
async fn the_schema_keeps_to_relays_conventions() {
    is_content_with_the_schema("lint.mjs").await;
}
