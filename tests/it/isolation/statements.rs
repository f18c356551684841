//! The statements that a database has run for the application, judged.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::predicates::unscoped;
use crate::support::{TestDb, admin};
use crate::tenancy::count;

#[derive(QueryableByName)]
struct Statement {
    #[diesel(sql_type = diesel::sql_types::Text)]
    query: String,
}

/// The statements that the application's role has run on this database and that touch a table without saying whose
/// rows are meant.
pub async fn without_their_tenant(db: &TestDb) -> Vec<String> {
    let run = noted(&db.name, "d.datname = current_database()").await;
    run.into_iter().filter(|sql| !unscoped(sql).is_empty()).collect()
}

/// Tests that want to see what the policy alone lets through.
const DELIBERATE: [&str; 1] = [r#"SELECT "pages"."tenant_id" FROM "pages""#];

#[tokio::test]
#[ignore = "reads what all the other tests have run: scripts/test starts it after them, on a server of their own"]
async fn every_statement_of_the_suite_names_its_tenant() {
    // The application's statements are diesel's, which quotes every name. What tests write by hand against the policy
    // does not.
    let run = noted("postgres", "s.query LIKE '%\"%'").await;
    let bad: Vec<_> =
        run.iter().filter(|sql| !DELIBERATE.contains(&sql.as_str()) && !unscoped(sql).is_empty()).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

/// The statements that the application's role has run, of which this holds, without those that touch no table.
async fn noted(database: &str, condition: &str) -> Vec<String> {
    let mut superuser = admin(database).await;
    superuser.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await.expect("the extension");
    let sql = format!(
        "SELECT DISTINCT s.query FROM pg_stat_statements s LEFT JOIN pg_database d ON d.oid = s.dbid \
         WHERE s.userid = 'emporia_app'::regrole AND {condition}"
    );
    let forgotten = count(&mut superuser, "SELECT dealloc AS n FROM pg_stat_statements_info").await;
    assert_eq!(forgotten, 0, "statements are missing: raise pg_stat_statements.max");
    let run: Vec<Statement> = diesel::sql_query(sql).load(&mut superuser).await.expect("pg_stat_statements");
    let run: Vec<String> = run.into_iter().map(|statement| statement.query).filter(|sql| !is_control(sql)).collect();
    assert!(run.len() > 100, "only {} statements were noted: is pg_stat_statements on?", run.len());
    run
}

/// Whether a statement begins, ends or configures, and touches no table.
fn is_control(sql: &str) -> bool {
    let first = sql.split([' ', ';']).next().unwrap_or_default();
    ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "SHOW"].contains(&first)
}
