//! `emporia import` as operators run it: what it prints, and how it ends.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Store, TestApp, redis_url};

const FILE: &str = "Handle,Title,Variant Price,Variant Inventory Tracker,Variant Inventory Qty\n\
                    mug,Mug,9.90,shopify,5\npot,Pot,12,shopify,2\n";

struct Shop {
    app: TestApp,
    store: Store,
}

impl Shop {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let store = app.store("acme").await;
        Self { app, store }
    }

    /// Runs the binary with `file` as its standard input.
    fn import(&self, args: &[&str], file: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
        command.args(["import", "products", "-", "--tenant", "acme"]).args(args).env_clear();
        for (name, role) in [("DATABASE_URL", "emporia_app"), ("DATABASE_PLATFORM_URL", "emporia_platform")] {
            command.env(name, self.app.db.url(role));
        }
        command.env("REDIS_URL", redis_url());
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = pipes.spawn().expect("the binary runs");
        running.stdin.take().expect("a pipe").write_all(file.as_bytes()).expect("the file is read");
        running.wait_with_output().expect("the binary ends")
    }

    async fn stock(&self, handle: &str) -> Value {
        let query = "query($handle: String) { product(handle: $handle) { totalInventory } }";
        self.app.gql(&self.store.secret, query, json!({ "handle": handle })).await["product"]["totalInventory"].take()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_and_the_stock_is_set_when_asked_for() {
    let shop = Shop::new().await;
    let dry = shop.import(&["--dry-run"], FILE);
    assert_eq!((dry.status.code(), shop.stock("mug").await), (Some(0), Value::Null), "{}", text(&dry.stderr));
    assert!(text(&dry.stdout).starts_with("dry run, nothing was written: 2 rows; products: 2 created"));

    let first = shop.import(&[], FILE);
    assert_eq!((first.status.code(), shop.stock("mug").await), (Some(0), json!(5)));
    assert_eq!(text(&first.stderr), "", "no progress where nobody watches");

    let more = FILE.replace("shopify,5", "shopify,8");
    shop.import(&[], &more);
    assert_eq!(shop.stock("mug").await, 5);
    let set = shop.import(&["--set-stock", "--json"], &more);
    let report: Value = serde_json::from_slice(&set.stdout).expect("one JSON object");
    assert_eq!((&report["stock_set"], &report["products"]["unchanged"]), (&json!(1), &json!(2)));
    assert_eq!(shop.stock("mug").await, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_told_and_in_the_exit_code() {
    let shop = Shop::new().await;
    let file = format!("{FILE}jug,Jug,cheap,shopify,1\n");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.csv", shop.app.db.name));
    std::fs::write(&path, &file).expect("a file");
    let from_file = path.to_str().expect("UTF-8");
    let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
    command.args(["import", "products", from_file, "--tenant", "acme", "--json"]).env_clear();
    let (app, platform) = (shop.app.db.url("emporia_app"), shop.app.db.url("emporia_platform"));
    command.env("DATABASE_URL", app).env("DATABASE_PLATFORM_URL", platform).env("REDIS_URL", redis_url());
    let output = command.output().expect("the binary runs");
    std::fs::remove_file(&path).expect("the file was there");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(3), ""));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let reason = "`cheap` is not a decimal number like 19.90";
    let rejection = json!({ "line": 4, "column": "Variant Price", "handle": "jug", "reason": reason });
    assert_eq!(report["rejections"][0], rejection);
    assert_eq!((shop.stock("pot").await, shop.stock("jug").await), (json!(2), Value::Null));

    let table = shop.import(&[], &file);
    assert_eq!(table.status.code(), Some(3));
    assert!(text(&table.stdout).contains("       4  Variant Price  `cheap`"), "{}", text(&table.stdout));
    let mut nobodys = Command::new(env!("CARGO_BIN_EXE_emporia"));
    nobodys.args(["import", "products", "-", "--tenant", "nope"]).env_clear().stdin(Stdio::null());
    for (name, role) in [("DATABASE_URL", "emporia_app"), ("DATABASE_PLATFORM_URL", "emporia_platform")] {
        nobodys.env(name, shop.app.db.url(role));
    }
    let nobodys = nobodys.output().expect("the binary runs");
    assert!(text(&nobodys.stderr).contains("\"nope\": there is no such tenant"), "{}", text(&nobodys.stderr));
    let unreadable = shop.import(&[], "Name\nx\n");
    assert_eq!(unreadable.status.code(), Some(1));
    assert!(text(&unreadable.stderr).contains("no column `Handle`"), "{}", text(&unreadable.stderr));
}
