//! The statements that a database has run for the application, judged.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::predicates::unscoped;
use crate::support::{TestDb, admin};

#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = diesel::sql_types::Text)]
    query: String,
}

/// The statements that the application's role has run on this database and that touch a table without saying whose
/// rows are meant.
pub async fn without_their_tenant(db: &TestDb) -> Vec<String> {
    let mut superuser = admin(&db.name).await;
    superuser.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await.expect("the extension");
    let sql = "SELECT s.query FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid \
               WHERE d.datname = current_database() AND s.userid = 'emporia_app'::regrole ORDER BY s.query";
    let run: Vec<Statement> = diesel::sql_query(sql).load(&mut superuser).await.expect("pg_stat_statements");
    let run: Vec<&str> = run.iter().map(|statement| statement.query.as_str()).filter(|sql| !is_control(sql)).collect();
    assert!(run.len() > 100, "only {} statements were noted: is pg_stat_statements on?", run.len());
    run.into_iter().filter(|sql| !unscoped(sql).is_empty()).map(str::to_owned).collect()
}

/// Whether a statement begins, ends or configures, and touches no table.
fn is_control(sql: &str) -> bool {
    let first = sql.split([' ', ';']).next().unwrap_or_default();
    ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET"].contains(&first)
}
