//! The books beside the orders: `emporia ledger verify` and `rebuild`, whatever somebody has done to the rows.

use std::process::Output;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::ledger::model::{Difference, Kind};
use emporia::ledger::service::{Tally, rebuild, verify};
use emporia::worker;
use serde_json::{Value, json};

use crate::cli::emporia;
use crate::ledger::{drain, fees, posted, said};
use crate::support::{Shopping, admin, redis_url};

async fn verified(shop: &Shopping) -> (Tally, Vec<Difference>) {
    let mut found = Vec::new();
    let tally = verify(&shop.db, &mut |difference| found.push(*difference)).await.expect("a look");
    (tally, found)
}

async fn tamper(shop: &Shopping, sql: &str) {
    admin(&shop.app.db.name).await.batch_execute(sql).await.expect(sql);
}

/// Runs `emporia ledger …` on the shop's database.
fn ledger(shop: &Shopping, args: &[&str]) -> Output {
    let (app, platform, redis) = (shop.app.db.url("emporia_app"), shop.app.db.url("emporia_platform"), redis_url());
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("REDIS_URL", &redis)];
    tokio::task::block_in_place(|| emporia(&[&["ledger"][..], args].concat(), &env))
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Three orders of 24.90, of which the second is cancelled a day later.
async fn three_orders() -> Shopping {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 10).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(shop.buy(&shop.cart(&[(1, 1)]).await).await);
        shop.app.clock.advance(TimeDelta::days(1));
    }
    shop.cancel(orders[1]).await;
    shop
}

#[tokio::test]
async fn what_is_not_published_yet_is_not_missing_and_what_is_forgotten_is_not_surplus() {
    let shop = three_orders().await;
    let waiting = Tally { orders: 3, ..Tally::default() };
    assert_eq!(verified(&shop).await, (waiting, vec![]));
    drain(&shop).await;
    let whole = Tally { orders: 3, postings: 7, ..Tally::default() };
    assert_eq!(verified(&shop).await, (whole, vec![]));
    shop.app.clock.advance(TimeDelta::days(100));
    worker::sweep(&shop.app.app).await.expect("a sweep");
    assert_eq!(said(&shop, "SELECT 'event' AS said FROM events").await, Vec::<String>::new(), "they are forgotten");
    assert_eq!(verified(&shop).await, (whole, vec![]));
    let before = posted(&shop).await;
    tamper(&shop, "DELETE FROM ledger_postings").await;
    let mended = rebuild(&shop.app.app, &shop.db, &mut |_| {}).await.expect("a rebuilding");
    assert_eq!(mended, Tally { orders: 3, postings: 0, differences: 7, mended: 7 });
    assert_eq!(posted(&shop).await, before, "the same again");
    assert_eq!(verified(&shop).await, (whole, vec![]));
}

#[tokio::test]
async fn an_order_from_before_there_were_fees_is_not_in_the_books() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 2000, 10).await;
    let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    let old = "UPDATE orders SET platform_fee_minor = NULL, platform_fee_basis_points = NULL, platform_fee_fixed_minor = NULL";
    tamper(&shop, old).await;
    shop.cancel(order).await;
    drain(&shop).await;
    assert_eq!((verified(&shop).await, posted(&shop).await), ((Tally::default(), vec![]), vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_difference_is_shown_and_made_up_for_by_further_postings() {
    let shop = three_orders().await;
    drain(&shop).await;
    let beside = shop.beside("beside").await;
    beside.on_sale(1, 2000, 10).await;
    beside.buy(&beside.cart(&[(1, 1)]).await).await;
    drain(&shop).await;
    let (june, others) = (fees(&shop, "2026-06").await, posted(&beside).await);
    let clean = ledger(&shop, &["verify"]);
    assert!(clean.status.success(), "{clean:?}");
    let tenant = shop.store.tenant;
    assert!(lines(&clean).contains(&format!("{tenant}  orders: 3, postings: 7, differences: 0")), "{clean:?}");

    // A fee is gone, another is another one, and a third is of another time; and there is one for an order that is not there.
    let own = format!("SELECT id::text AS said FROM orders WHERE tenant_id = '{tenant}' ORDER BY number");
    let orders = said(&shop, &own).await;
    let tampering = format!(
        "DELETE FROM ledger_postings WHERE order_id = '{}' AND kind = 'FEE';
         UPDATE ledger_postings SET amount = 38 WHERE order_id = '{}' AND kind = 'FEE_REVERSAL';
         UPDATE ledger_postings SET occurred_at = '2026-05-01' WHERE order_id = '{}' AND kind = 'FEE';
         INSERT INTO ledger_postings SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(),
            'order_id', 'ffffffff-ffff-ffff-ffff-ffffffffffff'))).* FROM ledger_postings p
            WHERE order_id = '{}' AND kind = 'USAGE'",
        orders[0], orders[1], orders[2], orders[0]
    );
    tamper(&shop, &tampering).await;
    let tampered = posted(&shop).await;
    let found = ledger(&shop, &["verify", "--tenant", "acme"]);
    assert_eq!(found.status.code(), Some(1));
    let said_so = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(said_so.contains("the books differ from the orders in 5 places"), "{said_so}");
    let expected = [
        format!(
            "{tenant}  missing: FEE of order {} at 2026-06-01 12:00:00 UTC: 0.00 EUR posted, 0.37 EUR due",
            orders[0]
        ),
        format!(
            "{tenant}  different: FEE_REVERSAL of order {} at 2026-06-04 12:00:00 UTC: 0.38 EUR posted, 0.37 EUR due",
            orders[1]
        ),
        format!(
            "{tenant}  surplus: FEE of order {} at 2026-05-01 00:00:00 UTC: 0.37 EUR posted, 0.00 EUR due",
            orders[2]
        ),
        format!(
            "{tenant}  missing: FEE of order {} at 2026-06-03 12:00:00 UTC: 0.00 EUR posted, 0.37 EUR due",
            orders[2]
        ),
        format!(
            "{tenant}  surplus: USAGE of order ffffffff-ffff-ffff-ffff-ffffffffffff at 2026-06-01 12:00:00 UTC: 1 posted, 0 due"
        ),
        format!("{tenant}  orders: 3, postings: 7, differences: 5"),
    ];
    assert_eq!(lines(&found), expected);
    assert_eq!(posted(&shop).await, tampered, "a look changes nothing");

    let as_json = ledger(&shop, &["rebuild", "--json"]);
    assert!(as_json.status.success(), "{as_json:?}");
    let told: Vec<Value> = lines(&as_json).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let own: Vec<&Value> = told.iter().filter(|line| line["tenant"] == json!(tenant)).collect();
    assert_eq!((told.len(), own.len()), (7, 6));
    let last = json!({ "tenant": tenant, "orders": 3, "postings": 7, "differences": 5, "mended": 5 });
    assert_eq!((&own[0]["difference"], &own[0]["due"], own[5]), (&json!("missing"), &json!("37"), &last));
    assert_eq!(verified(&shop).await, (Tally { orders: 3, postings: 12, ..Tally::default() }, vec![]));
    let mended = posted(&shop).await;
    assert!(tampered.iter().all(|row| mended.contains(row)), "nothing was taken away: {mended:#?}");
    assert!(mended.contains(&"FEE_REVERSAL 1: 1 EUR to FEES_RECEIVABLE".to_owned()), "{mended:#?}");
    assert_eq!(fees(&shop, "2026-06").await, june_with_moved(&june), "what is owed is as it was");
    assert_eq!(fees(&shop, "2026-05").await[0]["total"], json!({ "amount": "0.00" }));
    assert_eq!(posted(&beside).await, others, "the other shop's stay as they are");
    let again = rebuild(&shop.app.app, &shop.db, &mut |_| {}).await.expect("a look");
    assert_eq!((again.differences, again.mended), (0, 0));
}

/// The same total; a cent that was given back too much and taken again stands on both sides.
fn june_with_moved(june: &Value) -> Value {
    assert_eq!(june[0]["total"]["amount"], "0.74");
    let mut moved = june.clone();
    moved[0]["charged"]["amount"] = json!("1.12");
    moved[0]["reversed"]["amount"] = json!("0.38");
    moved
}

#[tokio::test]
async fn of_two_who_rebuild_at_once_one_does() {
    let shop = three_orders().await;
    drain(&shop).await;
    tamper(&shop, "UPDATE ledger_postings SET amount = 38 WHERE kind = 'FEE'").await;
    let mut one = |difference: &Difference| assert_eq!(difference.place.kind, Kind::Fee);
    let mut other = one;
    let (app, db) = (&shop.app.app, &shop.db);
    let both = tokio::join!(rebuild(app, db, &mut one), rebuild(app, db, &mut other));
    let mended = both.0.expect("a rebuilding").mended + both.1.expect("a rebuilding").mended;
    assert_eq!((mended, verified(&shop).await.0.postings), (3, 10));
}
