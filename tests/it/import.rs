//! `emporia import products`: what a file becomes, and what saying it again does.

use std::io::Cursor;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::import::{Options, Report, products};
use serde_json::{Value, json};

use crate::support::{Statements, Store, TestApp, admin, eventually, waiting};

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
async fn a_row_that_cannot_be_read_takes_nothing_away() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let file = |m: &str| {
        format!(
            "Handle,Title,Option1 Name,Option1 Value,Variant Inventory Tracker,Variant Inventory Qty,Image Src,Gift Card\n\
             shirt,Shirt,Size,S,shopify,10,https://x.example/s.jpg,\n{m}shirt,,,L,shopify,3,,\n"
        )
    };
    import(&app, &store, &file("shirt,,,M,shopify,40,https://x.example/m.jpg,no\n"), Options::default()).await;
    let stored = ["M", "40", "https://x.example/m.jpg", "\"Gift Card\": \"no\""];
    let others: String = (0..200).map(|number| format!("p{number},P,,,,,,\n")).collect();
    let apart = format!("{others}shirt,,,M,shopify,40,https://x.example/m.jpg,no\n");
    for (bad, behind) in [
        ("shirt,,,M,shopify,40,https://x.example/m.jpg,no,\n", ""),
        ("shirt,,,M,shopify,40,\0,no\n", ""),
        ("shirt,,,M,shopify,many,https://x.example/m.jpg,no\n", ""),
        ("shirt,,,,shopify,40,https://x.example/m.jpg,no\n", ""),
        ("", apart.as_str()),
    ] {
        let report = import(&app, &store, &format!("{}{behind}", file(bad)), Options::default()).await;
        assert_eq!(report.rejected_rows, 1, "{report:?}");
        let query = "{ product(handle: \"shirt\") { images(first: 9) { nodes { url } }
            variants(first: 9) { nodes { title quantityAvailable } } } }";
        let shirt = app.gql(&store.secret, query, json!({})).await["product"].to_string();
        assert!(shirt.contains(r#"{"quantityAvailable":40,"title":"M"}"#) && shirt.contains("m.jpg"), "{bad}: {shirt}");
        let rows = everything(&app).await;
        assert!(stored.iter().all(|text| rows.contains(text)), "{bad}: {rows}");
    }
    // What a file that can be read whole does not have goes.
    let report = import(&app, &store, &file(""), Options::default()).await;
    assert!(report.is_clean(), "{report:?}");
    let shirt = product(&app, &store, "shirt").await;
    assert_eq!(shirt["variants"]["nodes"].as_array().map(Vec::len), Some(2), "{shirt}");
}

#[tokio::test]
async fn a_quote_at_the_wrong_place_takes_nothing_away() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let file = "Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant Price,Variant Inventory Tracker,\
                Variant Inventory Qty\n\
                a,A,fine,Size,S,1,shopify,5\na,,,,M,1,shopify,6\n\
                b,B,\"<p>b</p>\",Size,S,2,shopify,7\nb,,,,M,2,shopify,8\n\
                c,C,fine,,,3,shopify,9\n";
    assert!(import(&app, &store, file, Options::default()).await.is_clean());
    let before = everything(&app).await;
    for (good, bad, rejected) in [
        ("a,A,fine", "a,A,\"fine", vec![2, 5]),
        ("a,,,,M", "a,,\"fine,,M", vec![3, 5]),
        ("c,C,fine", "c,C,\"fine", vec![6]),
    ] {
        let report = import(&app, &store, &file.replace(good, bad), Options::default()).await;
        let lines: Vec<u64> = report.rejections.iter().map(|rejection| rejection.line).collect();
        assert_eq!(lines, rejected, "{report:#?}");
        assert_eq!(everything(&app).await, before, "{bad}");
    }
}

#[tokio::test]
async fn imports_of_the_same_new_products_at_once_make_them_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let rows = |range: &mut dyn Iterator<Item = u32>| -> String {
        range.map(|number| format!("p{number},P {number},1.50\n")).collect()
    };
    // The last one has them the other way round.
    let files = [rows(&mut (0..150)), rows(&mut (0..150)), rows(&mut (0..150).rev())];
    let files = files.map(|rows| format!("Handle,Title,Variant Price\n{rows}"));
    let imports = files.iter().map(|file| import(&app, &store, file, Options::default()));
    let reports = futures_util::future::join_all(imports).await;
    assert!(reports.iter().all(Report::is_clean), "{reports:?}");
    let created: u64 = reports.iter().map(|report| report.products.created).sum();
    let unchanged: u64 = reports.iter().map(|report| report.products.unchanged).sum();
    assert_eq!((created, unchanged), (150, 300));
}

#[tokio::test]
async fn what_is_sold_on_below_zero_comes_in_below_zero() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let file = "Handle,Title,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy\n\
                mug,Mug,shopify,-3,continue\n";
    let report = import(&app, &store, file, Options::default()).await;
    assert!(report.is_clean(), "{report:?}");
    let mug = product(&app, &store, "mug").await;
    let expected =
        json!([{ "title": "Default Title", "sku": null, "quantityAvailable": -3, "availableForSale": true }]);
    assert_eq!(mug["variants"]["nodes"], expected);
    let report = import(&app, &store, file, Options { set_stock: true, dry_run: false }).await;
    assert_eq!((report.products.unchanged, report.stock_set, report.rejected_rows), (1, 0, 0));
}

#[tokio::test]
async fn a_shops_whole_export_comes_in_whole() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let file = include_str!("data/export.csv");
    let report = import(&app, &store, file, Options::default()).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.rows, report.products.created, report.variants), (11, 5, 10));
    let apron = product(&app, &store, "linen-apron").await;
    let stock: Vec<_> =
        apron["variants"]["nodes"].as_array().unwrap().iter().map(|one| &one["quantityAvailable"]).collect();
    assert_eq!(json!(stock), json!([12, 0, 7, -3]));
    // Every cell is somewhere: in its field, or beside it.
    let rows = everything(&app).await;
    for cell in
        ["4006381333931", "reviews.rating_count", "amazon_marketplace_web", "Price / Germany", "☕", "apron-back"]
    {
        assert!(rows.contains(cell), "{cell} is not in {rows}");
    }
    let again = import(&app, &store, file, Options { set_stock: true, dry_run: false }).await;
    assert_eq!((again.products.unchanged, again.stock_set, again.is_clean()), (5, 0, true));
    assert_eq!(everything(&app).await, rows);
}

#[tokio::test]
async fn an_export_of_the_older_template_comes_in_whole() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    // As it is downloaded: lines end in CR LF, the last one does not end at all.
    let file = include_str!("data/older-export.csv").trim_end().replace('\n', "\r\n");
    let report = import(&app, &store, &file, Options::default()).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.rows, report.products.created, report.variants), (4, 3, 4));
    let top = product(&app, &store, "striped-top").await;
    let nodes = top["variants"]["nodes"].as_array().unwrap().iter();
    let stock: Vec<_> = nodes.map(|one| (one["title"].as_str().unwrap(), one["quantityAvailable"].as_i64())).collect();
    assert_eq!(stock, [("Small", Some(4)), ("Large", Some(2))]);
    let rows = everything(&app).await;
    let kept = ["_925x@2x.jpg", "\u{a0}two metres", "top-back", "\"Variant Inventory Qty\": \"1\"", "Töpferei"];
    assert!(kept.iter().all(|cell| rows.contains(cell)), "{rows}");
    let again = import(&app, &store, &file, Options { set_stock: true, dry_run: false }).await;
    assert_eq!((again.products.unchanged, again.stock_set, again.is_clean()), (3, 0, true));
    assert_eq!(everything(&app).await, rows);
}

#[tokio::test]
async fn what_is_kept_goes_only_with_its_column() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let first = "Handle,Title,Foo,Foo,Bar,Variant Inventory Tracker,Variant Inventory Qty,Variant Tax Code\n\
                 a,A,foo,other foo,bar,,3,tax\n";
    assert!(import(&app, &store, first, Options::default()).await.is_clean());
    let rows = everything(&app).await;
    assert!(["other foo", "\"Foo (2)\""].iter().all(|text| rows.contains(text)), "{rows}");
    // Without the tracker's column the file does not say that the units are not tracked, and they are not.
    let second = "Handle,Title,Foo,Variant Inventory Qty\na,A,,4\n";
    let set_stock = Options { set_stock: true, dry_run: false };
    let report = import(&app, &store, second, set_stock).await;
    assert_eq!((report.is_clean(), report.products.updated, report.stock_set), (true, 1, 0), "{report:?}");
    let rows = everything(&app).await;
    let kept = ["\"Foo (2)\": \"other foo\"", "\"Bar\": \"bar\"", "\"Variant Inventory Qty\": \"4\"", "\"tax\""];
    assert!(kept.iter().all(|text| rows.contains(text)) && !rows.contains("\"Foo\":"), "{rows}");
    let report = import(&app, &store, second, set_stock).await;
    assert_eq!((report.products.unchanged, report.stock_set), (1, 0));
}

#[tokio::test]
async fn a_batch_takes_as_many_statements_however_many_products_it_has() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let file = |products: std::ops::Range<u32>| {
        let rows: String = products
            .map(|number| {
                let first =
                    format!("p{number},P {number},Size,S,1.50,shopify,{number},https://x.example/{number}.jpg\n");
                format!("{first}p{number},,,M,1.60,shopify,1,\n")
            })
            .collect();
        let header = "Handle,Title,Option1 Name,Option1 Value,Variant Price,Variant Inventory Tracker,\
                      Variant Inventory Qty,Image Src";
        format!("{header}\n{rows}")
    };
    let mut taken = Vec::new();
    for products in [0..2, 2..202] {
        let (file, count) = (file(products.clone()), u64::from(products.end - products.start));
        let (report, statements) = Statements::of(&app.db.name, import(&app, &store, &file, Options::default())).await;
        assert_eq!(report.products.created, count);
        taken.push(statements.count());
        let (changed, set_stock) =
            (file.replace("shopify,1,", "shopify,3,"), Options { set_stock: true, dry_run: false });
        let (report, statements) = Statements::of(&app.db.name, import(&app, &store, &changed, set_stock)).await;
        assert!(report.stock_set >= count, "{report:?}");
        taken.push(statements.count());
    }
    assert_eq!((taken[2], taken[3]), (taken[0], taken[1]), "a batch of 2 and one of 200");
    assert!(taken.iter().all(|taken| *taken <= 30), "{taken:?}");
}

#[tokio::test]
async fn setting_the_stock_waits_for_a_checkout_and_not_in_a_circle() {
    use emporia::error::ServiceError;
    use emporia::inventory::model::StockChange;
    use emporia::inventory::service::adjust_in_tx;
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let file = "Handle,Title,Option1 Name,Option1 Value,Variant Inventory Tracker,Variant Inventory Qty,\
                Variant Inventory Policy\nshirt,Shirt,Size,S,shopify,5,deny\nshirt,,,M,shopify,5,deny\n";
    import(&app, &store, file, Options::default()).await;
    let levels = async |conn: &mut emporia::db::TenantConn<'_>| {
        use emporia::db::schema::inventory_levels as l;
        let levels = l::table.filter(l::tenant_id.eq(conn.tenant())).order(l::variant_id);
        Ok::<Vec<(uuid::Uuid, uuid::Uuid)>, emporia::error::Fault>(
            levels.select((l::variant_id, l::location_id)).load(conn).await?,
        )
    };
    let db = app.app.db.tenant(store.tenant);
    let levels = db.read(levels).await.expect("two levels");
    let take = |at: usize| StockChange { variant_id: levels[at].0, location_id: levels[at].1, delta: -1 };
    let (first_taken, is_first_taken) = tokio::sync::oneshot::channel();
    let checkout = db.write(async |tx| {
        let (now, entropy) = (crate::support::start(), app.app.entropy.clone());
        adjust_in_tx(tx, now, &entropy, "test", "sale", None, &[take(0)]).await?;
        first_taken.send(()).expect("the import is there");
        eventually("the import waits", || waiting(&app)).await;
        adjust_in_tx(tx, now, &entropy, "test", "sale", None, &[take(1)]).await?;
        Ok::<_, ServiceError<_>>(())
    });
    // The second variant's policy changes, and the first one's stock.
    let changed = file.replace("M,shopify,5,deny", "M,shopify,5,continue").replace("S,shopify,5", "S,shopify,9");
    let importing = async {
        is_first_taken.await.expect("a checkout");
        import(&app, &store, &changed, Options { set_stock: true, dry_run: false }).await
    };
    let (sold, report) = tokio::join!(checkout, importing);
    sold.expect("no deadlock");
    assert_eq!((report.stock_set, report.products.updated), (2, 1));
}

#[tokio::test]
async fn a_missing_column_leaves_what_is_stored() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    import(&app, &store, FILE, Options::default()).await;
    let before = everything(&app).await;
    let fewer = "Handle,Option1 Name,Option1 Value\nshirt,Size,S\nshirt,,M\npot,Title,Default Title\n";
    let report = import(&app, &store, fewer, Options::default()).await;
    assert_eq!((report.products.unchanged, report.rejected_rows), (2, 0), "{report:?}");
    assert_eq!(everything(&app).await, before);
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
