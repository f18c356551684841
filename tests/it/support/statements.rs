//! How many statements a piece of work takes, as the server counts them.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::{admin, settled};

/// Statements that were run as the requests' role, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Statements {
    /// SELECTs but those that set the tenant.
    #[diesel(sql_type = BigInt)]
    pub reads: i64,
    #[diesel(sql_type = BigInt)]
    pub writes: i64,
    /// What sets the tenant: one for each transaction.
    #[diesel(sql_type = BigInt)]
    pub scopes: i64,
    /// What begins and ends transactions. The server counts each for a connection's first time only, when it is
    /// prepared: who counts these needs a process that has asked nothing yet.
    #[diesel(sql_type = BigInt)]
    pub bounds: i64,
}

const SO_FAR: &str = "SELECT coalesce(sum(calls) FILTER (WHERE is_read AND NOT is_scope), 0)::bigint AS reads,
        coalesce(sum(calls) FILTER (WHERE query ~ '^(INSERT|UPDATE|DELETE)'), 0)::bigint AS writes,
        coalesce(sum(calls) FILTER (WHERE is_read AND is_scope), 0)::bigint AS scopes,
        coalesce(sum(calls) FILTER (WHERE query ~ '^(BEGIN|COMMIT|ROLLBACK)'), 0)::bigint AS bounds
   FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid,
        LATERAL (SELECT query ~ '^(SELECT|WITH)' AS is_read, query LIKE '%set_config%' AS is_scope) kind
  WHERE d.datname = current_database() AND s.userid = 'emporia_app'::regrole";

impl Statements {
    /// What `work` answers, and what it takes in this database, in which nobody else works.
    pub async fn of<T>(database: &str, work: impl Future<Output = T>) -> (T, Self) {
        let mut admin = admin(database).await;
        let counting = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        admin.batch_execute(counting).await.expect("the server counts statements");
        let mut so_far = async || {
            // Those included that nobody waits for.
            settled(database).await;
            diesel::sql_query(SO_FAR).get_result::<Self>(&mut admin).await.expect(SO_FAR)
        };
        let before = so_far().await;
        let done = work.await;
        let after = so_far().await;
        let taken = Self {
            reads: after.reads - before.reads,
            writes: after.writes - before.writes,
            scopes: after.scopes - before.scopes,
            bounds: after.bounds - before.bounds,
        };
        (done, taken)
    }

    /// All of them, but what begins and ends transactions.
    pub fn count(&self) -> i64 {
        self.reads + self.writes + self.scopes
    }
}

#[derive(QueryableByName)]
struct Calls {
    #[diesel(sql_type = Text)]
    query: String,
    #[diesel(sql_type = BigInt)]
    calls: i64,
}

const TEXTS: &str = "SELECT query, sum(calls)::bigint AS calls
   FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
  WHERE d.datname = current_database() AND s.userid = 'emporia_app'::regrole
    AND query ~ '^(SELECT|WITH|INSERT|UPDATE|DELETE)' AND query NOT LIKE '%set_config%'
  GROUP BY query";

/// What `work` answers, and the statements that it runs as the requests' role in this database, in which nobody else
/// works.
pub async fn statements_of<T>(database: &str, work: impl Future<Output = T>) -> (T, Vec<String>) {
    let mut admin = admin(database).await;
    let counting = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
    admin.batch_execute(counting).await.expect("the server counts statements");
    let mut so_far = async || {
        settled(database).await;
        let calls: Vec<Calls> = diesel::sql_query(TEXTS).load(&mut admin).await.expect(TEXTS);
        calls.into_iter().map(|one| (one.query, one.calls)).collect::<HashMap<_, _>>()
    };
    let before = so_far().await;
    let done = work.await;
    let after = so_far().await;
    let more = after.into_iter().filter(|(query, calls)| before.get(query) != Some(calls));
    (done, more.map(|(query, _)| query).collect())
}
