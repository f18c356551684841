//! Carts through the schema: filling, changing, and whose they are.

use std::sync::Arc;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::cart::key::CartKey;
use emporia::country::Country;
use emporia::db::schema::{carts, product_variants, products};
use emporia::error::Fault;
use emporia::shipping::model::{NewProfile, NewRate};
use emporia::shipping::service::profile_create_in_tx;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Goods, Store, TestApp, Uncommitted};

const CART: &str = "fragment cart on Cart { id note totalQuantity
    lines(first: 250) { nodes { id quantity attributes { key value } merchandise { ... on ProductVariant { id } } } }
    cost { subtotalAmount { amount } totalAmount { amount currencyCode } } }";

/// A shop, a shopper's key, and one cart at a time.
pub struct Shopper {
    pub app: TestApp,
    pub store: Store,
}

impl Shopper {
    pub async fn new() -> Self {
        let app = TestApp::new().await;
        let store = app.store("acme").await;
        Self { app, store }
    }

    pub async fn shelve(&self, goods: Goods) -> String {
        self.app.shelve(&self.store, goods).await
    }

    /// Runs one cart mutation; `arguments` are `name: Type! = value`.
    pub async fn run(&self, field: &str, arguments: &[(&str, &str, Value)]) -> Value {
        run(&self.app, &self.store.publishable, field, arguments).await
    }

    pub async fn create(&self, input: Value) -> Value {
        self.run("cartCreate", &[("input", "CartInput", input)]).await
    }

    pub async fn cart(&self, lines: &[Value]) -> Value {
        let payload = self.create(json!({ "lines": lines })).await;
        assert_eq!(payload["userErrors"], json!([]));
        payload["cart"].clone()
    }

    pub async fn add(&self, id: &Value, lines: Value) -> Value {
        self.run("cartLinesAdd", &[("cartId", "ID!", id.clone()), ("lines", "[CartLineInput!]!", lines)]).await
    }

    pub async fn update(&self, id: &Value, lines: Value) -> Value {
        self.run("cartLinesUpdate", &[("cartId", "ID!", id.clone()), ("lines", "[CartLineUpdateInput!]!", lines)]).await
    }

    pub async fn read(&self, id: &Value) -> Value {
        let query = format!("query($id: ID!) {{ cart(id: $id) {{ ...cart }} }} {CART}");
        self.app.gql(&self.store.publishable, &query, json!({ "id": id })).await["cart"].take()
    }

    /// Germany at 4.90 and 9.90, France at 12.00.
    pub async fn deliver(&self) {
        let mut germany = NewProfile::flat("Germany", &[Country::DE], false, "Standard", 490);
        germany.zones[0].rates.insert(0, NewRate { id: None, name: "Express".into(), price_minor: 990 });
        let france = NewProfile::flat("France", &[Country::FR], false, "Poste", 1200);
        let (now, entropy) = (self.app.app.clock.now(), self.app.app.entropy.clone());
        let made: Result<(), Fault> = self
            .app
            .app
            .db
            .tenant(self.store.tenant)
            .write(async |tx| {
                profile_create_in_tx(tx, now, &entropy, &germany).await?;
                profile_create_in_tx(tx, now, &entropy, &france).await?;
                Ok(())
            })
            .await;
        made.expect("profiles");
    }
}

async fn run(app: &TestApp, key: &str, field: &str, arguments: &[(&str, &str, Value)]) -> Value {
    let declared: Vec<String> = arguments.iter().map(|(name, kind, _)| format!("${name}: {kind}")).collect();
    let passed: Vec<String> = arguments.iter().map(|(name, ..)| format!("{name}: ${name}")).collect();
    let query = format!(
        "mutation({}) {{ {field}({}) {{ cart {{ ...cart }} userErrors {{ field code message }}
        warnings {{ code target }} }} }} {CART}",
        declared.join(", "),
        passed.join(", ")
    );
    let variables = arguments.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())).collect();
    app.gql(key, &query, Value::Object(variables)).await[field].take()
}

pub fn line(variant: &str, quantity: i32) -> Value {
    json!({ "merchandiseId": variant, "quantity": quantity })
}

fn quantities(cart: &Value) -> Vec<i64> {
    let lines = cart["lines"]["nodes"].as_array().expect("lines");
    lines.iter().filter_map(|line| line["quantity"].as_i64()).collect()
}

pub fn refusal(payload: &Value) -> (String, String) {
    assert_eq!(payload["cart"], Value::Null, "{payload:#}");
    let error = &payload["userErrors"][0];
    let field: Vec<&str> = error["field"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
    (field.join("."), error["code"].as_str().expect("a code").to_owned())
}

pub fn as_pair(field: &str, code: &str) -> (String, String) {
    (field.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_variant_that_is_deleted_while_it_is_added_is_one_that_there_is_not() {
    let shopper = Shopper::new().await;
    let mug = shopper.shelve(Goods::new(1000)).await;
    let cart = shopper.cart(&[]).await;
    let id = mug.rsplit('/').next().expect("a uuid").to_owned();
    let deleting = Uncommitted::begin(&shopper.app.db.name, &format!("DELETE FROM products WHERE id = '{id}'")).await;
    let (adding, ()) =
        join(shopper.add(&cart["id"], json!([{ "merchandiseId": mug }])), deleting.finish_when_waited_for()).await;
    assert_eq!(adding["userErrors"][0]["code"], "INVALID_MERCHANDISE_LINE", "{adding}");
}

#[tokio::test]
async fn a_cart_is_made_filled_changed_and_emptied() {
    let shopper = Shopper::new().await;
    let (mug, tea) = (shopper.shelve(Goods::new(1250)).await, shopper.shelve(Goods::new(333)).await);
    let query = format!("mutation {{ cartCreate {{ cart {{ ...cart }} }} }} {CART}");
    let created = shopper.app.gql(&shopper.store.publishable, &query, json!({})).await;
    let cart = &created["cartCreate"]["cart"];
    assert_eq!(cart["cost"]["totalAmount"], json!({ "amount": "0.00", "currencyCode": "EUR" }));
    let id = &cart["id"];
    assert!(id.as_str().is_some_and(|id| id.starts_with("gid://emporia/Cart/") && id.contains("?key=")));

    let remark = json!({ "merchandiseId": mug, "quantity": 1, "attributes": [{ "key": "for", "value": "Ada" }] });
    let filled = shopper.add(id, json!([line(&mug, 2), line(&tea, 3), line(&mug, 1), remark])).await;
    assert_eq!(filled["cart"]["id"], *id, "the id that is given out has its key again");
    assert_eq!(quantities(&filled["cart"]), [3, 3, 1]);
    assert_eq!(filled["cart"]["totalQuantity"], 7);
    assert_eq!(filled["cart"]["cost"]["subtotalAmount"]["amount"], "59.99");
    assert_eq!(shopper.read(id).await, filled["cart"]);

    let lines = &filled["cart"]["lines"]["nodes"];
    let changes = json!([{ "id": lines[0]["id"], "quantity": 1 }, { "id": lines[1]["id"], "quantity": 0 }]);
    let changed = shopper.update(id, changes).await;
    assert_eq!(quantities(&changed["cart"]), [1, 1]);
    let ids = json!([lines[0]["id"], lines[2]["id"]]);
    let emptied = shopper.run("cartLinesRemove", &[("cartId", "ID!", id.clone()), ("lineIds", "[ID!]!", ids)]).await;
    assert_eq!(quantities(&emptied["cart"]), [] as [i64; 0]);
    assert_eq!(shopper.read(id).await["totalQuantity"], 0);
}

#[tokio::test]
async fn a_cart_can_be_made_whole_at_once() {
    let shopper = Shopper::new().await;
    shopper.deliver().await;
    let mug = shopper.shelve(Goods::new(1000)).await;
    let payload = shopper
        .create(json!({
            "note": "Ring twice",
            "attributes": [{ "key": "gift", "value": "yes" }],
            "lines": [line(&mug, 2)],
            "buyerIdentity": { "email": "ada@example.org", "countryCode": "DE" },
            "delivery": { "addresses": [{ "address": { "deliveryAddress": { "city": "Jena" } } }] },
            "discountCodes": ["SUMMER"]
        }))
        .await;
    assert_eq!(payload["userErrors"], json!([]));
    let cart = &payload["cart"];
    assert_eq!(cart["note"], "Ring twice");
    assert_eq!(cart["cost"]["totalAmount"]["amount"], "24.90", "the buyer's country is the address's");
    assert_eq!(payload["warnings"], json!([{ "code": "DISCOUNT_NOT_FOUND", "target": cart["id"] }]));
    assert_eq!(shopper.read(&cart["id"]).await, *cart);
}

#[tokio::test]
async fn without_its_key_there_is_no_cart() {
    let shopper = Shopper::new().await;
    let mug = shopper.shelve(Goods::new(100)).await;
    let cart = shopper.cart(&[line(&mug, 1)]).await;
    let id = cart["id"].as_str().expect("an id");
    let (bare, key) = id.split_once("?key=").expect("a key");
    let other_key = CartKey::from_random(Uuid::nil(), [0; 16]).reveal().to_owned();
    let other_store = shopper.app.store("other").await;
    for wrong in [
        bare.to_owned(),
        format!("{bare}?key="),
        format!("{bare}?key={other_key}"),
        format!("{bare}?key={key}A"),
        "cart".to_owned(),
    ] {
        let wrong = json!(wrong);
        assert_eq!(shopper.read(&wrong).await, Value::Null, "{wrong}");
        let payload = shopper.add(&wrong, json!([line(&mug, 1)])).await;
        assert_eq!(refusal(&payload), as_pair("cartId", "INVALID"), "{wrong}");
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let data = shopper.app.gql(&shopper.store.secret, node, json!({ "id": wrong })).await;
        assert_eq!(data["node"], Value::Null);
    }
    // Another tenant, with the right key even.
    let query = format!("query($id: ID!) {{ cart(id: $id) {{ ...cart }} node(id: $id) {{ id }} }} {CART}");
    for key in [&other_store.publishable, &other_store.secret] {
        let data = shopper.app.gql(key, &query, json!({ "id": id })).await;
        assert_eq!(data, json!({ "cart": null, "node": null }));
        let arguments = [("cartId", "ID!", json!(id)), ("note", "String!", json!("mine"))];
        let payload = run(&shopper.app, key, "cartNoteUpdate", &arguments).await;
        assert_eq!(refusal(&payload), as_pair("cartId", "INVALID"));
    }
    let data = shopper.app.gql(&shopper.store.publishable, &query, json!({ "id": id })).await;
    assert_eq!(data["node"]["id"], id);
    assert_eq!(data["cart"]["note"], "");
}

#[tokio::test]
async fn only_the_hash_of_the_key_is_stored() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let key = CartKey::parse(cart["id"].as_str().expect("an id")).expect("a key");
    let db = shopper.app.app.db.tenant(shopper.store.tenant);
    let stored: Result<Vec<u8>, Fault> = db
        .read(async |conn| {
            Ok(carts::table.filter(carts::tenant_id.eq(conn.tenant())).select(carts::key_hash).first(conn).await?)
        })
        .await;
    assert_eq!(stored.expect("a row"), key.hash().bytes());
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_with_its_path() {
    let shopper = Shopper::new().await;
    let other_store = shopper.app.store("other").await;
    let mug = shopper.shelve(Goods::new(100)).await;
    let draft = shopper.shelve(Goods { published: false, ..Goods::new(100) }).await;
    let foreign = shopper.app.shelve(&other_store, Goods::new(100)).await;
    let cart = shopper.cart(&[line(&mug, 1)]).await;
    let id = &cart["id"];
    let unknown = format!("gid://emporia/ProductVariant/{}", Uuid::now_v7());
    let product = mug.replace("ProductVariant", "Product");
    for bad in [draft, foreign, unknown, product, "rubbish".to_owned()] {
        let payload = shopper.add(id, json!([line(&mug, 1), line(&bad, 1)])).await;
        assert_eq!(refusal(&payload), as_pair("lines.1.merchandiseId", "INVALID_MERCHANDISE_LINE"), "{bad}");
        let payload = shopper.create(json!({ "lines": [line(&bad, 1)] })).await;
        assert_eq!(refusal(&payload), as_pair("input.lines.0.merchandiseId", "INVALID_MERCHANDISE_LINE"), "{bad}");
        let change = json!([{ "id": cart["lines"]["nodes"][0]["id"], "merchandiseId": bad }]);
        let payload = shopper.update(id, change).await;
        assert_eq!(refusal(&payload), as_pair("lines.0.merchandiseId", "INVALID_MERCHANDISE_LINE"), "{bad}");
    }
    for (quantity, code) in [(0, "MINIMUM_NOT_MET"), (-3, "MINIMUM_NOT_MET"), (1_000_001, "MAXIMUM_EXCEEDED")] {
        let payload = shopper.add(id, json!([line(&mug, quantity)])).await;
        assert_eq!(refusal(&payload), as_pair("lines.0.quantity", code));
    }
    let many: Vec<Value> = (0..251).map(|_| line(&mug, 1)).collect();
    assert_eq!(refusal(&shopper.add(id, json!(many)).await), as_pair("lines", "MAXIMUM_EXCEEDED"));
    let strange = json!([{ "id": "gid://emporia/CartLine/rubbish", "quantity": 1 }]);
    assert_eq!(refusal(&shopper.update(id, strange).await), as_pair("lines.0.id", "INVALID_MERCHANDISE_LINE"));
    let plan = json!([{ "merchandiseId": mug, "sellingPlanId": "gid://emporia/SellingPlan/1" }]);
    assert_eq!(refusal(&shopper.add(id, plan).await), as_pair("lines.0.sellingPlanId", "SELLING_PLAN_NOT_APPLICABLE"));
    assert_eq!(shopper.read(id).await, cart, "nothing of all that was done");
}

#[tokio::test]
async fn more_than_there_is_becomes_what_there_is_with_a_warning() {
    let shopper = Shopper::new().await;
    let (few, none) = (shopper.shelve(Goods::new(100).stock(3)).await, shopper.shelve(Goods::new(100).stock(0)).await);
    let cart = shopper.cart(&[line(&few, 2)]).await;
    let payload = shopper.add(&cart["id"], json!([line(&few, 2), line(&none, 1)])).await;
    assert_eq!(quantities(&payload["cart"]), [3]);
    let line_id = &payload["cart"]["lines"]["nodes"][0]["id"];
    assert_eq!(
        payload["warnings"],
        json!([{ "code": "MERCHANDISE_NOT_ENOUGH_STOCK", "target": line_id }, { "code": "MERCHANDISE_OUT_OF_STOCK", "target": none }])
    );
    let payload = shopper.update(&cart["id"], json!([{ "id": line_id, "quantity": 9 }])).await;
    assert_eq!(quantities(&payload["cart"]), [3]);
    assert_eq!(payload["warnings"][0]["code"], "MERCHANDISE_NOT_ENOUGH_STOCK");
}

#[tokio::test]
async fn a_line_costs_what_its_variant_costs_now_and_goes_with_its_product() {
    let shopper = Shopper::new().await;
    let goods = Goods::new(100);
    let (variant, id) = (goods.id, shopper.shelve(goods).await);
    let cart = shopper.cart(&[line(&id, 3)]).await;
    let db = shopper.app.app.db.tenant(shopper.store.tenant);
    let raised: Result<usize, Fault> = db
        .write(async |tx| {
            let own = product_variants::table.filter(product_variants::tenant_id.eq(tx.tenant()));
            let price = product_variants::price_minor.eq(250);
            Ok(diesel::update(own.filter(product_variants::id.eq(variant))).set(price).execute(tx).await?)
        })
        .await;
    raised.expect("a price");
    assert_eq!(shopper.read(&cart["id"]).await["cost"]["totalAmount"]["amount"], "7.50");
    let withdrawn: Result<usize, Fault> = db
        .write(async |tx| {
            let own = products::table.filter(products::tenant_id.eq(tx.tenant())).filter(products::id.eq(variant));
            Ok(diesel::update(own).set(products::status.eq("ARCHIVED")).execute(tx).await?)
        })
        .await;
    withdrawn.expect("a status");
    assert_eq!(quantities(&shopper.read(&cart["id"]).await), [] as [i64; 0]);
    let deleted: Result<usize, Fault> = db
        .write(async |tx| {
            let own = products::table.filter(products::tenant_id.eq(tx.tenant())).filter(products::id.eq(variant));
            Ok(diesel::delete(own).execute(tx).await?)
        })
        .await;
    assert_eq!(deleted.expect("no line holds it back"), 1);
    assert_eq!(shopper.read(&cart["id"]).await["totalQuantity"], 0);
}

#[tokio::test]
async fn a_carts_last_change_does_not_go_back_in_time() {
    let shopper = Shopper::new().await;
    let cart = shopper.cart(&[]).await;
    let change = async |seconds: i64| {
        shopper.app.clock.advance(TimeDelta::seconds(seconds));
        let query =
            "mutation($id: ID!, $note: String!) { cartNoteUpdate(cartId: $id, note: $note) { cart { updatedAt } } }";
        let variables = json!({ "id": cart["id"], "note": seconds.to_string() });
        shopper.app.gql(&shopper.store.publishable, query, variables).await["cartNoteUpdate"]["cart"]["updatedAt"]
            .take()
    };
    let first = change(5).await;
    // Another process's clock is behind.
    assert_eq!(change(-3).await, first);
    assert_ne!(change(10).await, first);
}

#[tokio::test]
async fn fifty_parallel_changes_of_one_cart_lose_nothing() {
    let shopper = Arc::new(Shopper::new().await);
    let (mug, tea) = (shopper.shelve(Goods::new(100)).await, shopper.shelve(Goods::new(10)).await);
    let cart = shopper.cart(&[line(&tea, 1)]).await;
    let tea_line = cart["lines"]["nodes"][0]["id"].clone();
    let changes = (0..50).map(|n| {
        let (shopper, mug, id, tea_line) = (shopper.clone(), mug.clone(), cart["id"].clone(), tea_line.clone());
        tokio::spawn(async move {
            let payload = match n % 5 {
                // Twenty add to one line, ten make a line of their own, ten change one, ten say something.
                0 | 1 => shopper.add(&id, json!([line(&mug, 1)])).await,
                2 => {
                    let own = json!([{ "key": "n", "value": n.to_string() }]);
                    shopper.add(&id, json!([{ "merchandiseId": mug, "quantity": 2, "attributes": own }])).await
                }
                3 => shopper.update(&id, json!([{ "id": tea_line, "quantity": 7 }])).await,
                _ => {
                    let note = ("note", "String!", json!(format!("note {n}")));
                    shopper.run("cartNoteUpdate", &[("cartId", "ID!", id.clone()), note]).await
                }
            };
            assert_eq!(payload["userErrors"], json!([]));
        })
    });
    for done in join_all(changes).await {
        done.expect("a change");
    }
    let after = shopper.read(&cart["id"]).await;
    let mut quantities = quantities(&after);
    quantities.sort_unstable();
    assert_eq!(quantities, [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 7, 20]);
    assert_eq!(after["cost"]["subtotalAmount"]["amount"], "40.70");
    assert!(after["note"].as_str().is_some_and(|note| note.starts_with("note ")));
}
