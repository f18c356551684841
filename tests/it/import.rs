//! `emporia import products`: what a file becomes, and what saying it again does.

use std::io::Cursor;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::import::{Options, Report, products};
use serde_json::{Value, json};

use crate::support::{Store, TestApp, admin};

const FILE: &str = "\u{feff}Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,\
Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,\
Variant Compare At Price,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,\
Google Shopping / MPN,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status\r
shirt,Shirt,\"<p>Soft,\nvery soft</p>\",Acme,Tops,\"men, new\",true,Size,S,SH-S,200,shopify,5,deny,19.90,25,123,\
https://cdn.example/1.jpg,1,Front,false,Soft shirt,M-1,https://cdn.example/1.jpg,g,T1,8.5,active\r
shirt,,,,,,,,M,SH-M,210,shopify,0,continue,20,,,https://cdn.example/2.jpg,2,Back,,,,,g,,,\r
pot,Pot,,Clay,Home,,false,Title,Default Title,,0,,3,deny,9.99,,,,,,,,,,kg,,,draft\r
";

async fn import(app: &TestApp, store: &Store, file: &str, options: Options) -> Report {
    products(&app.app, store.tenant, Cursor::new(file.to_owned()), options, &|_| {}).await.expect("an import")
}

async fn product(app: &TestApp, store: &Store, handle: &str) -> Value {
    let query = "query($handle: String!) { product(handle: $handle) { title description tags vendor
        variants(first: 10) { nodes { title sku quantityAvailable availableForSale } } } }";
    app.gql(&store.secret, query, json!({ "handle": handle })).await["product"].take()
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = diesel::sql_types::Text)]
    rows: String,
}

/// Every row of every table that an import may write, as text.
async fn everything(app: &TestApp) -> String {
    let tables = [
        "products",
        "product_options",
        "product_option_values",
        "product_images",
        "product_variants",
        "collections",
        "collection_products",
        "inventory_levels",
        "inventory_adjustments",
    ];
    let mut admin = admin(&app.db.name).await;
    let mut all = String::new();
    for table in tables {
        let sql = format!("SELECT coalesce(jsonb_agg(t ORDER BY t)::text, '[]') AS rows FROM {table} t");
        let rows: Rows = diesel::sql_query(sql).get_result(&mut admin).await.expect("a table's rows");
        all.push_str(&format!("{table}: {}\n", rows.rows));
    }
    all
}

#[tokio::test]
async fn a_file_becomes_products_and_nothing_of_it_is_lost() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let report = import(&app, &store, FILE, Options::default()).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.rows, report.products.created, report.variants), (3, 2, 3));
    let shirt = product(&app, &store, "shirt").await;
    let expected = json!({
        "title": "Shirt", "description": "Soft, very soft", "tags": ["men", "new"], "vendor": "Acme",
        "variants": { "nodes": [
            { "title": "S", "sku": "SH-S", "quantityAvailable": 5, "availableForSale": true },
            { "title": "M", "sku": "SH-M", "quantityAvailable": 0, "availableForSale": true },
        ] },
    });
    assert_eq!(shirt, expected);
    let hidden = app.gql(&store.publishable, "{ product(handle: \"pot\") { title } }", json!({})).await;
    assert_eq!(hidden["product"], Value::Null);
    let rows = everything(&app).await;
    for kept in ["\"Google Shopping / MPN\": \"M-1\"", "\"Variant Tax Code\": \"T1\"", "\"Gift Card\": \"false\""] {
        assert!(rows.contains(kept), "{kept} is not in {rows}");
    }
    assert!(rows.contains("\"Variant Inventory Qty\": \"3\""), "the untracked pot's units are in {rows}");
}

#[tokio::test]
async fn a_second_import_changes_nothing_at_all() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    import(&app, &store, FILE, Options::default()).await;
    let before = everything(&app).await;
    app.clock.advance(chrono::Duration::hours(1));
    let report = import(&app, &store, FILE, Options::default()).await;
    assert_eq!((report.products.unchanged, report.products.updated, report.products.created), (2, 0, 0));
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn stock_that_is_there_changes_only_when_asked_for() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    import(&app, &store, FILE, Options::default()).await;
    let changed = FILE.replace("shopify,5,deny,19.90", "shopify,9,deny,18.90");
    let report = import(&app, &store, &changed, Options::default()).await;
    assert_eq!((report.products.updated, report.stock_set), (1, 0));
    assert_eq!(product(&app, &store, "shirt").await["variants"]["nodes"][0]["quantityAvailable"], 5);

    let set_stock = Options { set_stock: true, dry_run: false };
    let report = import(&app, &store, &changed, set_stock).await;
    assert_eq!((report.products.unchanged, report.stock_set), (2, 1));
    assert_eq!(product(&app, &store, "shirt").await["variants"]["nodes"][0]["quantityAvailable"], 9);
    let before = everything(&app).await;
    assert_eq!(import(&app, &store, &changed, set_stock).await.stock_set, 0);
    assert_eq!(everything(&app).await, before);

    let more =
        format!("{changed}shirt,,,,,,,,L,SH-L,220,shopify,4,deny,21,,,,,,,,,,g,,,\r\n").replace("pot,Pot", "jug,Jug");
    let more = more.replace("shirt,,,,,,,,L", "jug2,Jug,,,,,,Size,L");
    let report = import(&app, &store, &more, Options::default()).await;
    assert_eq!((report.products.created, report.rejected_rows), (2, 0));
    assert_eq!(product(&app, &store, "jug2").await["variants"]["nodes"][0]["quantityAvailable"], 4);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let before = everything(&app).await;
    let report = import(&app, &store, FILE, Options { dry_run: true, set_stock: false }).await;
    assert_eq!((report.dry_run, report.products.created, report.variants), (true, 2, 3));
    assert_eq!(everything(&app).await, before);
}

#[tokio::test]
async fn bad_rows_are_told_and_the_rest_goes_in_without_taking_anything_away() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    import(&app, &store, FILE, Options::default()).await;
    let bad = "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Inventory Tracker,Image Src\n\
               shirt,New shirt,Size,S,17,shopify,\n\
               shirt,,,M,free,shopify,\n\
               shirt,,,L,dear,shopify,\n\
               nameless,,,,1,,\n\
               cap,Cap,Title,Default Title,5,,not a url\n\
               bag,Bag,Title,Default Title,7,,\n";
    let report = import(&app, &store, bad, Options::default()).await;
    let told: Vec<_> =
        report.rejections.iter().map(|one| (one.line, one.column.as_deref(), one.handle.as_deref())).collect();
    let expected = [
        (3, Some("Variant Price"), Some("shirt")),
        (4, Some("Variant Price"), Some("shirt")),
        (5, Some("Title"), Some("nameless")),
        (6, Some("Image Src"), Some("cap")),
    ];
    assert_eq!(told, expected, "{report:#?}");
    assert_eq!((report.rows, report.rejected_rows), (6, 4));
    assert_eq!((report.products.created, report.products.updated), (1, 1));
    let shirt = product(&app, &store, "shirt").await;
    let titles: Vec<_> = shirt["variants"]["nodes"].as_array().unwrap().iter().map(|one| &one["title"]).collect();
    // The M of before is still there, untouched; the L was never made.
    assert_eq!((&shirt["title"], json!(titles)), (&json!("New shirt"), json!(["S", "M"])));
}

#[tokio::test]
async fn more_products_than_a_batch_go_in_and_the_progress_reaches_the_end() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let rows: String = (0..450).map(|number| format!("p{number},Product {number},1.50,shopify,{number}\n")).collect();
    let file = format!("Handle,Title,Variant Price,Variant Inventory Tracker,Variant Inventory Qty\n{rows}");
    let length = file.len() as u64;
    let seen = std::sync::Mutex::new(Vec::new());
    let progress = |bytes: u64| seen.lock().unwrap().push(bytes);
    let report =
        products(&app.app, store.tenant, Cursor::new(file), Options::default(), &progress).await.expect("an import");
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.products.created, report.variants), (450, 450));
    let seen = seen.into_inner().unwrap();
    assert_eq!((seen.len(), seen.last()), (3, Some(&length)));
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn a_tenants_import_is_its_own() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    import(&app, &store, FILE, Options::default()).await;
    assert_eq!(product(&app, &other, "shirt").await, Value::Null);
    assert_eq!(import(&app, &other, FILE, Options::default()).await.products.created, 2);
}
