//! What the benchmark asks (docs/performance.md), by the statements that it takes: how fast they are is its own to say.

use emporia::app::App;
use emporia::cache::MemoryShared;
use emporia::clock::Entropy;
use emporia::import::products;
use serde_json::{Value, json};

use crate::support::{Statements, Store, TestApp, TestServer};

/// As the load generator sends it.
const R1: &str = include_str!("../../benches/load/r1.graphql");

/// What a process answers that has not asked the database anything before, and what it took.
async fn asked(app: &TestApp, store: &Store, query: &str) -> (Value, Statements) {
    let fresh = App::assemble((*app.app.config).clone(), MemoryShared::new(), app.clock.clone(), Entropy::seeded(8));
    let server = TestServer::of(fresh).await;
    let request = reqwest::Client::new()
        .post(server.url("/graphql"))
        .header("x-api-key", &store.publishable)
        .header("content-type", "application/json")
        .body(json!({ "query": query }).to_string());
    let answer = async { request.send().await.expect("an answer").text().await.expect("a text") };
    let (answer, taken) = Statements::of(&app.db.name, answer).await;
    let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert!(answer.get("errors").is_none(), "{answer:#}");
    (answer["data"].take(), taken)
}

#[tokio::test]
async fn a_list_with_its_variants_and_their_stock_takes_two_selects_in_one_packet() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "1")]).await;
    let store = app.store("acme").await;
    let mut file = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Tracker,\
        Variant Inventory Qty\n"
        .to_owned();
    for product in 0..25 {
        for size in ["S", "M", "L", "XL"] {
            let (title, option) = if size == "S" { (format!("P {product}"), "Size") } else { Default::default() };
            file += &format!("p{product},{title},{option},{size},P{product}-{size},9.00,shopify,{product}\n");
        }
    }
    let imported = products(&app.app, store.tenant, std::io::Cursor::new(file), Default::default(), &|_| {}).await;
    assert_eq!(imported.expect("an import").products.created, 25);

    let (data, taken) = asked(&app, &store, R1).await;
    let nodes = data["products"]["nodes"].as_array().expect("products");
    assert_eq!(nodes.len(), 20);
    for product in nodes {
        let variants = product["variants"]["nodes"].as_array().expect("variants");
        assert_eq!(variants.len(), 3, "{product:#}");
        assert!(variants.iter().all(|variant| variant["quantityAvailable"].is_i64()), "{product:#}");
    }
    assert!((1..=2).contains(&taken.reads), "{taken:?}");
    assert_eq!((taken.writes, taken.scopes, taken.bounds), (0, 1, 0), "one transaction, without BEGIN and COMMIT");

    // What a process could not read in one packet would show here.
    let node = format!("{{ node(id: {}) {{ id }} }}", nodes[0]["id"]);
    let (_, taken) = asked(&app, &store, &node).await;
    assert_eq!((taken.writes, taken.scopes, taken.bounds), (0, 1, 2), "BEGIN and COMMIT are counted");
}
