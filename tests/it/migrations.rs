//! Migrations go up, down and up again, each by itself and with rows in the tables; and the source's picture of the
//! tables is the database's.

use std::path::PathBuf;
use std::process::Command;

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::MigrationHarness;
use emporia::db::migrate::{self, MIGRATIONS};
use serde_json::json;

use crate::isolation::furnish;
use crate::support::{TestApp, TestDb};

/// One of PostgreSQL's own programs.
fn program(name: &str) -> Command {
    let bin = std::env::var("TEST_POSTGRES_BIN").expect("TEST_POSTGRES_BIN is not set: run scripts/test");
    Command::new(PathBuf::from(bin).join(name))
}

fn output(command: &mut Command) -> String {
    let done = command.output().expect("the program starts");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("a text")
}

/// Everything but rows: tables, constraints, indexes, policies, grants, functions. A constraint that a way back does not
/// hold the rows against which are there is written down elsewhere, and is the same otherwise.
fn dump(db: &TestDb) -> String {
    let validate = "DO $$ DECLARE it record; BEGIN
        FOR it IN SELECT conrelid::regclass AS tab, conname FROM pg_constraint WHERE NOT convalidated LOOP
            EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', it.tab, it.conname);
        END LOOP; END $$";
    output(program("psql").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", validate, &db.url("postgres")]));
    let dumped = output(program("pg_dump").args(["-s", "-T", "__diesel_schema_migrations", "-d", &db.url("postgres")]));
    // A word drawn anew for every dump.
    let lines = dumped.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    // A column that a way back puts in again stands last.
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable();
    lines.join("\n")
}

async fn harness(db: &TestDb) -> AsyncMigrationHarness<AsyncPgConnection> {
    let conn = AsyncPgConnection::establish(&db.url("emporia_owner")).await.expect("the owner");
    AsyncMigrationHarness::new(conn)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_goes_up_down_and_up_again() {
    let db = TestDb::empty().await;
    let mut harness = harness(&db).await;
    let mut before = dump(&db);
    for version in migrate::versions().expect("the migrations") {
        let up = |harness: &mut AsyncMigrationHarness<_>| {
            let done = harness.run_next_migration(MIGRATIONS).unwrap_or_else(|error| panic!("{version} up: {error}"));
            assert_eq!(done.to_string(), version);
            dump(&db)
        };
        let after = up(&mut harness);
        assert_ne!(before, after, "{version} does something");
        harness.revert_last_migration(MIGRATIONS).unwrap_or_else(|error| panic!("{version} down: {error}"));
        let reverted = dump(&db);
        assert!(before == reverted, "{version} down leaves\n{}", difference(&before, &reverted));
        let again = up(&mut harness);
        assert!(after == again, "{version} up again makes\n{}", difference(&after, &again));
        before = again;
    }
}

/// The lines that only one of two has.
fn difference(one: &str, other: &str) -> String {
    let only = |in_this: &str, not_in: &str, sign: char| {
        let missing = in_this.lines().filter(|line| !not_in.lines().any(|it| it == *line));
        missing.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    only(one, other, '-') + &only(other, one, '+')
}

/// What an operator may have to do with a store in use: back by some versions, and forward again. The first thirteen
/// made the tables, so going back behind them would be losing the store.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_stores_goes_back_and_forward() {
    const TABLES: &str = "20261121000032";
    let app = TestApp::new().await;
    let acme = furnish(&app, "acme").await;
    let everything = "{ products(first: 5) { nodes { title variants(first: 5) { nodes { sku quantityAvailable } } } }
        orders(first: 5) { nodes { name displayFinancialStatus lineItems(first: 5) { nodes { title quantity } } } }
        webhookSubscriptions(first: 5) { nodes { topic uri } } }";
    let before = app.gql(&acme.store.secret, everything, json!({})).await;
    let mut harness = harness(&app.db).await;
    let later = migrate::versions().expect("the migrations").into_iter().filter(|version| version.as_str() > TABLES);
    for version in later.collect::<Vec<_>>().into_iter().rev() {
        let reverted = harness.revert_last_migration(MIGRATIONS).unwrap_or_else(|error| panic!("{version}: {error}"));
        assert_eq!(reverted.to_string(), version);
    }
    harness.run_pending_migrations(MIGRATIONS).expect("forward again");
    // Its connections' statements were prepared for the tables as they were.
    let again = TestApp::on(app.db, &[]);
    assert_eq!(again.gql(&acme.store.secret, everything, json!({})).await, before);
}

#[tokio::test]
async fn the_sources_picture_of_the_tables_is_the_databases() {
    let db = TestDb::create().await;
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts/print-schema");
    for (schema, file, text) in [
        ("public", "src/db/schema.rs", include_str!("../../src/db/schema.rs")),
        ("platform", "src/db/platform_schema.rs", include_str!("../../src/db/platform_schema.rs")),
    ] {
        let printed = output(Command::new(&script).args([db.url("postgres").as_str(), schema]));
        assert!(printed == text, "{file} is stale: scripts/print-schema DATABASE_URL {schema} >{file}");
        // What diesel.toml has diesel_cli do to its own picture still fits there.
        let patch = file.replace(".rs", ".patch");
        assert!(include_str!("../../diesel.toml").contains(&format!("patch_file = \"{patch}\"")));
        output(
            Command::new("git").current_dir(env!("CARGO_MANIFEST_DIR")).args(["apply", "--check", "-R", "-p0", &patch]),
        );
    }
}
