//! Our own connection beneath the query builder: packets of several statements, what fails in them, what the server
//! is made to remember.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Array, Integer, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use emporia::db::schema::pages;
use emporia::db::{Db, TenantConn, TenantDb, TenantRead};
use emporia::error::Fault;
use emporia::ids::TenantId;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use tokio::{join, try_join};
use uuid::Uuid;

use crate::support::{Goods, Statements, TestApp, TestDb, admin, dropped_after, settled};
use crate::tenancy::count;

diesel::define_sql_function! { fn pg_backend_pid() -> Integer; }
diesel::define_sql_function! { fn repeat(text: Text, times: Integer) -> Text; }
diesel::define_sql_function! { fn generate_series(first: Integer, last: Integer) -> Integer; }
diesel::define_sql_function! { fn nullif(value: Integer, other: Integer) -> Nullable<Integer>; }
diesel::define_sql_function! { fn cardinality(array: Array<Integer>) -> Integer; }
diesel::define_sql_function! { fn current_setting(name: Text) -> Text; }

diesel::table! {
    pg_prepared_statements (name) {
        name -> Text,
        from_sql -> Bool,
    }
}

/// One tenant with a pool of one connection.
pub async fn alone() -> (TestDb, Db, TenantDb) {
    let test = TestDb::create().await;
    let db = Db::new(&test.config(&[("DATABASE_POOL_SIZE", "1")]).database);
    let tenant = db.tenant(TenantId(Uuid::from_u128(1)));
    (test, db, tenant)
}

pub async fn backend(conn: &mut TenantConn<'_>) -> QueryResult<i32> {
    diesel::select(pg_backend_pid()).get_result(conn).await
}

pub async fn number(conn: &mut TenantConn<'_>, number: i32) -> QueryResult<i32> {
    diesel::select(number.into_sql::<Integer>()).get_result(conn).await
}

async fn divided_by(conn: &mut TenantConn<'_>, divisor: i32) -> QueryResult<i32> {
    diesel::select(1.into_sql::<Integer>() / divisor.into_sql::<Integer>()).get_result(conn).await
}

#[tokio::test]
async fn statements_that_are_asked_together_get_their_own_answers() {
    let (_test, _db, tenant) = alone().await;
    for _ in 0..3 {
        let answers = tenant
            .read(async |conn| {
                let (mut a, mut b, mut c) = (conn.clone(), conn.clone(), conn.clone());
                Ok::<_, Fault>(try_join!(number(&mut a, 1), backend(&mut b), number(&mut c, 3))?)
            })
            .await
            .expect("answers");
        assert_eq!((answers.0, answers.2), (1, 3));
    }
}

#[tokio::test]
async fn a_failure_takes_what_stands_behind_it_along_and_the_connection_lives_on() {
    let (_test, _db, tenant) = alone().await;
    let before = tenant.read(async |conn| Ok::<_, Fault>(backend(conn).await?)).await.expect("a read");
    let told = tenant
        .read(async |conn| {
            let (mut a, mut b, mut c) = (conn.clone(), conn.clone(), conn.clone());
            let told = join!(number(&mut a, 1), divided_by(&mut b, 0), number(&mut c, 3));
            assert_eq!(told.0, Ok(1), "it stands in front");
            let message = |told: QueryResult<i32>| told.expect_err("failed").to_string();
            assert_eq!((message(told.1), message(told.2)), ("division by zero".into(), "division by zero".into()));
            // The transaction has failed, and says so.
            let later = number(conn, 4).await.expect_err("failed").to_string();
            assert!(later.contains("current transaction is aborted"), "{later}");
            Err::<(), _>(Fault::internal("on purpose"))
        })
        .await;
    assert!(told.is_err());
    // What was first asked in a failed transaction was never known to the server, and is made known now.
    for divisor in [1, 1] {
        let read = tenant.read(async |conn| {
            Ok::<_, Fault>((divided_by(conn, divisor).await?, number(conn, 4).await?, backend(conn).await?))
        });
        assert_eq!(read.await.expect("a read"), (1, 4, before), "on the same connection");
    }
}

#[tokio::test]
async fn a_statement_that_the_server_cannot_parse_is_not_taken_for_known() {
    let (test, _db, tenant) = alone().await;
    let titles = async || {
        let read = tenant.read(async |conn| {
            let own = pages::table.filter(pages::tenant_id.eq(conn.tenant())).select(pages::title);
            Ok::<_, Fault>(own.load::<String>(conn).await?)
        });
        read.await
    };
    let mut admin = admin(&test.name).await;
    admin.batch_execute("ALTER TABLE pages RENAME title TO heading").await.expect("renamed");
    for _ in 0..2 {
        let told = titles().await.expect_err("no such column").to_string();
        assert!(told.contains("title"), "{told}");
    }
    admin.batch_execute("ALTER TABLE pages RENAME heading TO title").await.expect("renamed");
    assert_eq!(titles().await.expect("a read"), Vec::<String>::new());
    // Its rows look different now: told once, made anew.
    admin.batch_execute("ALTER TABLE pages ALTER title TYPE varchar(300)").await.expect("altered");
    assert!(titles().await.expect_err("stale").to_string().contains("cached plan must not change result type"));
    assert_eq!(titles().await.expect("a read"), Vec::<String>::new());
}

#[tokio::test]
async fn callers_with_ever_new_shapes_do_not_fill_the_servers_memory() {
    let (_test, _db, tenant) = alone().await;
    let read = tenant.read(async |conn| {
        for shape in 0..1300 {
            let mut query = pages::table.select(pages::id).into_boxed();
            for bit in 0..11 {
                let handle = format!("{bit}");
                let wanted = pages::handle.eq(handle.clone());
                query = if shape >> bit & 1 == 1 { query.filter(wanted) } else { query.or_filter(wanted) };
            }
            let own = query.filter(pages::tenant_id.eq(conn.tenant()));
            assert_eq!(own.load::<Uuid>(conn).await?, Vec::<Uuid>::new());
        }
        Ok::<_, Fault>((known(conn).await?, number(conn, 7).await?))
    });
    let (known, seven) = read.await.expect("a read");
    assert!((400..=500).contains(&known), "{known} statements are known");
    assert_eq!(seven, 7);
}

/// How many statements the server knows on this connection.
async fn known(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    use pg_prepared_statements as p;
    p::table.filter(p::from_sql.eq(false)).count().get_result(conn).await
}

#[tokio::test]
async fn searches_of_ever_new_shapes_are_not_remembered() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "1")]).await;
    let store = app.store("acme").await;
    let mut counts = Vec::new();
    for query in ["tag:a", "tag:a OR tag:b", "tag:a tag:b", "NOT (tag:a OR title:b) OR sku:c", "title:b", "title:c"] {
        let asked = format!(r#"{{ products(first: 1, query: "{query}") {{ nodes {{ id }} }} }}"#);
        let answer = app.gql(&store.secret, &asked, json!({})).await;
        assert_eq!(answer["products"]["nodes"], json!([]), "{answer}");
        let tenant = app.app.db.tenant(store.tenant);
        counts.push(tenant.read(async |conn| Ok::<_, Fault>(known(conn).await?)).await.expect("a count"));
    }
    let new: Vec<i64> = counts.iter().map(|count| count - counts[0]).collect();
    assert_eq!(new, [0, 0, 0, 0, 1, 1], "single conditions are kept, compounds are not");
}

/// What is known to be all that a request reads is read in one transaction of its own, without anything else.
#[tokio::test]
async fn what_needs_nothing_else_is_read_in_one_packet() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "1")]).await;
    let store = app.store("acme").await;
    let goods = Goods::new(250).stock(7);
    let handle = goods.id.to_string();
    app.shelve(&store, goods).await;
    let collections = "id handle title description descriptionHtml updatedAt image { url } seo { title }";
    let variants = "id title sku price { amount } compareAtPrice { amount } quantityAvailable availableForSale currentlyNotInStock";
    let product = format!(
        "__typename id handle title description descriptionHtml vendor productType tags createdAt publishedAt updatedAt
         seo {{ title description }} availableForSale totalInventory priceRange {{ minVariantPrice {{ amount }} }}
         compareAtPriceRange {{ maxVariantPrice {{ amount }} }} variantsCount {{ count }}
         variants(first: 5) {{ nodes {{ {variants} }} edges {{ cursor node {{ {variants} }} }} pageInfo {{ endCursor }} }}"
    );
    let page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
    let alone = [
        (
            1,
            format!(
                "query($handle: String!) {{ product(handle: $handle) {{ {product}
             collections(first: 5) {{ nodes {{ {collections} }} edges {{ cursor node {{ {collections} }} }} }} }} }}"
            ),
        ),
        (1, "query($handle: String!) { product(handle: $handle) { id title } }".to_owned()),
        (
            2,
            format!(
                "{{ products(first: 5) {{ nodes {{ {product} }} edges {{ cursor node {{ {product} }} }} {page} }} }}"
            ),
        ),
        (1, "{ products(first: 5) { nodes { id title } } }".to_owned()),
    ];
    for (reads, query) in alone {
        let asked = app.gql(&store.secret, &query, json!({ "handle": handle }));
        let (answer, taken) = Statements::of(&app.db.name, asked).await;
        assert!(answer["product"]["id"].is_string() || answer["products"]["nodes"][0]["id"].is_string(), "{answer}");
        assert_eq!((taken.reads, taken.scopes), (reads, 1), "{query}");
    }
}

#[tokio::test]
async fn long_answers_come_whole_and_in_order_among_others() {
    let (_test, _db, tenant) = alone().await;
    let read = tenant.read(async |conn| {
        let (mut a, mut b) = (conn.clone(), conn.clone());
        let long = diesel::select((generate_series(1, 2000), repeat("ä".repeat(10), 40))).load::<(i32, String)>(&mut a);
        let (long, short) = try_join!(long, number(&mut b, 5))?;
        Ok::<_, Fault>((long, short))
    });
    let (long, short) = read.await.expect("a read");
    assert_eq!(short, 5);
    assert_eq!(long.len(), 2000);
    assert!(long.iter().zip(1..).all(|((number, text), wanted)| *number == wanted && *text == "ä".repeat(400)));
}

#[tokio::test]
async fn long_questions_arrive_while_long_answers_come() {
    let (_test, _db, tenant) = alone().await;
    let read = tenant.read(async |conn| {
        let long: Vec<i32> = (0..1_000_000).collect();
        let (mut a, mut b) = (conn.clone(), conn.clone());
        let answers = diesel::select((generate_series(1, 2000), repeat("x", 4000))).load::<(i32, String)>(&mut a);
        let asked = diesel::select(cardinality(long)).get_result::<i32>(&mut b);
        let (answers, asked) = try_join!(answers, asked)?;
        Ok::<_, Fault>((answers.len(), asked))
    });
    assert_eq!(read.await.expect("a read"), (2000, 1_000_000));
}

#[tokio::test]
async fn nulls_are_told_from_values() {
    let (_test, _db, tenant) = alone().await;
    type Pair = (Option<i32>, String, Option<i32>);
    let read = tenant.read(async |conn| {
        let pair = (nullif(1, 1), "between".into_sql::<Text>(), nullif(1, 2));
        Ok::<_, Fault>(diesel::select(pair).get_result::<Pair>(conn).await?)
    });
    assert_eq!(read.await.expect("a read"), (None, "between".to_owned(), Some(1)));
}

#[tokio::test]
async fn a_commit_that_the_server_turns_into_a_rollback_is_an_error() {
    let (_test, _db, tenant) = alone().await;
    let told: Result<(), Told> = tenant
        .write(async |tx| {
            // Swallowed: the transaction cannot be committed any more.
            let _ = divided_by(tx.conn(), 0).await;
            Ok(())
        })
        .await;
    assert!(matches!(told, Err(Told(Error::RollbackTransaction))), "{told:?}");
}

#[derive(Debug)]
struct Told(Error);

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Fault> for Told {
    fn from(fault: Fault) -> Self {
        panic!("{fault}")
    }
}

#[tokio::test]
async fn what_is_no_longer_waited_for_is_passed_over() {
    let (_test, _db, tenant) = alone().await;
    let read = tenant.read(async |conn| {
        let (mut a, mut b, mut c) = (conn.clone(), conn.clone(), conn.clone());
        // Asked, sent with the others, and given up.
        let given_up = async {
            tokio::select! {
                biased;
                told = number(&mut a, 1) => told,
                () = std::future::ready(()) => Ok(0),
            }
        };
        let told = try_join!(given_up, number(&mut b, 2), number(&mut c, 3))?;
        Ok::<_, Fault>((told, backend(conn).await?))
    });
    let (told, before) = read.await.expect("a read");
    assert_eq!(told, (0, 2, 3));
    let after = tenant.read(async |conn| Ok::<_, Fault>(backend(conn).await?)).await.expect("a read");
    assert_eq!(before, after, "nothing is left to be answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_share_a_snapshot_wake_one_another() {
    let (_test, _db, tenant) = alone().await;
    let snapshot = Arc::new(TenantRead::new(tenant));
    let tasks = futures_util::stream::iter(0..500).map(|n| {
        let snapshot = snapshot.clone();
        tokio::spawn(async move {
            let told = snapshot.read(async |conn| number(conn, n).await).await.expect("a number");
            (n, told)
        })
    });
    let told: Vec<(i32, i32)> = tasks.buffer_unordered(50).try_collect().await.expect("no task panics");
    assert_eq!(told.len(), 500);
    assert!(told.iter().all(|(asked, told)| asked == told), "{told:?}");
}

/// Isolation, whether it only reads, tenant.
async fn settings(conn: &mut TenantConn<'_>) -> QueryResult<[String; 3]> {
    let one = async |mut conn: TenantConn<'_>, name: &str| {
        diesel::select(current_setting(name)).get_result::<String>(&mut conn).await
    };
    let [a, b, c] = [conn.clone(), conn.clone(), conn.clone()];
    let (a, b, c) =
        try_join!(one(a, "transaction_isolation"), one(b, "transaction_read_only"), one(c, "app.tenant_id"))?;
    Ok([a, b, c])
}

#[tokio::test]
async fn a_transaction_in_one_packet_is_as_any_other_that_reads() {
    let (_test, _db, tenant) = alone().await;
    let snapshot = TenantRead::new(tenant.clone());
    let id = tenant.tenant().0.to_string();
    let read = ["repeatable read", "on", &id].map(str::to_owned);
    assert_eq!(snapshot.read_alone(settings).await.expect("a read"), read);
    assert_eq!(snapshot.read(settings).await.expect("a read"), read);
    Arc::new(snapshot).finish();
    let written = tenant.write(async |tx| Ok::<_, Fault>(settings(tx.conn()).await?)).await.expect("a write");
    assert_eq!(written, ["read committed", "off", &id].map(str::to_owned), "nothing of it stays");
}

#[tokio::test]
async fn a_transaction_in_one_packet_refuses_what_comes_later() {
    let (_test, _db, tenant) = alone().await;
    let snapshot = TenantRead::new(tenant.clone());
    let before = snapshot.read_alone(async |conn| backend(conn).await).await.expect("a read");
    let told = snapshot.read_alone(async |conn| {
        let first = number(conn, 1).await?;
        let second = number(conn, 2).await;
        assert!(matches!(second, Err(Error::NotInTransaction)), "the end is asked for: {second:?}");
        Ok(first)
    });
    assert_eq!(told.await.expect("a read"), 1);
    let failed = snapshot.read_alone(async |conn| divided_by(conn, 0).await).await.expect_err("failed");
    assert!(failed.to_string().contains("division by zero"), "{failed}");
    let together = snapshot.read(async |conn| Ok((backend(conn).await?, number(conn, 3).await?))).await;
    assert_eq!(together.expect("a read"), (before, 3), "on the same connection, which lives on");
    // The snapshot is open now: it is what everything reads from.
    assert_eq!(snapshot.read_alone(async |conn| number(conn, 4).await).await.expect("a read"), 4);
    assert_eq!(snapshot.read(async |conn| number(conn, 5).await).await.expect("a read"), 5);
    Arc::new(snapshot).finish();
    assert_eq!(tenant.read(async |conn| Ok::<_, Fault>(number(conn, 6).await?)).await.expect("a read"), 6);
}

#[tokio::test]
async fn what_is_sent_along_fails_the_commit() {
    let (_test, _db, tenant) = alone().await;
    let now = chrono::DateTime::UNIX_EPOCH;
    let written = async |handles: &[&str]| -> Result<(), Told> {
        tenant
            .write(async |tx| {
                for handle in handles {
                    let row = (
                        pages::tenant_id.eq(tx.tenant()),
                        pages::id.eq(Uuid::new_v4()),
                        pages::handle.eq(*handle),
                        pages::title.eq(*handle),
                        pages::created_at.eq(now),
                        pages::updated_at.eq(now),
                    );
                    tx.send(diesel::insert_into(pages::table).values(row))?;
                }
                Ok(())
            })
            .await
    };
    written(&["a", "b"]).await.expect("written");
    let told = written(&["c", "a", "d"]).await.expect_err("taken").0;
    assert!(matches!(told, Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)), "{told}");
    let read = tenant.read(async |conn| {
        let own = pages::table.filter(pages::tenant_id.eq(conn.tenant())).order(pages::handle);
        Ok::<_, Fault>(own.select(pages::handle).load::<String>(conn).await?)
    });
    assert_eq!(read.await.expect("a read"), ["a", "b"], "all or nothing");
}

#[tokio::test]
async fn what_was_never_sent_is_not_sent_when_it_is_given_up() {
    let (test, _db, tenant) = alone().await;
    let now = chrono::DateTime::UNIX_EPOCH;
    // Polled once: everything is asked for, COMMIT included, and nothing is sent.
    let written = tenant.write(async |tx| {
        let row = (
            pages::tenant_id.eq(tx.tenant()),
            pages::id.eq(Uuid::new_v4()),
            pages::handle.eq("a"),
            pages::title.eq("a"),
            pages::created_at.eq(now),
            pages::updated_at.eq(now),
        );
        Ok::<_, Fault>(tx.send(diesel::insert_into(pages::table).values(row))?)
    });
    // The connection is there already, so that the first poll borrows it.
    let before = tenant.read(async |conn| Ok::<_, Fault>(backend(conn).await?)).await.expect("a read");
    assert!(!dropped_after(1, written).await, "it does not end at once");
    let after = tenant.read(async |conn| Ok::<_, Fault>(backend(conn).await?)).await.expect("a read");
    assert_ne!(before, after, "the connection is not lent again");
    settled(&test.name).await;
    let sql = "SELECT count(*) AS n FROM pages";
    assert_eq!(count(&mut admin(&test.name).await, sql).await, 0);
}

#[tokio::test]
async fn why_something_failed_that_was_sent_along_is_told_wherever_it_shows() {
    let (_test, _db, tenant) = alone().await;
    let fails = || diesel::select(1.into_sql::<Integer>() / 0.into_sql::<Integer>());
    // Behind it, in its packet: the rule that ends the work stays the error, and the connection lives on.
    let before = tenant.read(async |conn| Ok::<_, Fault>(backend(conn).await?)).await.expect("a read");
    let told: Result<(), Fault> = tenant
        .write(async |tx| {
            tx.send(fails())?;
            Err(Fault::internal("the rule"))
        })
        .await;
    assert!(told.expect_err("refused").to_string().contains("the rule"));
    // In a packet for which somebody else waits, whose own statement stood in front.
    let told: Result<(), Told> = tenant
        .write(async |tx| {
            let mut other = tx.conn().clone();
            let first = number(&mut other, 1);
            let sent = async {
                tx.send(fails())?;
                Ok::<_, Error>(())
            };
            try_join!(first, sent)?;
            Ok(())
        })
        .await;
    assert!(told.expect_err("failed").0.to_string().contains("division by zero"));
    // In a savepoint: undone with it.
    let kept = tenant
        .write(async |tx| {
            let inner: Result<(), Told> = tx
                .savepoint(async |tx| {
                    tx.send(fails())?;
                    Ok(())
                })
                .await;
            assert!(inner.expect_err("failed").0.to_string().contains("division by zero"));
            Ok::<_, Fault>((number(tx.conn(), 3).await?, backend(tx.conn()).await?))
        })
        .await;
    assert_eq!(kept.expect("the rest goes on"), (3, before));
}

#[tokio::test]
async fn a_connection_that_the_server_has_ended_is_replaced_unseen() {
    let (test, _db, tenant) = alone().await;
    let before = tenant.read(async |conn| Ok::<_, Fault>(backend(conn).await?)).await.expect("a read");
    let mut admin = admin(&test.name).await;
    admin.batch_execute(&format!("SELECT pg_terminate_backend({before}, 10000)")).await.expect("ended");
    settled(&test.name).await;
    let after = tenant.read(async |conn| Ok::<_, Fault>(backend(conn).await?)).await.expect("a read");
    assert_ne!(before, after);
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_says_why() {
    let (test, _db, tenant) = alone().await;
    let told: Result<(), Told> = tenant
        .read(async |conn| {
            let pid = backend(conn).await?;
            let ending = format!("SELECT pg_terminate_backend({pid}, 10000)");
            admin(&test.name).await.batch_execute(&ending).await.expect("ended");
            number(conn, 1).await?;
            Ok(())
        })
        .await;
    let told = told.expect_err("the connection is gone").0.to_string();
    assert!(told.contains("terminating connection") || told.contains("connection to the database is lost"), "{told}");
    let read = tenant.read(async |conn| Ok::<_, Fault>(number(conn, 2).await?));
    assert_eq!(read.await.expect("another connection"), 2);
}
