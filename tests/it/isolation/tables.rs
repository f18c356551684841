//! Every tenant table and every command, by raw SQL as the application's role: only the policy stands between.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::furnish::furnish;
use crate::support::{TestApp, admin};
use crate::tenancy::{count, tenant_tables};

#[derive(QueryableByName)]
struct Columns {
    #[diesel(sql_type = diesel::sql_types::Text)]
    columns: String,
}

/// The table's columns that can be written, without the tenant, each with a comma in front.
async fn columns(admin: &mut AsyncPgConnection, table: &str) -> String {
    let sql = "SELECT coalesce(string_agg(', ' || quote_ident(attname), '' ORDER BY attnum), '') AS columns FROM pg_attribute \
               WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'tenant_id' \
               AND attidentity = '' AND attgenerated = ''";
    let found: Columns =
        diesel::sql_query(sql).bind::<diesel::sql_types::Text, _>(table).get_result(admin).await.expect("columns");
    found.columns
}

/// What a statement did.
#[derive(Debug)]
enum Outcome {
    Rows(usize),
    Refused,
}
use Outcome::{Refused, Rows};

/// Runs a statement and undoes it. As the tenant, when there is one.
async fn attempt(conn: &mut AsyncPgConnection, tenant: Option<Uuid>, sql: &str) -> Outcome {
    let set = tenant.map(|tenant| format!("; SET LOCAL app.tenant_id = '{tenant}'")).unwrap_or_default();
    conn.batch_execute(&format!("BEGIN{set}")).await.expect("begin");
    let outcome = diesel::sql_query(sql).execute(conn).await;
    conn.batch_execute("ROLLBACK").await.expect("rollback");
    match outcome {
        Ok(rows) => Rows(rows),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("row-level security") || text.contains("permission denied"), "{sql}: {text}");
            Refused
        }
    }
}

async fn application(app: &TestApp) -> AsyncPgConnection {
    AsyncPgConnection::establish(&app.db.url("emporia_app")).await.expect("the app role")
}

/// The tenant tables, each known to have rows of all of these tenants.
async fn tables(app: &TestApp, superuser: &mut AsyncPgConnection, tenants: &[Uuid]) -> Vec<String> {
    let tables = tenant_tables(&app.db).await;
    for (table, tenant) in tables.iter().flat_map(|table| tenants.iter().map(move |tenant| (table, tenant))) {
        let rows = count(superuser, &format!("SELECT count(*) AS n FROM {table} WHERE tenant_id = '{tenant}'")).await;
        assert!(rows > 0, "a furnished store has nothing in {table}: add a step to isolation/furnish.rs");
    }
    tables
}

#[tokio::test]
async fn no_command_on_any_table_reaches_the_other_tenants_rows() {
    let app = TestApp::new().await;
    let (a, b) = (furnish(&app, "alpha").await, furnish(&app, "bravo").await);
    let (own, other) = (a.store.tenant.0, b.store.tenant.0);
    let (mut superuser, mut conn) = (admin(&app.db.name).await, application(&app).await);
    for table in tables(&app, &mut superuser, &[own, other]).await {
        let columns = columns(&mut superuser, &table).await;
        let theirs = format!("tenant_id = '{other}'");
        let visible = attempt(&mut conn, Some(own), &format!("SELECT 1 FROM {table} WHERE tenant_id = '{own}'")).await;
        assert!(matches!(visible, Rows(1..)), "{table}: a tenant sees its own rows");
        for sql in [
            format!("SELECT 1 FROM {table} WHERE {theirs}"),
            format!("SELECT 1 FROM {table} WHERE tenant_id <> '{own}'"),
            format!("SELECT 1 FROM {table} WHERE {theirs} FOR UPDATE"),
            format!("UPDATE {table} SET tenant_id = '{own}' WHERE {theirs}"),
            format!("DELETE FROM {table} WHERE {theirs}"),
            format!("MERGE INTO {table} USING (SELECT 1) one ON {theirs} WHEN MATCHED THEN DELETE"),
        ] {
            let outcome = attempt(&mut conn, Some(own), &sql).await;
            assert!(matches!(outcome, Rows(0) | Refused), "{sql}: {outcome:?}");
        }
        for sql in [
            format!("UPDATE {table} SET tenant_id = '{other}'"),
            format!("INSERT INTO {table} (tenant_id{columns}) SELECT '{other}'{columns} FROM {table} LIMIT 1"),
            format!("TRUNCATE {table} CASCADE"),
            format!("COPY {table} FROM STDIN"),
        ] {
            let outcome = attempt(&mut conn, Some(own), &sql).await;
            assert!(matches!(outcome, Refused), "{sql}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn without_a_tenant_no_command_on_any_table_does_anything() {
    let app = TestApp::new().await;
    let tenant = furnish(&app, "alpha").await.store.tenant.0;
    let mut superuser = admin(&app.db.name).await;
    let tables = tables(&app, &mut superuser, &[tenant]).await;
    let (fresh, mut used) = (application(&app).await, application(&app).await);
    // A finished transaction leaves '' behind, not NULL.
    let past = format!("BEGIN; SET LOCAL app.tenant_id = '{tenant}'; COMMIT");
    used.batch_execute(&past).await.expect("a past transaction");
    for mut conn in [fresh, used] {
        for table in &tables {
            let columns = columns(&mut superuser, table).await;
            for sql in [
                format!("SELECT 1 FROM {table}"),
                format!("UPDATE {table} SET tenant_id = tenant_id"),
                format!("DELETE FROM {table}"),
            ] {
                let outcome = attempt(&mut conn, None, &sql).await;
                assert!(matches!(outcome, Rows(0) | Refused), "{sql}: {outcome:?}");
            }
            // Not even a row of no tenant: there is one to copy for whoever sees it.
            let values = columns.replace(',', ", NULL AS");
            let insert = format!("INSERT INTO {table} (tenant_id{columns}) SELECT '{tenant}'{values}");
            let outcome = attempt(&mut conn, None, &insert).await;
            assert!(matches!(outcome, Refused), "{insert}: {outcome:?}");
        }
    }
}
