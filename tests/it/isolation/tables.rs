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

/// The table's columns that can be written, without the tenant.
async fn columns(admin: &mut AsyncPgConnection, table: &str) -> String {
    let sql = "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute \
               WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'tenant_id' \
               AND attidentity = '' AND attgenerated = ''";
    let found: Columns =
        diesel::sql_query(sql).bind::<diesel::sql_types::Text, _>(table).get_result(admin).await.expect("columns");
    found.columns
}

/// What a statement of one tenant does to the rows of the other.
enum Outcome {
    Rows(usize),
    Refused,
}

/// Runs a statement as tenant `own` and undoes it.
async fn attempt(conn: &mut AsyncPgConnection, own: Uuid, sql: &str) -> Outcome {
    conn.batch_execute(&format!("BEGIN; SET LOCAL app.tenant_id = '{own}'")).await.expect("begin");
    let outcome = diesel::sql_query(sql).execute(conn).await;
    conn.batch_execute("ROLLBACK").await.expect("rollback");
    match outcome {
        Ok(rows) => Outcome::Rows(rows),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("row-level security") || text.contains("permission denied"), "{sql}: {text}");
            Outcome::Refused
        }
    }
}

#[tokio::test]
async fn no_command_on_any_table_reaches_the_other_tenants_rows() {
    let app = TestApp::new().await;
    let (a, b) = (furnish(&app, "alphazzz").await, furnish(&app, "bravozzz").await);
    let (own, other) = (a.store.tenant.0, b.store.tenant.0);
    let mut superuser = admin(&app.db.name).await;
    let mut conn = AsyncPgConnection::establish(&app.db.url("emporia_app")).await.expect("the app role");
    for table in tenant_tables(&app.db).await {
        for (name, tenant) in [("first", own), ("second", other)] {
            let sql = format!("SELECT count(*) AS n FROM {table} WHERE tenant_id = '{tenant}'");
            let rows = count(&mut superuser, &sql).await;
            assert!(rows > 0, "the {name} store has nothing in {table}: add a step to isolation/furnish.rs");
        }
        let columns = columns(&mut superuser, &table).await;
        let (listed, selected) = if columns.is_empty() {
            (String::new(), String::new())
        } else {
            (format!(", {columns}"), format!(", {columns}"))
        };
        let theirs = format!("tenant_id = '{other}'");

        let own_rows = attempt(&mut conn, own, &format!("SELECT 1 FROM {table} WHERE tenant_id = '{own}'")).await;
        assert!(matches!(own_rows, Outcome::Rows(1..)), "{table}: a tenant sees its own rows");
        for sql in [
            format!("SELECT 1 FROM {table} WHERE {theirs}"),
            format!("SELECT 1 FROM {table} WHERE tenant_id <> '{own}'"),
            format!("UPDATE {table} SET tenant_id = tenant_id WHERE {theirs}"),
            format!("DELETE FROM {table} WHERE {theirs}"),
        ] {
            assert!(matches!(attempt(&mut conn, own, &sql).await, Outcome::Rows(0) | Outcome::Refused), "{sql}");
        }
        for sql in [
            format!("UPDATE {table} SET tenant_id = '{other}'"),
            format!("INSERT INTO {table} (tenant_id{listed}) SELECT '{other}'{selected} FROM {table} LIMIT 1"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            assert!(matches!(attempt(&mut conn, own, &sql).await, Outcome::Refused), "{sql}");
        }
    }
}
