//! Stock: who gets the last one, what the ledger says, and that nobody waits in a circle.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::db::schema::{inventory_adjustments, inventory_levels, product_variants, products};
use emporia::db::{TenantConn, TenantDb, TenantTx};
use emporia::error::{Fault, ServiceError};
use emporia::inventory::model::StockChange;
use emporia::inventory::rule::InventoryRule;
use emporia::inventory::service::adjust_in_tx;
use emporia::shop;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Goods, Store, TestApp, eventually, waiting};

/// A shop with variants whose ids are 1, 2, 3…
struct Stockroom {
    app: TestApp,
    store: Store,
    db: TenantDb,
    location: Uuid,
}

fn variant(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

async fn insert_variant(tx: &mut TenantTx<'_>, number: u128, policy: &str, tracked: bool) -> Result<usize, Fault> {
    let (tenant, id, now) = (tx.tenant(), variant(number), crate::support::start());
    diesel::insert_into(products::table)
        .values((
            products::tenant_id.eq(tenant),
            products::id.eq(id),
            products::handle.eq(id.to_string()),
            products::title.eq("Mug"),
            products::created_at.eq(now),
            products::updated_at.eq(now),
        ))
        .execute(tx)
        .await?;
    Ok(diesel::insert_into(product_variants::table)
        .values((
            product_variants::tenant_id.eq(tenant),
            product_variants::id.eq(id),
            product_variants::product_id.eq(id),
            product_variants::position.eq(1),
            product_variants::title.eq("Default Title"),
            product_variants::option1.eq("Default Title"),
            product_variants::price_minor.eq(100),
            product_variants::inventory_policy.eq(policy),
            product_variants::tracked.eq(tracked),
            product_variants::created_at.eq(now),
            product_variants::updated_at.eq(now),
        ))
        .execute(tx)
        .await?)
}

impl Stockroom {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let store = app.store("acme").await;
        let db = app.app.db.tenant(store.tenant);
        let shop = db.read(async |conn| Ok::<_, Fault>(shop::store::shop(conn).await?)).await.expect("a shop");
        let location = shop.expect("a shop").default_location_id;
        Self { app, store, db, location }
    }

    async fn variant(&self, number: u128, policy: &str, tracked: bool) {
        self.db.write(async |tx| insert_variant(tx, number, policy, tracked).await).await.expect("a variant");
    }

    fn change(&self, number: u128, delta: i32) -> StockChange {
        StockChange { variant_id: variant(number), location_id: self.location, delta }
    }

    async fn adjust(&self, changes: &[StockChange]) -> Result<(), ServiceError<InventoryRule>> {
        let entropy = self.app.app.entropy.clone();
        self.db
            .write(async |tx| {
                adjust_in_tx(tx, crate::support::start(), &entropy, "test", "correction", Some("test:1"), changes).await
            })
            .await
    }

    async fn available(&self, number: u128) -> Option<i32> {
        let level = async |conn: &mut TenantConn<'_>| {
            Ok::<_, Fault>(
                inventory_levels::table
                    .filter(inventory_levels::tenant_id.eq(conn.tenant()))
                    .filter(inventory_levels::variant_id.eq(variant(number)))
                    .select(inventory_levels::available)
                    .first(conn)
                    .await
                    .optional()?,
            )
        };
        self.db.read(level).await.expect("a level")
    }

    async fn ledger(&self) -> Vec<(Uuid, i32, i32)> {
        use inventory_adjustments::{available_after, created_at, delta, id, table, tenant_id, variant_id};
        let rows = async |conn: &mut TenantConn<'_>| {
            let rows = table.filter(tenant_id.eq(conn.tenant())).order((created_at, id));
            Ok::<_, Fault>(rows.select((variant_id, delta, available_after)).load(conn).await?)
        };
        self.db.read(rows).await.expect("the ledger")
    }
}

fn rule(outcome: Result<(), ServiceError<InventoryRule>>) -> InventoryRule {
    match outcome {
        Err(ServiceError::Rule(rule)) => rule,
        other => panic!("expected a rule, got {other:?}"),
    }
}

#[tokio::test]
async fn stock_is_taken_while_it_lasts_and_every_change_is_in_the_ledger() {
    let room = Stockroom::new().await;
    room.variant(1, "DENY", true).await;
    room.adjust(&[room.change(1, 5)]).await.expect("received");
    room.adjust(&[room.change(1, -2), room.change(1, -1)]).await.expect("sold");
    let refused = rule(room.adjust(&[room.change(1, -3)]).await);
    assert_eq!(refused, InventoryRule::NotEnough { variant_id: variant(1), available: 2 });
    assert_eq!(room.available(1).await, Some(2));
    assert_eq!(room.ledger().await, [(variant(1), 5, 5), (variant(1), -2, 3), (variant(1), -1, 2)]);
}

#[tokio::test]
async fn changes_that_cancel_each_other_out_are_in_the_ledger_too() {
    let room = Stockroom::new().await;
    room.variant(1, "DENY", true).await;
    room.adjust(&[room.change(1, -5), room.change(1, 5)]).await.expect("nothing is missing in the end");
    assert_eq!(room.available(1).await, Some(0));
    assert_eq!(room.ledger().await, [(variant(1), -5, -5), (variant(1), 5, 0)]);
}

#[tokio::test]
async fn the_merchants_change_is_in_the_ledger_with_reason_reference_and_actor() {
    use inventory_adjustments as a;
    let room = Stockroom::new().await;
    room.variant(1, "DENY", true).await;
    room.variant(2, "DENY", false).await;
    let store = room.app.store("merchant").await;
    let change = |store: &Store, number: u128| {
        let query = "mutation($input: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $input) {
            inventoryAdjustmentGroup { reason referenceDocumentUri } userErrors { field code } } }";
        let change = json!({
            "inventoryItemId": format!("gid://emporia/InventoryItem/{}", variant(number)),
            "locationId": format!("gid://emporia/Location/{}", room.location), "delta": 7,
        });
        let input = json!({ "reason": "received", "referenceDocumentUri": "erp://42", "changes": [change] });
        let (app, key) = (&room.app, store.secret.clone());
        async move { app.gql(&key, query, json!({ "input": input })).await["inventoryAdjustQuantities"].take() }
    };
    let done = change(&room.store, 1).await;
    let group = json!({ "reason": "received", "referenceDocumentUri": "erp://42" });
    assert_eq!(done, json!({ "inventoryAdjustmentGroup": group, "userErrors": [] }));
    let row = async |conn: &mut TenantConn<'_>| {
        let rows = a::table.filter(a::tenant_id.eq(conn.tenant()));
        let row = rows.select((a::variant_id, a::delta, a::available_after, a::reason, a::reference, a::actor));
        Ok::<_, Fault>(row.get_results::<(Uuid, i32, i32, String, Option<String>, String)>(conn).await?)
    };
    let ledger = room.db.read(row).await.expect("the ledger");
    let [(id, 7, 7, reason, Some(reference), actor)] = &ledger[..] else { panic!("{ledger:?}") };
    assert_eq!((*id, reason.as_str(), reference.as_str()), (variant(1), "received", "erp://42"));
    assert!(actor.starts_with("key:"), "{actor}");

    let untracked = change(&room.store, 2).await;
    let field = json!(["input", "changes", "0", "inventoryItemId"]);
    let error = json!([{ "field": field, "code": "NON_MUTABLE_INVENTORY_ITEM" }]);
    assert_eq!(untracked, json!({ "inventoryAdjustmentGroup": null, "userErrors": error }));
    let foreign = change(&store, 1).await;
    assert_eq!(foreign["userErrors"][0]["code"], "INVALID_INVENTORY_ITEM");
    assert_eq!(room.db.read(row).await.expect("the ledger").len(), 1);
}

#[tokio::test]
async fn a_change_that_is_repeated_under_its_key_counts_once() {
    let room = Stockroom::new().await;
    room.variant(1, "DENY", true).await;
    let adjust = async |key: &str, delta: i32| {
        let query = "mutation($input: InventoryAdjustQuantitiesInput!, $key: String!) {
            inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
                inventoryAdjustmentGroup { createdAt reason } userErrors { code message } } }";
        let change = json!({
            "inventoryItemId": format!("gid://emporia/InventoryItem/{}", variant(1)),
            "locationId": format!("gid://emporia/Location/{}", room.location), "delta": delta,
        });
        let input = json!({ "reason": "received", "changes": [change] });
        let body = json!({ "query": query, "variables": { "input": input, "key": key } });
        room.app.post_json(&room.store.secret, &body, &[]).await.json()
    };
    let first = adjust("receipt-77", 5).await;
    assert_eq!(first["data"]["inventoryAdjustQuantities"]["userErrors"], json!([]), "{first}");
    room.app.clock.advance(TimeDelta::minutes(5));
    assert_eq!(adjust("receipt-77", 5).await, first, "also when it was made");
    assert_eq!(room.available(1).await, Some(5));
    assert_eq!(adjust("receipt-77", 6).await["errors"][0]["extensions"]["code"], "CONFLICT");

    let refused = adjust("loss-1", -6).await;
    assert_eq!(refused["data"]["inventoryAdjustQuantities"]["userErrors"][0]["code"], "NOT_ENOUGH", "{refused}");
    adjust("receipt-78", 1).await;
    assert_eq!(adjust("loss-1", -6).await, refused, "although there would be enough now");
    assert_eq!(room.available(1).await, Some(6));
}

#[tokio::test]
async fn a_variant_that_is_deleted_meanwhile_is_unknown() {
    let room = Stockroom::new().await;
    for (number, has_level) in [(1, false), (2, true)] {
        room.variant(number, "DENY", true).await;
        if has_level {
            room.adjust(&[room.change(number, 5)]).await.expect("received");
        }
        let (deleted, is_deleted) = tokio::sync::oneshot::channel();
        let deleting = room.db.write(async |tx| {
            let product = products::table.filter(products::tenant_id.eq(tx.tenant()));
            diesel::delete(product.filter(products::id.eq(variant(number)))).execute(tx).await?;
            deleted.send(()).expect("the other is there");
            // Until the other waits for what is locked here.
            eventually("someone waits", || waiting(&room.app)).await;
            Ok::<_, Fault>(())
        });
        let adjusting = async {
            is_deleted.await.expect("a deleted variant");
            room.adjust(&[room.change(number, 1)]).await
        };
        let (gone, refused) = tokio::join!(deleting, adjusting);
        gone.expect("a deletion");
        assert_eq!(rule(refused), InventoryRule::UnknownVariant { variant_id: variant(number) });
    }
}

#[tokio::test]
async fn one_refused_item_refuses_them_all() {
    let room = Stockroom::new().await;
    room.variant(1, "DENY", true).await;
    room.variant(2, "DENY", true).await;
    room.adjust(&[room.change(1, 5)]).await.expect("received");
    let refused = rule(room.adjust(&[room.change(1, -1), room.change(2, -1)]).await);
    assert_eq!(refused, InventoryRule::NotEnough { variant_id: variant(2), available: 0 });
    assert_eq!(room.available(1).await, Some(5));
    assert_eq!(room.ledger().await.len(), 1);
}

#[tokio::test]
async fn only_the_policy_continue_sells_below_zero() {
    let room = Stockroom::new().await;
    room.variant(1, "CONTINUE", true).await;
    room.adjust(&[room.change(1, -3)]).await.expect("oversold");
    assert_eq!(room.available(1).await, Some(-3));
    room.adjust(&[room.change(1, 2)]).await.expect("restocked");
    assert_eq!(room.available(1).await, Some(-1));
}

#[tokio::test]
async fn a_level_below_zero_may_rise_under_any_policy_but_not_sink() {
    use emporia::db::schema::product_variants as v;
    let room = Stockroom::new().await;
    room.variant(1, "CONTINUE", true).await;
    room.adjust(&[room.change(1, -5)]).await.expect("oversold");
    let denied: Result<usize, Fault> = room
        .db
        .write(async |tx| {
            let own = v::table.filter(v::tenant_id.eq(tx.tenant())).filter(v::id.eq(variant(1)));
            Ok(diesel::update(own).set(v::inventory_policy.eq("DENY")).execute(tx).await?)
        })
        .await;
    assert_eq!(denied.expect("the policy"), 1);
    let refused = InventoryRule::NotEnough { variant_id: variant(1), available: -5 };
    assert_eq!(rule(room.adjust(&[room.change(1, -1)]).await), refused);
    room.adjust(&[room.change(1, 2)]).await.expect("it rises");
    room.adjust(&[room.change(1, -1), room.change(1, 1)]).await.expect("it stays");
    assert_eq!(room.available(1).await, Some(-3));
    room.adjust(&[room.change(1, 6)]).await.expect("it rises");
    let refused = InventoryRule::NotEnough { variant_id: variant(1), available: 3 };
    assert_eq!(rule(room.adjust(&[room.change(1, -4)]).await), refused, "and does not sink below zero again");
}

#[tokio::test]
async fn carts_may_point_at_variants_that_are_held() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let goods = Goods::new(100).stock(5);
    let (id, gid) = (goods.id, app.shelve(&store, goods).await);
    let db = app.app.db.tenant(store.tenant);
    let held = db.write(async |tx| {
        emporia::inventory::service::lock_in_tx(tx, &[id]).await?;
        let create = "mutation($id: ID!) { cartCreate(input: { lines: [{ merchandiseId: $id, quantity: 2 }] }) {
            cart { totalQuantity } } }";
        Ok::<_, Fault>(app.gql(&store.publishable, create, serde_json::json!({ "id": gid })).await)
    });
    let answer = held.await.expect("held to its end");
    assert_eq!(answer["cartCreate"]["cart"]["totalQuantity"], 2, "{answer}");
}

#[tokio::test]
async fn what_is_not_tracked_has_no_stock_to_change() {
    let room = Stockroom::new().await;
    room.variant(1, "DENY", false).await;
    room.adjust(&[room.change(1, -3)]).await.expect("nothing to do");
    assert_eq!(room.available(1).await, None);
    assert_eq!(room.ledger().await, []);
}

#[tokio::test]
async fn unknown_ids_and_impossible_amounts_are_refused() {
    let room = Stockroom::new().await;
    room.variant(1, "DENY", true).await;
    let elsewhere = Uuid::from_u128(9);
    assert_eq!(rule(room.adjust(&[room.change(9, 1)]).await), InventoryRule::UnknownVariant { variant_id: elsewhere });
    assert_eq!(rule(room.adjust(&[room.change(9, 0)]).await), InventoryRule::UnknownVariant { variant_id: elsewhere });
    let misplaced = StockChange { location_id: elsewhere, ..room.change(1, 1) };
    assert_eq!(rule(room.adjust(&[misplaced]).await), InventoryRule::UnknownLocation { location_id: elsewhere });
    room.adjust(&[room.change(1, 1_000_000_000)]).await.expect("a full level");
    let overfull = rule(room.adjust(&[room.change(1, 1)]).await);
    assert_eq!(overfull, InventoryRule::OutOfRange { variant_id: variant(1) });
    assert_eq!(
        rule(room.adjust(&[room.change(1, i32::MIN)]).await),
        InventoryRule::OutOfRange { variant_id: variant(1) }
    );
}

#[tokio::test]
async fn items_in_opposite_order_do_not_deadlock() {
    let room = Stockroom::new().await;
    // More than fit into one of the small sets that are polled in order.
    let numbers = 1..=40;
    for number in numbers.clone() {
        room.variant(number, "DENY", true).await;
    }
    let up: Vec<_> = numbers.clone().map(|number| room.change(number, 1)).collect();
    let down: Vec<_> = up.iter().rev().copied().collect();
    for _ in 0..10 {
        // No level exists in the first round: making them must not deadlock either.
        let (a, b, c) = tokio::join!(room.adjust(&up), room.adjust(&down), room.adjust(&up));
        a.and(b).and(c).expect("no deadlock");
    }
    for number in numbers {
        assert_eq!(room.available(number).await, Some(30));
    }
}

#[tokio::test]
async fn many_buyers_of_the_last_units_get_exactly_those() {
    let room = Stockroom::new().await;
    room.variant(1, "DENY", true).await;
    room.adjust(&[room.change(1, 10)]).await.expect("received");
    let buys = (0..40).map(|_| async { room.adjust(&[room.change(1, -1)]).await });
    let outcomes = futures_util::future::join_all(buys).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    assert_eq!(room.available(1).await, Some(0));
}
