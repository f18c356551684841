//! Whole products written by the catalogue's service: what `productSet` and imports rest on.

use emporia::access::Grants;
use emporia::catalog::model::{
    CollectionDraft, ImageDraft, OptionDraft, ProductDraft, ProductKey, VariantDraft, Written, WrittenProduct,
};
use emporia::catalog::rule::{CatalogCode, Violation};
use emporia::catalog::service::{self, Outcome, products_upsert_in_tx};
use emporia::db::TenantDb;
use emporia::error::Fault;
use emporia::shop;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Store, TestApp, Uncommitted, eventually, waiting};

struct Shop {
    app: TestApp,
    store: Store,
    db: TenantDb,
    location: Uuid,
}

impl Shop {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let store = app.store("acme").await;
        let db = app.app.db.tenant(store.tenant);
        let shop = db.read(async |conn| Ok::<_, Fault>(shop::store::shop(conn).await?)).await.expect("a shop");
        let location = shop.expect("a shop").default_location_id;
        Self { app, store, db, location }
    }

    async fn upsert(&self, drafts: Vec<ProductDraft>) -> Vec<Outcome> {
        let (now, entropy) = (self.app.app.clock.now(), self.app.app.entropy.clone());
        let written = (self.db).write(async |tx| {
            products_upsert_in_tx(tx, now, &entropy, "test", &Grants::Everything, drafts.clone()).await
        });
        written.await.expect("no fault")
    }

    async fn upsert_one(&self, draft: ProductDraft) -> WrittenProduct {
        self.upsert(vec![draft]).await.remove(0).expect("written")
    }

    async fn refused(&self, draft: ProductDraft) -> Vec<(String, CatalogCode)> {
        let violations = self.upsert(vec![draft]).await.remove(0).expect_err("refused");
        violations.into_iter().map(|Violation { field, code, .. }| (field.join("."), code)).collect()
    }

    async fn stock(&self, handle: &str) -> serde_json::Value {
        let query = "query($handle: String) { product(handle: $handle) {
            variants(first: 10) { nodes { title sku quantityAvailable } } } }";
        let data = self.app.gql(&self.store.secret, query, json!({ "handle": handle })).await;
        data["product"]["variants"]["nodes"].clone()
    }
}

fn shirt() -> ProductDraft {
    let variant = |size: &str, sku: &str, price: i64| VariantDraft {
        options: vec![("Size".to_owned(), size.to_owned())],
        sku: Some(sku.to_owned()),
        price_minor: Some(price),
        ..VariantDraft::default()
    };
    ProductDraft {
        key: ProductKey::Handle("shirt".to_owned()),
        title: Some("Shirt".to_owned()),
        description_html: Some("<p>Soft &amp; warm</p>".to_owned()),
        tags: Some(vec!["cotton".to_owned(), " Cotton".to_owned(), "summer".to_owned()]),
        options: Some(vec![OptionDraft { name: "Size".to_owned(), ..OptionDraft::default() }]),
        variants: Some(vec![variant("S", "SH-S", 1000), variant("M", "SH-M", 1200)]),
        images: Some(vec![ImageDraft { url: "https://img.example/shirt.jpg".to_owned(), ..ImageDraft::default() }]),
        ..ProductDraft::default()
    }
}

#[tokio::test]
async fn writing_the_same_twice_changes_nothing() {
    let shop = Shop::new().await;
    let mut draft = shirt();
    draft.variants.as_mut().expect("variants")[1].image = Some("https://img.example/m.jpg".to_owned());
    let first = shop.upsert_one(draft.clone()).await;
    assert_eq!(first.written, Written::Created);
    let second = shop.upsert_one(draft).await;
    assert_eq!(second.written, Written::Unchanged);
    assert_eq!((second.id, second.handle), (first.id, "shirt".to_owned()));
    let ids = |written: &[(Uuid, bool)]| written.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    assert_eq!(ids(&first.variants), ids(&second.variants));
    assert!(first.variants.iter().all(|(_, new)| *new) && second.variants.iter().all(|(_, new)| !*new));
}

#[tokio::test]
async fn variants_are_recognised_by_their_values_and_keep_their_stock() {
    let shop = Shop::new().await;
    let mut draft = shirt();
    for variant in draft.variants.iter_mut().flatten() {
        variant.quantities = vec![(shop.location, 7)];
    }
    let first = shop.upsert_one(draft.clone()).await;
    // Another order, another spelling, one more, and quantities that must not count for those that are there.
    let variants = draft.variants.as_mut().expect("variants");
    variants.reverse();
    variants[1].options[0] = ("size".to_owned(), "s".to_owned());
    variants[1].sku = Some("SH-SMALL".to_owned());
    variants.iter_mut().for_each(|variant| variant.quantities = vec![(shop.location, 99)]);
    variants.push(VariantDraft {
        options: vec![("Size".to_owned(), "L".to_owned())],
        sku: Some("SH-L".to_owned()),
        ..VariantDraft::default()
    });
    let second = shop.upsert_one(draft).await;
    assert_eq!(second.written, Written::Updated);
    assert_eq!(second.variants[0], (first.variants[1].0, false));
    assert_eq!(second.variants[1], (first.variants[0].0, false));
    assert!(second.variants[2].1);
    let stock = shop.stock("shirt").await;
    assert_eq!(
        stock,
        json!([
            { "title": "M", "sku": "SH-M", "quantityAvailable": 7 },
            { "title": "s", "sku": "SH-SMALL", "quantityAvailable": 7 },
            { "title": "L", "sku": "SH-L", "quantityAvailable": 0 },
        ])
    );
}

#[tokio::test]
async fn two_variants_can_swap_their_values_by_id() {
    let shop = Shop::new().await;
    let first = shop.upsert_one(shirt()).await;
    let mut draft = shirt();
    for (variant, (id, _)) in draft.variants.iter_mut().flatten().zip(first.variants.iter().rev()) {
        variant.id = Some(*id);
    }
    let second = shop.upsert_one(draft).await;
    assert_eq!(second.variants[0].0, first.variants[1].0);
    assert_eq!(second.written, Written::Updated);
}

#[tokio::test]
async fn an_option_is_renamed_by_id_while_variants_named_by_id_keep_their_values() {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use emporia::db::schema::product_options as o;
    let shop = Shop::new().await;
    let first = shop.upsert_one(shirt()).await;
    let options = async |conn: &mut emporia::db::TenantConn<'_>| {
        Ok::<Uuid, Fault>(o::table.filter(o::tenant_id.eq(conn.tenant())).select(o::id).first(conn).await?)
    };
    let option = shop.db.read(options).await.expect("an option");
    let of = |at: usize| VariantDraft { id: Some(first.variants[at].0), ..VariantDraft::default() };
    let draft = ProductDraft {
        key: ProductKey::Id(first.id),
        options: Some(vec![OptionDraft { id: Some(option), name: "Fit".to_owned(), values: Vec::new() }]),
        variants: Some(vec![of(0), of(1)]),
        ..ProductDraft::default()
    };
    let second = shop.upsert_one(draft).await;
    let kept: Vec<(Uuid, bool)> = first.variants.iter().map(|(id, _)| (*id, false)).collect();
    assert_eq!((second.written, second.variants), (Written::Updated, kept));
    assert_eq!(shop.stock("shirt").await[1]["title"], "M");
}

#[tokio::test]
async fn a_product_without_options_has_one_variant() {
    let shop = Shop::new().await;
    let mug = ProductDraft { title: Some("Mug".to_owned()), ..ProductDraft::default() };
    let first = shop.upsert_one(mug.clone()).await;
    let second = shop.upsert_one(mug).await;
    assert_eq!((first.handle.as_str(), second.handle.as_str()), ("mug", "mug-1"));
    assert_eq!(shop.stock("mug").await, json!([{ "title": "Default Title", "sku": null, "quantityAvailable": 0 }]));
}

#[tokio::test]
async fn a_refused_draft_does_not_hold_up_the_others() {
    let shop = Shop::new().await;
    let nameless = ProductDraft { key: ProductKey::Handle("x".to_owned()), ..ProductDraft::default() };
    let outcomes = shop.upsert(vec![nameless, shirt(), shirt()]).await;
    assert!(outcomes[0].is_err() && outcomes[1].is_ok(), "{outcomes:?}");
    assert_eq!(outcomes[2].as_ref().expect_err("written twice")[0].code, CatalogCode::HandleTaken);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_place_where() {
    let shop = Shop::new().await;
    let mut draft = shirt();
    draft.options = Some((0..4).map(|n| OptionDraft { name: format!("O{n}"), ..OptionDraft::default() }).collect());
    assert_eq!(shop.refused(draft).await, [("productOptions".to_owned(), CatalogCode::TooMany)]);

    let mut draft = shirt();
    draft.options = Some(vec![
        OptionDraft { name: "Size".to_owned(), ..OptionDraft::default() },
        OptionDraft { name: "size ".to_owned(), ..OptionDraft::default() },
    ]);
    assert_eq!(shop.refused(draft).await, [("productOptions.1.name".to_owned(), CatalogCode::DuplicateOption)]);

    let mut draft = shirt();
    draft.variants.as_mut().expect("variants")[1].options[0].1 = "s".to_owned();
    assert_eq!(shop.refused(draft).await, [("variants.1".to_owned(), CatalogCode::DuplicateVariant)]);

    let mut draft = shirt();
    let variants = draft.variants.as_mut().expect("variants");
    variants[0].price_minor = Some(-1);
    variants[0].quantities = vec![(shop.location, -1)];
    variants[1].sku = Some("x".repeat(256));
    assert_eq!(
        shop.refused(draft).await,
        [
            ("variants.0.price".to_owned(), CatalogCode::Invalid),
            ("variants.0.inventoryQuantities.0.quantity".to_owned(), CatalogCode::Invalid),
            ("variants.1.sku".to_owned(), CatalogCode::TooLong),
        ]
    );

    let mut draft = shirt();
    draft.variants.as_mut().expect("variants")[0].quantities = vec![(Uuid::from_u128(1), 1)];
    assert_eq!(
        shop.refused(draft).await,
        [("variants.0.inventoryQuantities.0.locationId".to_owned(), CatalogCode::NotFound)]
    );
    assert_eq!(shop.upsert_one(shirt()).await.written, Written::Created, "nothing was left behind");
}

#[tokio::test]
async fn another_tenants_ids_are_not_found() {
    let shop = Shop::new().await;
    let written = shop.upsert_one(shirt()).await;
    let other = shop.app.store("other").await;
    let theirs = Shop { db: shop.app.app.db.tenant(other.tenant), store: other, ..shop };
    let draft = ProductDraft { key: ProductKey::Id(written.id), ..shirt() };
    assert_eq!(theirs.refused(draft).await, [("id".to_owned(), CatalogCode::NotFound)]);
    let mut draft = shirt();
    draft.variants.as_mut().expect("variants")[0].id = Some(written.variants[0].0);
    assert_eq!(theirs.refused(draft).await, [("variants.0.id".to_owned(), CatalogCode::NotFound)]);
    let deleted = service::product_delete(&theirs.db, written.id).await;
    assert!(deleted.is_err());
}

#[tokio::test]
async fn a_draft_says_which_collections_hold_the_product() {
    let shop = Shop::new().await;
    let (now, entropy) = (shop.app.app.clock.now(), shop.app.app.entropy.clone());
    let mut ids = Vec::new();
    for title in ["Summer", "Sale"] {
        let draft = CollectionDraft { title: title.to_owned(), ..CollectionDraft::default() };
        ids.push(
            service::collection_create(&shop.db, now, &entropy, None, draft)
                .await
                .expect("no key")
                .expect("a collection"),
        );
    }
    let draft = ProductDraft { collections: Some(ids.clone()), ..shirt() };
    shop.upsert_one(draft.clone()).await;
    assert_eq!(shop.upsert_one(draft).await.written, Written::Unchanged);
    let draft = ProductDraft { collections: Some(vec![ids[1]]), ..shirt() };
    assert_eq!(shop.upsert_one(draft).await.written, Written::Updated);
    let draft = ProductDraft { collections: Some(vec![Uuid::from_u128(1)]), ..shirt() };
    assert_eq!(shop.refused(draft).await, [("collections.0".to_owned(), CatalogCode::NotFound)]);
}

#[tokio::test]
async fn a_changed_policy_lets_stock_sink_below_zero_and_stay_there() {
    use emporia::catalog::model::InventoryPolicy::{Continue, Deny};
    use emporia::inventory::model::StockChange;
    use emporia::inventory::service::adjust_in_tx;
    let shop = Shop::new().await;
    let written = shop.upsert_one(shirt()).await;
    let sell = async |units: i32| {
        let change = StockChange { variant_id: written.variants[0].0, location_id: shop.location, delta: -units };
        let (now, entropy) = (shop.app.app.clock.now(), shop.app.app.entropy.clone());
        shop.db.write(async |tx| adjust_in_tx(tx, now, &entropy, "test", "sale", None, &[change]).await).await
    };
    let with_policy = |policy| {
        let mut draft = shirt();
        draft.variants.iter_mut().flatten().for_each(|variant| variant.inventory_policy = Some(policy));
        draft
    };
    assert!(sell(1).await.is_err());
    shop.upsert_one(with_policy(Continue)).await;
    sell(1).await.expect("sold below zero");
    shop.upsert_one(with_policy(Deny)).await;
    assert!(sell(1).await.is_err());
    sell(-1).await.expect("restocked");
}

#[tokio::test]
async fn a_product_that_is_deleted_meanwhile_cannot_join_a_collection() {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use emporia::db::schema::products;
    let shop = Shop::new().await;
    let product = shop.upsert_one(shirt()).await.id;
    let (now, entropy) = (shop.app.app.clock.now(), shop.app.app.entropy.clone());
    let draft = CollectionDraft { title: "Summer".to_owned(), ..CollectionDraft::default() };
    let collection =
        service::collection_create(&shop.db, now, &entropy, None, draft).await.expect("no key").expect("a collection");
    let (deleted, is_deleted) = tokio::sync::oneshot::channel();
    let deleting = shop.db.write(async |tx| {
        let product = products::table.filter(products::tenant_id.eq(tx.tenant())).filter(products::id.eq(product));
        diesel::delete(product).execute(tx).await?;
        deleted.send(()).expect("the other is there");
        eventually("someone waits", || waiting(&shop.app)).await;
        Ok::<_, Fault>(())
    });
    let adding = async {
        is_deleted.await.expect("a deleted product");
        service::collection_add_products(&shop.db, now, collection, &[product]).await
    };
    let (gone, refused) = tokio::join!(deleting, adding);
    gone.expect("a deletion");
    let Err(emporia::error::ServiceError::Rule(rule)) = refused else { panic!("{refused:?}") };
    assert_eq!((rule.0[0].field.join("."), rule.0[0].code), ("productIds.0".to_owned(), CatalogCode::NotFound));
}

/// `productSet` locks its product and then its collections. Who adds to a collection must not hold that while it waits
/// for the product.
#[tokio::test]
async fn adding_to_a_collection_waits_for_a_product_without_holding_the_collection() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let make = "mutation { productSet(input: { title: \"Salt\" }) { product { id } }
        collectionCreate(input: { title: \"Spices\" }) { collection { id } } }";
    let made = app.gql(&store.secret, make, json!({})).await;
    let ids = json!({ "c": made["collectionCreate"]["collection"]["id"], "p": [made["productSet"]["product"]["id"]] });
    let changing = Uncommitted::begin(&app.db.name, "SELECT FROM products FOR UPDATE").await;
    let add =
        "mutation($c: ID!, $p: [ID!]!) { collectionAddProducts(id: $c, productIds: $p) { userErrors { message } } }";
    let adding = app.gql(&store.secret, add, ids);
    let meanwhile = async {
        eventually("it waits for the product", || waiting(&app)).await;
        let mut free = Uncommitted::begin(&app.db.name, "SELECT FROM collections FOR UPDATE NOWAIT").await;
        free.commit().await;
        changing.finish_when_waited_for().await;
    };
    let (added, ()) = futures_util::join!(adding, meanwhile);
    assert_eq!(added["collectionAddProducts"]["userErrors"], json!([]));
}
