//! What holds for one member of the staff beside their role: what it lets them do and keeps them from, and who may set it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::access::permission::WRITE_ORDERS;
use emporia::access::{Effect, Grants};
use emporia::app::App;
use emporia::cache::MemoryShared;
use emporia::clock::Entropy;
use emporia::db::schema::locations;
use emporia::error::Fault;
use emporia::identity::service::{NewOverride, overrides_set};
use emporia::tenant::model::Access;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::guard::{OwnRedis, within_a_second};
use crate::isolation::{Furnished, furnish};
use crate::support::{Member, TestApp};

const SET: &str = "mutation ($id: ID!, $overrides: [StaffPermissionOverrideInput!]!) {
    done: staffPermissionOverridesSet(id: $id, overrides: $overrides) {
        staffMember { email overrides { permission { handle } effect objectId } }
        userErrors { field code message } } }";
const ADD: &str = "mutation ($id: ID!, $products: [ID!]!) {
    collectionAddProducts(id: $id, productIds: $products) { userErrors { code } } }";
const ADJUST: &str = "mutation ($changes: [InventoryChangeInput!]!) {
    inventoryAdjustQuantities(input: { reason: \"correction\", changes: $changes }) { userErrors { code field } } }";

pub fn gid(member: &Member) -> String {
    format!("gid://emporia/StaffMember/{}", member.id)
}

/// An exception: `deny("write_orders", None)`.
pub fn deny(permission: &str, object: Option<&str>) -> Value {
    json!({ "permission": permission, "effect": "DENY", "objectId": object })
}

pub fn allow(permission: &str, object: Option<&str>) -> Value {
    json!({ "permission": permission, "effect": "ALLOW", "objectId": object })
}

/// Sets what holds for a member, by the shop's key.
pub async fn set(app: &TestApp, it: &Furnished, member: &Member, overrides: &[Value]) {
    let variables = json!({ "id": gid(member), "overrides": overrides });
    let done = app.gql(&it.store.secret, SET, variables).await["done"].take();
    assert_eq!(done["userErrors"], json!([]), "{done:#}");
}

/// The same by a member; answers the payload.
async fn set_by(app: &TestApp, by: &Member, id: &str, overrides: &[Value]) -> Value {
    app.gql_as(&by.access_token, SET, json!({ "id": id, "overrides": overrides })).await["done"].take()
}

fn refused(done: &Value, code: &str, field: Value) {
    let error = &done["userErrors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!(code), &field), "{done:#}");
    assert_eq!(done["staffMember"], Value::Null);
}

/// Whether the operation is done, and not refused for want of a permission.
async fn may(app: &TestApp, member: &Member, document: &str, variables: Value) -> bool {
    let answer = app.bearer(&member.access_token, document, variables, &[]).await.json();
    match answer["errors"][0]["extensions"]["code"].as_str() {
        None => {
            let done = answer["data"].as_object().and_then(|data| data.values().next()).expect("a field");
            assert_eq!(done["userErrors"], json!([]), "{answer:#}");
            true
        }
        Some("FORBIDDEN") => false,
        Some(_) => panic!("{answer:#}"),
    }
}

async fn adds_to(app: &TestApp, it: &Furnished, member: &Member, collection: &str) -> bool {
    let variables = json!({ "id": it.names.get(collection), "products": [it.names.get("product1")] });
    may(app, member, ADD, variables).await
}

/// A further location of the shop; its global id.
async fn location(app: &TestApp, it: &Furnished) -> String {
    let (id, now) = (Uuid::from_u128(77), crate::support::start());
    let made: Result<usize, Fault> = (app.app.db.tenant(it.store.tenant))
        .write(async |tx| {
            let row = (
                locations::tenant_id.eq(tx.tenant()),
                locations::id.eq(id),
                locations::name.eq("Cellar"),
                locations::country.eq("DE"),
                locations::is_default.eq(false),
                locations::created_at.eq(now),
                locations::updated_at.eq(now),
            );
            Ok(diesel::insert_into(locations::table).values(row).execute(tx).await?)
        })
        .await;
    made.expect("a location");
    format!("gid://emporia/Location/{id}")
}

#[tokio::test]
async fn an_exception_counts_at_once_in_an_open_session_and_deny_wins() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let editor = app.member(&it.store, "ed@shop.example", "editor").await;
    let one = Some(it.names.get("collection1"));
    for (overrides, first, second) in [
        (vec![], true, true),
        (vec![deny("write_collections", one)], false, true),
        (vec![deny("write_collections", None)], false, false),
        (vec![allow("write_collections", None), deny("write_collections", one)], false, true),
        // What is denied in general is not allowed for one.
        (vec![deny("write_collections", None), allow("write_collections", one)], false, false),
        (vec![], true, true),
    ] {
        set(&app, &it, &editor, &overrides).await;
        let seen = (adds_to(&app, &it, &editor, "collection1").await, adds_to(&app, &it, &editor, "collection2").await);
        assert_eq!(seen, (first, second), "{overrides:?}");
    }
}

#[tokio::test]
async fn who_may_with_one_collection_alone_makes_none_and_touches_no_other() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let viewer = app.member(&it.store, "vic@shop.example", "viewer").await;
    assert!(!adds_to(&app, &it, &viewer, "collection1").await);
    set(&app, &it, &viewer, &[allow("write_collections", Some(it.names.get("collection1")))]).await;
    assert!(adds_to(&app, &it, &viewer, "collection1").await);
    assert!(!adds_to(&app, &it, &viewer, "collection2").await);
    let make = r#"mutation { collectionCreate(input: { title: "New" }) { userErrors { code } } }"#;
    assert!(!may(&app, &viewer, make, json!({})).await);
    // By whatever namespace the id comes.
    let shopify = it.names.get("collection2").replace("emporia", "shopify");
    assert!(!may(&app, &viewer, ADD, json!({ "id": shopify, "products": [] })).await);
    let explain = "query ($one: ID!, $other: ID!) { viewer { permissions { handle }
        one: explain(scope: \"write_collections\", id: $one) { allowed reason }
        other: explain(scope: \"write_collections\", id: $other) { allowed reason }
        all: explain(scope: \"write_collections\") { allowed reason } } }";
    let ids = json!({ "one": it.names.get("collection1"), "other": it.names.get("collection2") });
    let viewer = app.gql_as(&viewer.access_token, explain, ids).await["viewer"].take();
    assert_eq!(viewer["one"], json!({ "allowed": true, "reason": "an exception for this one allows it" }));
    let neither = json!({ "allowed": false, "reason": "neither the role viewer nor an exception allows it" });
    assert_eq!((&viewer["other"], &viewer["all"]), (&neither, &neither));
    assert!(!viewer["permissions"].to_string().contains("write_collections"), "in general they may not");
}

#[tokio::test]
async fn of_several_things_one_that_is_denied_refuses_all() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let cellar = location(&app, &it).await;
    let editor = app.member(&it.store, "ed@shop.example", "editor").await;
    let change =
        |location: &str| json!({ "inventoryItemId": it.names.get("item1"), "locationId": location, "delta": 1 });
    let both = json!({ "changes": [change(it.names.get("location")), change(&cellar)] });
    let only_here = json!({ "changes": [change(it.names.get("location"))] });
    let how_many = async || {
        let document = "query ($id: ID!) { node(id: $id) { ... on ProductVariant { inventoryQuantity } } }";
        let seen = app.gql(&it.store.secret, document, json!({ "id": it.names.get("variant1") })).await;
        seen["node"]["inventoryQuantity"].as_i64().expect("a quantity")
    };
    let before = how_many().await;
    set(&app, &it, &editor, &[deny("write_inventory", Some(&cellar))]).await;
    assert!(!may(&app, &editor, ADJUST, both.clone()).await);
    assert_eq!(how_many().await, before, "nothing was changed anywhere");
    assert!(may(&app, &editor, ADJUST, only_here).await);
    set(&app, &it, &editor, &[]).await;
    assert!(may(&app, &editor, ADJUST, both).await);
    assert_eq!(how_many().await, before + 3);
}

#[tokio::test]
async fn a_product_enters_and_leaves_no_collection_that_its_editor_may_not_change() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let editor = app.member(&it.store, "ed@shop.example", "editor").await;
    let [one, two] = ["collection1", "collection2"].map(|name| it.names.get(name));
    let document = "mutation ($input: ProductSetInput!) { productSet(input: $input) {
        product { collections(first: 5) { nodes { id } } } userErrors { field code } } }";
    let put = async |collections: Option<&[&str]>| {
        let mut input = json!({ "id": it.names.get("product1"), "title": "Mug" });
        if let Some(collections) = collections {
            input["collections"] = json!(collections);
        }
        app.bearer(&editor.access_token, document, json!({ "input": input }), &[]).await.json()
    };
    set(&app, &it, &editor, &[deny("write_collections", Some(one))]).await;
    // It is in the first one, as it was furnished.
    assert_eq!(put(Some(&[one, two])).await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    for leaving in [&[][..], &[two]] {
        let answer = put(Some(leaving)).await;
        let error = &answer["data"]["productSet"]["userErrors"][0];
        assert_eq!(error, &json!({ "field": ["input", "collections"], "code": "NOT_GRANTED" }), "{answer:#}");
    }
    let stays = put(None).await;
    assert_eq!(stays["data"]["productSet"]["product"]["collections"]["nodes"], json!([{ "id": one }]), "{stays:#}");
    set(&app, &it, &editor, &[]).await;
    let moved = put(Some(&[two])).await;
    assert_eq!(moved["data"]["productSet"]["product"]["collections"]["nodes"], json!([{ "id": two }]), "{moved:#}");
}

#[tokio::test]
async fn a_location_that_is_denied_is_not_seen() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let (house, cellar) = (it.names.get("location"), location(&app, &it).await);
    let editor = app.member(&it.store, "ed@shop.example", "editor").await;
    let seen = async || {
        let document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } locations(first: 5) { nodes { id } } }";
        let seen = app.gql_as(&editor.access_token, document, json!({ "ids": [house, cellar] })).await;
        let ids = |list: &Value| {
            list.as_array().expect("a list").iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
        };
        let (by_id, listed): (Vec<String>, Vec<String>) = (ids(&seen["nodes"]), ids(&seen["locations"]["nodes"]));
        assert_eq!(by_id, listed, "by whichever path");
        listed
    };
    assert_eq!(seen().await, [house, &cellar]);
    set(&app, &it, &editor, &[deny("read_locations", Some(house))]).await;
    assert_eq!(seen().await, std::slice::from_ref(&cellar));
    set(&app, &it, &editor, &[deny("read_locations", None)]).await;
    assert_eq!(seen().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_place() {
    let app = TestApp::new().await;
    let (it, other) = (furnish(&app, "alpha").await, furnish(&app, "beta").await);
    let editor = app.member(&it.store, "ed@shop.example", "editor").await;
    let set = async |overrides: &[Value]| {
        let variables = json!({ "id": gid(&editor), "overrides": overrides });
        app.gql(&it.store.secret, SET, variables).await["done"].take()
    };
    let place = |field: &str| json!(["overrides", "1", field]);
    let good = deny("write_orders", None);
    let nobodys = format!("gid://emporia/Collection/{}", Uuid::nil());
    for (bad, code, field) in [
        (deny("write_everything", None), "INVALID", "permission"),
        (deny("write_orders", None), "INVALID", "permission"),
        (allow("write_orders", None), "INVALID", "permission"),
        (deny("write_products", Some(it.names.get("product1"))), "INVALID", "objectId"),
        (deny("read_collections", Some(it.names.get("collection1"))), "INVALID", "objectId"),
        (deny("write_collections", Some(it.names.get("location"))), "NOT_FOUND", "objectId"),
        (deny("write_collections", Some("rubbish")), "NOT_FOUND", "objectId"),
        (deny("write_collections", Some(&nobodys)), "NOT_FOUND", "objectId"),
        (deny("write_collections", Some(other.names.get("collection1"))), "NOT_FOUND", "objectId"),
        (deny("write_inventory", Some(other.names.get("location"))), "NOT_FOUND", "objectId"),
    ] {
        refused(&set(&[good.clone(), bad]).await, code, place(field));
    }
    refused(&set(&vec![good.clone(); 101]).await, "LIMIT_REACHED", json!(["overrides"]));
    let listed = async || {
        let document = "query ($id: ID!) { staffMember(id: $id) { overrides { effect objectId setById createdAt
            permission { handle } } } }";
        let seen = app.gql(&it.store.secret, document, json!({ "id": gid(&editor) })).await;
        seen["staffMember"]["overrides"].clone()
    };
    assert_eq!(listed().await, json!([]), "what is refused leaves nothing");
    set(&[good.clone(), deny("write_inventory", Some(it.names.get("location")))]).await;
    let all = listed().await;
    assert_eq!(all[0]["permission"]["handle"], "write_orders");
    assert_eq!((&all[1]["objectId"], &all[0]["objectId"]), (&json!(it.names.get("location")), &Value::Null));
    assert!(all[0]["setById"].as_str().is_some_and(|id| id.starts_with("gid://emporia/ApiKey/")), "{all:#}");
    assert!(all[0]["createdAt"].is_string());
    for id in ["rubbish", other.names.get("clerk1"), &gid(&editor).replace("StaffMember", "StaffSession")] {
        let done = app.gql(&it.store.secret, SET, json!({ "id": id, "overrides": [] })).await["done"].take();
        refused(&done, "NOT_FOUND", json!(["id"]));
    }
}

#[tokio::test]
async fn nobody_changes_what_holds_for_themselves_or_for_an_owner() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let admin = app.member(&it.store, "ada@shop.example", "admin").await;
    let owner = app.member(&it.store, "olga@shop.example", "owner").await;
    set(&app, &it, &admin, &[deny("delete_orders", None)]).await;
    for overrides in [&[][..], &[allow("delete_orders", None)], &[deny("write_orders", None)]] {
        refused(&set_by(&app, &admin, &gid(&admin), overrides).await, "NOT_ALLOWED", json!(["id"]));
    }
    let one = [deny("write_orders", None)];
    refused(&set_by(&app, &owner, &gid(&owner), &one).await, "NOT_ALLOWED", json!(["id"]));
    let done = app.gql(&it.store.secret, SET, json!({ "id": gid(&owner), "overrides": one })).await["done"].take();
    refused(&done, "NOT_ALLOWED", json!(["id"]));
    // Who has less than an owner does not touch one at all.
    refused(&set_by(&app, &admin, &gid(&owner), &one).await, "NOT_GRANTED", json!(["id"]));
    // Who becomes an owner may everything.
    let promote = "mutation ($id: ID!) { staffUpdate(id: $id, input: { role: \"owner\" }) {
        staffMember { overrides { effect } } userErrors { code } } }";
    let done = app.gql_as(&owner.access_token, promote, json!({ "id": gid(&admin) })).await;
    assert_eq!(done["staffUpdate"], json!({ "staffMember": { "overrides": [] }, "userErrors": [] }));
    let seen = app.gql_as(&admin.access_token, "{ viewer { permissions { handle } } }", json!({})).await;
    assert!(seen["viewer"]["permissions"].to_string().contains("delete_orders"));
}

#[tokio::test]
async fn nobody_allows_or_denies_what_they_may_not_do_themselves() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let [one, two] = ["collection1", "collection2"].map(|name| Some(it.names.get(name)));
    let admin = app.member(&it.store, "ada@shop.example", "admin").await;
    let editor = app.member(&it.store, "ed@shop.example", "editor").await;
    let id = gid(&editor);
    set(&app, &it, &admin, &[deny("delete_orders", None), deny("write_collections", one)]).await;
    let at = json!(["overrides", "0", "permission"]);
    for forbidden in [
        allow("write_billing", None),
        allow("delete_orders", None),
        deny("delete_orders", None),
        // In general would be for the one as well.
        allow("write_collections", None),
        deny("write_collections", None),
        allow("write_collections", one),
        deny("write_collections", one),
    ] {
        refused(&set_by(&app, &admin, &id, std::slice::from_ref(&forbidden)).await, "NOT_GRANTED", at.clone());
    }
    let done = set_by(&app, &admin, &id, &[deny("write_collections", two), deny("write_orders", None)]).await;
    assert_eq!(done["userErrors"], json!([]), "{done:#}");
    // What somebody else has set, they do not take back by leaving it out; what they leave as it is, they may.
    let kept = [deny("write_collections", one), deny("delete_orders", None)];
    set(&app, &it, &editor, &kept).await;
    refused(&set_by(&app, &admin, &id, &kept[..1]).await, "NOT_GRANTED", json!(["overrides"]));
    let more = [kept.as_slice(), &[deny("write_products", None)]].concat();
    assert_eq!(set_by(&app, &admin, &id, &more).await["userErrors"], json!([]));
    // Who may not manage staff sets nothing.
    let answer = app.bearer(&editor.access_token, SET, json!({ "id": gid(&admin), "overrides": [] }), &[]).await;
    assert_eq!(answer.code(), "FORBIDDEN");
}

#[tokio::test]
async fn an_exception_is_no_way_around_by_invitations_roles_or_keys() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let admin = app.member(&it.store, "ada@shop.example", "admin").await;
    set(&app, &it, &admin, &[deny("write_collections", Some(it.names.get("collection1")))]).await;
    for (document, field) in [
        (
            r#"mutation { done: staffInvite(input: { email: "x@shop.example", name: "X", role: "editor" }) {
                userErrors { code field } } }"#,
            json!(["input", "role"]),
        ),
        (
            r#"mutation { done: roleCreate(input: { handle: "x", name: "X", accessScopes: ["write_collections"] }) {
                userErrors { code field } } }"#,
            json!(["input", "accessScopes"]),
        ),
        (
            r#"mutation { done: apiKeyCreate(input: { kind: SECRET, name: "X", accessScopes: ["write_collections"] }) {
                userErrors { code field } } }"#,
            json!(["input", "accessScopes"]),
        ),
    ] {
        let done = app.gql_as(&admin.access_token, document, json!({})).await["done"].take();
        assert_eq!(done["userErrors"][0]["code"], "NOT_GRANTED", "{document}\n{done:#}");
        assert_eq!(done["userErrors"][0]["field"], field, "{document}");
    }
    let harmless = r#"mutation { done: staffInvite(input: { email: "x@shop.example", name: "X", role: "viewer" }) {
        userErrors { code field } } }"#;
    let done = app.gql_as(&admin.access_token, harmless, json!({})).await["done"].take();
    assert_eq!(done["userErrors"], json!([]), "what a viewer may, they may");
}

#[tokio::test]
async fn who_may_more_by_an_exception_is_not_touched_by_who_may_less() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let admin = app.member(&it.store, "ada@shop.example", "admin").await;
    let clerk = app.member(&it.store, "clara@shop.example", "viewer").await;
    set(&app, &it, &clerk, &[allow("write_billing", None)]).await;
    for document in [
        "mutation ($id: ID!) { done: staffUpdate(id: $id, input: { suspended: true }) { userErrors { code field } } }",
        "mutation ($id: ID!) { done: staffRemove(id: $id) { userErrors { code field } } }",
        "mutation ($id: ID!) { done: staffPermissionOverridesSet(id: $id, overrides: []) { userErrors { code field } } }",
    ] {
        let done = app.gql_as(&admin.access_token, document, json!({ "id": gid(&clerk) })).await["done"].take();
        assert_eq!(done["userErrors"], json!([{ "code": "NOT_GRANTED", "field": ["id"] }]), "{document}");
    }
    // Somebody who was let manage staff by an exception gives what they have, and no more.
    set(&app, &it, &clerk, &[allow("write_staff", None)]).await;
    let invite = async |role: &str| {
        let document = format!(
            r#"mutation {{ done: staffInvite(input: {{ email: "{role}@shop.example", name: "X", role: "{role}" }}) {{
                userErrors {{ code }} }} }}"#
        );
        app.gql_as(&clerk.access_token, &document, json!({})).await["done"]["userErrors"].take()
    };
    assert_eq!(invite("editor").await, json!([{ "code": "NOT_GRANTED" }]));
    assert_eq!(invite("viewer").await, json!([]));
    let removed = "mutation ($id: ID!) { done: staffRemove(id: $id) { deletedStaffMemberId userErrors { code } } }";
    let done = app.gql(&it.store.secret, removed, json!({ "id": gid(&clerk) })).await["done"].take();
    assert_eq!(done, json!({ "deletedStaffMemberId": gid(&clerk), "userErrors": [] }), "with the exceptions");
}

#[tokio::test]
async fn members_see_their_own_exceptions_and_whoever_may_see_the_staff_all() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let viewer = app.member(&it.store, "vic@shop.example", "viewer").await;
    set(&app, &it, &viewer, &[deny("read_orders", None)]).await;
    let own = "{ currentStaffMember { overrides { effect setById } } }";
    let seen = app.gql_as(&viewer.access_token, own, json!({})).await;
    assert_eq!(seen["currentStaffMember"]["overrides"][0]["effect"], "DENY");
    // By one who may change members and not see them.
    let admin = app.member(&it.store, "ada@shop.example", "admin").await;
    set(&app, &it, &admin, &[deny("read_staff", None)]).await;
    let document = "mutation ($id: ID!) { staffUpdate(id: $id, input: {}) { staffMember { overrides { effect } } } }";
    let answer = app.gql_as(&admin.access_token, document, json!({ "id": gid(&viewer) })).await;
    assert_eq!(answer["staffUpdate"]["staffMember"], json!({ "overrides": null }));
}

/// By a notice where there is Redis, and without it as well.
#[tokio::test]
async fn an_exception_that_one_process_sets_counts_in_every_other_within_a_second() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let editor = test.member(&store, "ed@shop.example", "editor").await;
    let redis = OwnRedis::start().await;
    let with_redis = (test.beside(&redis.url(), 8).await, test.beside(&redis.url(), 9).await);
    let alone = |seed| {
        let config = (*test.app.config).clone();
        App::assemble(config, MemoryShared::new(), test.clock.clone(), Entropy::seeded(seed))
    };
    let db = test.app.db.tenant(store.tenant);
    let wanted = NewOverride { permission: "write_orders".to_owned(), effect: Effect::Deny, object: None };
    for (one, other) in [with_redis, (alone(10), alone(11))] {
        let may = async |app: &App| {
            let resolved = app.resolver.by_token(&editor.access_token).await.expect("let in");
            resolved.grants.may(WRITE_ORDERS)
        };
        assert!(may(&one).await && may(&other).await);
        for (overrides, allowed) in [(std::slice::from_ref(&wanted), false), (&[][..], true)] {
            let by = (Access::System, &Grants::Everything);
            overrides_set(&one, &db, by, editor.id, overrides).await.expect("set");
            assert_eq!(may(&one).await, allowed, "where it was set, at once");
            within_a_second("the exception", || async { may(&other).await == allowed }).await;
        }
    }
}
