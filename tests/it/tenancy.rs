//! The boundary in the code: what a dropped future leaves behind, and what the next tenant sees.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::result::Error;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use emporia::db::schema::pages;
use emporia::db::{Db, TenantConn, TenantDb, TenantRead, TenantTx};
use emporia::error::Fault;
use uuid::Uuid;

use crate::support::{TestDb, admin, dropped_after, settled};

diesel::define_sql_function! { fn pg_backend_pid() -> Integer; }
diesel::define_sql_function! { fn pg_sleep(seconds: diesel::sql_types::Double) -> diesel::sql_types::Text; }

/// What a use case may fail with, here: anything.
#[derive(Debug)]
struct Failed;
impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        panic!("{fault}")
    }
}
impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        panic!("{error}")
    }
}

async fn two_tenants(pool_size: &str) -> (TestDb, Db, TenantDb, TenantDb) {
    let test = TestDb::create().await;
    let db = Db::new(&test.config(&[("DATABASE_POOL_SIZE", pool_size)]).database);
    let [a, b] = [1, 2].map(|n| db.tenant(emporia::ids::TenantId(Uuid::from_u128(n))));
    for tenant in [&a, &b] {
        tenant.write(async |tx| page_insert(tx, "about").await).await.expect("a page");
    }
    (test, db, a, b)
}

async fn page_insert(tx: &mut TenantTx<'_>, handle: &str) -> Result<usize, Failed> {
    let now = chrono::DateTime::UNIX_EPOCH;
    Ok(diesel::insert_into(pages::table)
        .values((
            pages::tenant_id.eq(tx.tenant()),
            pages::id.eq(Uuid::new_v4()),
            pages::handle.eq(handle),
            pages::title.eq(handle),
            pages::created_at.eq(now),
            pages::updated_at.eq(now),
        ))
        .execute(tx)
        .await?)
}

/// All rows' tenants, asked without the predicate: only the policy stands between.
async fn tenants_seen(conn: &mut TenantConn<'_>) -> QueryResult<Vec<Uuid>> {
    pages::table.select(pages::tenant_id).load(conn).await
}

async fn backend(conn: &mut TenantConn<'_>) -> Result<i32, Failed> {
    Ok(diesel::select(pg_backend_pid()).get_result(conn).await?)
}

/// A further row of the tenant, from elsewhere.
async fn page_appears(admin: &mut AsyncPgConnection, tenant: &TenantDb, handle: &str) {
    let sql = format!(
        "INSERT INTO pages (tenant_id, id, handle, title, created_at, updated_at)
         VALUES ('{}', gen_random_uuid(), '{handle}', '{handle}', now(), now())",
        tenant.tenant()
    );
    admin.batch_execute(&sql).await.expect("a page");
}

/// Runs `work` for tenant A, dropped after one poll, two polls, … until it comes to its end. After each drop tenant B
/// borrows the pool's only connection: it is another one, on which B sees its own rows alone, up to the latest, which
/// what A has begun would not show; and what A has left on the server comes to its end. There are `awaits` at least.
async fn drop_at_every_await<F: Future>(awaits: usize, work: impl Fn(TenantDb) -> F) {
    let (test, _db, a, b) = two_tenants("1").await;
    let mut admin = admin(&test.name).await;
    let mut lent = b.read(async |conn| backend(conn).await).await.expect("a read");
    for polls in 1..200 {
        let finished = dropped_after(polls, work(a.clone())).await;
        page_appears(&mut admin, &b, &format!("page-{polls}")).await;
        let looking = b.read(async |conn| Ok::<_, Failed>((tenants_seen(conn).await?, backend(conn).await?)));
        let (seen, lent_now) = looking.await.expect("a read");
        assert_eq!(seen, vec![b.tenant().0; 1 + polls], "after {polls} poll(s)");
        assert_eq!(lent_now == lent, finished, "after {polls} poll(s): replaced unless it came to its end");
        lent = lent_now;
        settled(&test.name).await;
        if finished {
            assert!(polls > awaits, "finished at poll {polls}: too few awaits to drop at");
            return;
        }
    }
    panic!("the future never finished");
}

#[tokio::test]
async fn a_read_dropped_at_any_await_shows_the_next_tenant_nothing() {
    drop_at_every_await(3, async |a: TenantDb| {
        a.read(async |conn| {
            tenants_seen(conn).await?;
            Ok::<_, Failed>(tenants_seen(conn).await?)
        })
        .await
    })
    .await;
}

#[tokio::test]
async fn a_write_dropped_at_any_await_shows_the_next_tenant_nothing() {
    drop_at_every_await(3, async |a: TenantDb| {
        a.write(async |tx| {
            page_insert(tx, &Uuid::new_v4().to_string()).await?;
            tx.savepoint(async |tx| page_insert(tx, &Uuid::new_v4().to_string()).await).await
        })
        .await
    })
    .await;
}

/// How GraphQL reads: the first two share the opening.
#[tokio::test]
async fn a_requests_snapshot_dropped_at_any_await_shows_the_next_tenant_nothing() {
    drop_at_every_await(3, async |a: TenantDb| {
        let snapshot = Arc::new(TenantRead::new(a));
        let look = async || snapshot.read(async |conn| tenants_seen(conn).await).await.expect("a read");
        let both = tokio::join!(look(), look());
        assert_eq!(both, (look().await, look().await));
        snapshot.finish();
    })
    .await;
}

/// What is all of a request: a transaction in one packet.
#[tokio::test]
async fn a_packet_dropped_at_any_await_shows_the_next_tenant_nothing() {
    drop_at_every_await(1, async |a: TenantDb| {
        let both = async |conn: &mut TenantConn<'_>| {
            let (mut one, mut other) = (conn.clone(), conn.clone());
            tokio::try_join!(tenants_seen(&mut one), tenants_seen(&mut other))
        };
        let (one, other) = TenantRead::new(a).read_alone(both).await.expect("a read");
        assert_eq!(one, other);
    })
    .await;
}

#[tokio::test]
async fn an_abandoned_statement_is_ended_and_its_connection_replaced() {
    let (test, _db, a, b) = two_tenants("1").await;
    let mut admin = admin(&test.name).await;
    let before = a.read(async |conn| backend(conn).await).await.expect("a read");
    let unchanged = b.read(async |conn| backend(conn).await).await.expect("a read");
    assert_eq!(before, unchanged, "a finished transaction gives its connection back");
    let [snapshot, packet] = [a.clone(), a.clone()].map(TenantRead::new);
    let long: [Pin<Box<dyn Future<Output = String>>>; 4] = [
        Box::pin(async { a.read(async |conn| Ok::<_, Failed>(sleep(conn).await?)).await.expect("a read") }),
        Box::pin(async { a.write(async |tx| Ok::<_, Failed>(sleep(tx.conn()).await?)).await.expect("a write") }),
        Box::pin(async move { snapshot.read(async |conn| sleep(conn).await).await.expect("a read") }),
        Box::pin(async move { packet.read_alone(async |conn| sleep(conn).await).await.expect("a read") }),
    ];
    for mut long in long {
        let before = b.read(async |conn| backend(conn).await).await.expect("a read");
        // Dropped once the server is at it.
        tokio::select! {
            _ = &mut long => panic!("ten minutes passed"),
            () = eventually_active(&mut admin, before) => {}
        }
        drop(long);
        let after = b.read(async |conn| backend(conn).await).await.expect("a read");
        assert_ne!(before, after, "the connection was replaced");
        settled(&test.name).await;
    }
}

async fn sleep(conn: &mut TenantConn<'_>) -> QueryResult<String> {
    diesel::select(pg_sleep(600.0)).get_result(conn).await
}

async fn eventually_active(admin: &mut AsyncPgConnection, pid: i32) {
    while !is_active(admin, pid).await {}
}

#[derive(QueryableByName)]
struct Active {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    active: bool,
}

async fn is_active(admin: &mut AsyncPgConnection, pid: i32) -> bool {
    let sql = "SELECT state = 'active' AND query LIKE '%pg_sleep%' AS active FROM pg_stat_activity WHERE pid = $1";
    let rows: Vec<Active> =
        diesel::sql_query(sql).bind::<diesel::sql_types::Integer, _>(pid).load(admin).await.expect("pg_stat_activity");
    rows.iter().any(|row| row.active)
}

#[tokio::test]
async fn a_tenant_cannot_write_into_another() {
    let (_test, _db, a, b) = two_tenants("1").await;
    let theirs = b.tenant().0;
    let refused: Result<(), Fault> = a
        .write(async |tx| {
            diesel::update(pages::table).set(pages::tenant_id.eq(theirs)).execute(tx).await?;
            Ok(())
        })
        .await;
    assert!(refused.expect_err("the policy refuses").to_string().contains("row-level security"));
    let untouched: Result<usize, Fault> = a
        .write(async |tx| Ok(diesel::delete(pages::table.filter(pages::tenant_id.eq(theirs))).execute(tx).await?))
        .await;
    assert_eq!(untouched.expect("a delete"), 0);
}

#[tokio::test]
async fn raw_sql_is_refused_on_a_tenants_connection() {
    let (_test, _db, a, _b) = two_tenants("1").await;
    let refused: Result<(), Fault> = a.read(async |conn| Ok(conn.batch_execute("COMMIT").await?)).await;
    assert!(refused.expect_err("refused").to_string().contains("raw SQL is not available"));
}

#[tokio::test]
async fn a_failed_savepoint_undoes_only_itself() {
    let (_test, _db, a, _b) = two_tenants("1").await;
    let done: Result<(), Fault> = a
        .write(async |tx| {
            insert_titled(tx, "kept").await?;
            let failed: Result<(), Fault> = tx
                .savepoint(async |tx| {
                    insert_titled(tx, "undone").await?;
                    Err(Fault::internal("on purpose"))
                })
                .await;
            assert!(failed.is_err());
            Ok(())
        })
        .await;
    done.expect("committed");
    let titles: Result<Vec<String>, Fault> = a
        .read(async |conn| {
            let own = pages::table.filter(pages::tenant_id.eq(conn.tenant()));
            Ok(own.select(pages::title).order(pages::title).load(conn).await?)
        })
        .await;
    assert_eq!(titles.expect("a read"), ["about", "kept"]);
}

async fn insert_titled(tx: &mut TenantTx<'_>, title: &str) -> Result<usize, Fault> {
    page_insert(tx, title).await.map_err(|Failed| Fault::internal("insert"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tenants_at_once_never_see_each_other() {
    let test = TestDb::create().await;
    let db = Db::new(&test.config(&[("DATABASE_POOL_SIZE", "8"), ("DATABASE_ACQUIRE_TIMEOUT_MS", "60000")]).database);
    let work = (1..=50_u128).map(|n| {
        let tenant = db.tenant(emporia::ids::TenantId(Uuid::from_u128(n)));
        tokio::spawn(async move {
            let mut own = 0;
            for round in 0..200_u32 {
                match round % 4 {
                    0 => {
                        own +=
                            tenant.write(async |tx| page_insert(tx, &format!("p{round}")).await).await.expect("a write")
                    }
                    // A write that fails half way.
                    1 => {
                        let failed: Result<(), Fault> = tenant
                            .write(async |tx| {
                                insert_titled(tx, "rolled back").await?;
                                Err(Fault::internal("on purpose"))
                            })
                            .await;
                        assert!(failed.is_err());
                    }
                    // A read that is given up.
                    2 => {
                        let (polls, alone) = (1 + (round as usize / 4) % 4, TenantRead::new(tenant.clone()));
                        dropped_after(polls, tenant.read(async |conn| Ok::<_, Failed>(tenants_seen(conn).await?)))
                            .await;
                        dropped_after(polls, alone.read_alone(async |conn| tenants_seen(conn).await)).await;
                    }
                    _ => {
                        let seen =
                            tenant.read(async |conn| Ok::<_, Failed>(tenants_seen(conn).await?)).await.expect("a read");
                        assert_eq!(seen, vec![tenant.tenant().0; own], "tenant {n}, round {round}");
                        let alone = TenantRead::new(tenant.clone());
                        let seen = alone.read_alone(async |conn| tenants_seen(conn).await).await.expect("a read");
                        assert_eq!(seen, vec![tenant.tenant().0; own], "tenant {n}, round {round}, alone");
                    }
                }
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.expect("no tenant saw another");
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Every table of the public schema but diesel's own.
pub async fn tenant_tables(test: &TestDb) -> Vec<String> {
    let sql = "SELECT c.relname::text AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace \
               AND c.relkind IN ('r', 'p') AND c.relname <> '__diesel_schema_migrations' ORDER BY 1";
    let rows: Vec<Name> = diesel::sql_query(sql).load(&mut admin(&test.name).await).await.expect("pg_class");
    assert!(!rows.is_empty());
    rows.into_iter().map(|row| row.name).collect()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// The answer of a `SELECT count(*) AS n …`.
pub async fn count(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    diesel::sql_query(sql).get_result::<Count>(conn).await.expect(sql).n
}
