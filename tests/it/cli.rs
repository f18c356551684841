//! The binary as operators run it.

use std::process::{Command, Output};

use emporia::cart::key::CartKey;
use serde_json::{Value, json};

use crate::support::{TestApp, TestDb, redis_url};

/// The binary with these variables and no others.
pub fn emporia(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
    command.args(args).env_clear().envs(env.iter().copied());
    command.output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Runs a command that must be refused; answers what it says.
fn refused(args: &[&str], env: &[(&str, &str)]) -> String {
    let output = emporia(args, env);
    assert!(!output.status.success(), "{args:?} was not refused: {}", text(&output.stdout));
    text(&output.stderr)
}

/// Runs a command that must succeed; answers its stdout.
fn done(args: &[&str], env: &[(&str, &str)]) -> String {
    let output = emporia(args, env);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_schema_is_printed_without_any_setting() {
    assert_eq!(done(&["schema"], &[]), emporia::graphql::schema::sdl());
}

#[test]
fn wrong_settings_are_reported_all_at_once() {
    let wrong = [("LISTEN", "here"), ("DATABASE_POOL_SIZE", "0")];
    for env in [&wrong[..], &[&wrong[..], &[("REDIS_URL", "bad")]].concat()] {
        let said = refused(&["serve"], env);
        for name in ["DATABASE_URL", "DATABASE_PLATFORM_URL", "LISTEN", "DATABASE_POOL_SIZE", "REDIS_URL"] {
            assert!(said.contains(&format!("\n  {name} ")), "{name} is not in: {said}");
        }
    }
}

#[test]
fn config_check_prints_every_setting_and_every_mistake() {
    let wrong = [("DATABASE_URL", "postgres://a:s3cret@b/x"), ("WS_MAX_SOCKETS", "none")];
    let output = emporia(&["config", "check"], &wrong);
    assert_eq!(output.status.code(), Some(1));
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert!(shown.contains("  DATABASE_URL=postgres://a:***@b/x\n"), "{shown}");
    assert!(shown.contains("  WEBHOOK_TIMEOUT_MS=15000  (the default)\n"), "{shown}");
    for mistake in ["DATABASE_PLATFORM_URL is missing", "REDIS_URL is missing", "WS_MAX_SOCKETS is \"none\""] {
        assert!(said.contains(mistake), "{said}");
    }
    assert!(!shown.contains("s3cret") && !said.contains("s3cret"));
    let right = [("DATABASE_URL", "postgres://a/x"), ("DATABASE_PLATFORM_URL", "postgres://b/x")];
    let shown = done(&["config", "check", "--single-process", "--json"], &right);
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["mistakes"], json!([]));
    assert_eq!(done(&["config", "example"], &[]), include_str!("../../docker/.env.example"));
}

#[tokio::test]
async fn servers_that_do_not_answer_are_named() {
    // Bound and not listening: whoever connects is refused.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let address = socket.local_addr().expect("its address");
    let (nobody, redis) = (format!("postgres://emporia_app:s3cret@{address}/x"), format!("redis://{address}"));
    let env = [("DATABASE_URL", nobody.as_str()), ("DATABASE_PLATFORM_URL", &nobody), ("DATABASE_OWNER_URL", &nobody)];
    for (args, variable) in [
        (&["serve", "--single-process"][..], "DATABASE_URL"),
        (&["migrate"], "DATABASE_OWNER_URL"),
        (&["tenant", "list"], "DATABASE_PLATFORM_URL"),
    ] {
        let said = refused(args, &env);
        assert!(said.contains(&format!("connecting with {variable} (emporia_app at {address}): ")), "{said}");
        assert!(said.contains("refused") && !said.contains("s3cret"), "{said}");
    }
    let test = TestApp::new().await;
    let (app, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("REDIS_URL", &redis)];
    let said = refused(&["serve"], &env);
    assert!(said.contains("connecting to Redis with REDIS_URL: ") && said.contains("refused"), "{said}");
}

#[tokio::test]
async fn a_bootstrap_says_what_it_did_not_do_and_what_another_may_run() {
    let db = TestDb::empty().await;
    let owner = db.url("emporia_owner");
    let env = [("DATABASE_OWNER_URL", owner.as_str())];
    let bootstrap = |admin: &str| emporia(&["migrate", "--bootstrap", admin], &env);
    let said = text(&bootstrap(&db.url("postgres")).stderr);
    assert!(said.contains("note: emporia_app was there already and is unchanged"), "{said}");
    assert!(!said.contains("BYPASSRLS"), "{said}");
    // Who is not let in at all is helped by no SQL; who lacks a right is.
    let said = text(&bootstrap(&db.url("nobody_of_this_name")).stderr);
    assert!(
        said.contains("connecting as the admin (nobody_of_this_name at ") && !said.contains("CREATE ROLE"),
        "{said}"
    );
}

#[test]
fn without_a_database_operators_are_told_of_dev() {
    let dir = std::env::temp_dir().join(format!("emporia-stale-{}", uuid::Uuid::now_v7().simple()));
    std::fs::create_dir(&dir).expect("a directory");
    let env = [("EMPORIA_DATA_DIR", dir.to_str().expect("a path"))];
    let before = refused(&["tenant", "list"], &env);
    // A killed one's: no process has the highest number.
    let stale = json!({ "database_url": "postgres://a/x", "database_owner_url": "postgres://b/x", "pid": u32::MAX });
    std::fs::write(dir.join("ready.json"), stale.to_string()).expect("a file");
    let after = refused(&["tenant", "list"], &env);
    std::fs::remove_dir_all(&dir).expect("the directory goes");
    for said in [before, after] {
        assert!(said.contains("no `emporia dev` runs on") && said.contains("DATABASE_URL is missing"), "{said}");
    }
}

#[tokio::test]
async fn roles_that_row_level_security_does_not_bind_are_refused() {
    let db = TestDb::create().await;
    let platform = db.url("emporia_platform");
    for (role, reason) in [("postgres", "the superuser postgres"), ("emporia_owner", "owns the tables")] {
        let url = db.url(role);
        let env = [("DATABASE_URL", url.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
        let said = refused(&["serve", "--single-process"], &env);
        assert!(said.contains("DATABASE_URL connects as") && said.contains(reason), "{said}");
    }
    // An operator may be the owner where tenants and keys are concerned, and never where their rows are.
    let (superuser, owner) = (db.url("postgres"), db.url("emporia_owner"));
    for command in
        [&["payment", "list", "acme"][..], &["tenant", "list"], &["import", "products", "x", "--tenant", "a"]]
    {
        let env = [("DATABASE_URL", superuser.as_str()), ("DATABASE_PLATFORM_URL", &owner)];
        let said = refused(command, &env);
        assert!(said.contains("DATABASE_URL connects as the superuser postgres"), "{command:?}: {said}");
    }
    done(&["tenant", "list"], &[("DATABASE_URL", &db.url("emporia_app")), ("DATABASE_PLATFORM_URL", &owner)]);
    let backup = db.url("emporia_backup");
    let env = [("DATABASE_URL", backup.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
    assert!(refused(&["worker", "--single-process"], &env).contains("BYPASSRLS"));
}

#[tokio::test]
async fn urls_of_different_databases_are_refused() {
    let (db, other) = (TestDb::create().await, TestDb::create().await);
    let [app, platform] = ["emporia_app", "emporia_platform"].map(|role| db.url(role));
    let [elsewhere, others] = ["emporia_platform", "emporia_app"].map(|role| other.url(role));
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &elsewhere)];
    for command in [&["serve", "--single-process"][..], &["worker", "--single-process"], &["tenant", "list"]] {
        let said = refused(command, &env);
        assert!(said.contains("DATABASE_URL and DATABASE_PLATFORM_URL name different databases"), "{said}");
    }
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("DATABASE_REPLICA_URL", &others)];
    let said = refused(&["serve", "--single-process"], &env);
    assert!(said.contains("DATABASE_REPLICA_URL names another database than DATABASE_URL"), "{said}");
}

#[tokio::test]
async fn a_database_behind_the_binary_is_refused_until_it_is_migrated() {
    let db = TestDb::empty().await;
    let [owner, app, platform] = ["emporia_owner", "emporia_app", "emporia_platform"].map(|role| db.url(role));
    let env = [("DATABASE_OWNER_URL", owner.as_str()), ("DATABASE_URL", &app), ("DATABASE_PLATFORM_URL", &platform)];
    assert!(refused(&["serve", "--single-process"], &env).contains("run `emporia migrate` first"));
    done(&["migrate"], &env);
    assert_eq!(done(&["tenant", "list", "--json"], &env).trim(), "[]");
    assert!(text(&emporia(&["migrate"], &env).stderr).contains("up to date"));
}

#[tokio::test]
async fn a_created_tenant_has_keys_that_work_until_it_is_suspended() {
    let test = TestApp::new().await;
    let (app, platform, redis) = (test.db.url("emporia_app"), test.db.url("emporia_platform"), redis_url());
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("REDIS_URL", &redis)];
    let create = [
        "tenant",
        "create",
        "Salt & Pepper",
        "--currency",
        "JPY",
        "--country",
        "jp",
        "--shipping-rate",
        "500",
        "--json",
    ];
    let store: Value = serde_json::from_str(&done(&create, &env)).expect("one JSON object");
    assert_eq!((&store["handle"], &store["currency"]), (&json!("salt-pepper"), &json!("JPY")));
    for kind in ["publishable_key", "secret_key"] {
        let key = store[kind].as_str().expect("a key");
        assert_eq!(test.gql(key, "{ __typename }", json!({})).await["__typename"], "QueryRoot");
    }
    assert!(refused(&create, &env).contains("say --handle"));

    let listed: Value = serde_json::from_str(&done(&["tenant", "list", "--json"], &env)).expect("JSON");
    assert_eq!(listed[0]["status"], "ACTIVE");
    let suspended: Value =
        serde_json::from_str(&done(&["tenant", "suspend", "salt-pepper", "--json"], &env)).expect("one JSON object");
    assert_eq!(suspended, json!({ "tenant_id": store["tenant_id"], "status": "SUSPENDED" }));
    let listed: Value = serde_json::from_str(&done(&["tenant", "list", "--json"], &env)).expect("JSON");
    assert_eq!(listed[0]["status"], "SUSPENDED");
    done(&["tenant", "resume", store["tenant_id"].as_str().expect("an id")], &env);
    assert!(refused(&["tenant", "suspend", "nobody"], &env).contains("no such tenant"));
}

#[tokio::test]
async fn a_created_tenant_sells_at_once() {
    let test = TestApp::new().await;
    let (app, platform, redis) = (test.db.url("emporia_app"), test.db.url("emporia_platform"), redis_url());
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("REDIS_URL", &redis)];
    let create = "tenant create Salt --currency EUR --country DE --shipping-rate 4.90 --json";
    let create: Vec<&str> = create.split(' ').collect();
    let store: Value = serde_json::from_str(&done(&create, &env)).expect("one JSON object");
    let [front, back] = ["publishable_key", "secret_key"].map(|kind| store[kind].as_str().expect("a key"));
    let set = r#"mutation { productSet(synchronous: true, input: { title: "Mug", status: ACTIVE, variants: [
        { price: "19.90", optionValues: [], inventoryItem: { tracked: false } }] }) {
        product { variants(first: 1) { nodes { id } } } userErrors { field message } } }"#;
    let set = test.gql(back, set, json!({})).await;
    let variant =
        set["productSet"]["product"]["variants"]["nodes"][0]["id"].as_str().unwrap_or_else(|| panic!("{set}"));
    let cart = r#"mutation($variant: ID!) { cartCreate(input: { lines: [{ merchandiseId: $variant, quantity: 2 }],
        buyerIdentity: { email: "ada@example.com" } }) { cart { id } userErrors { message } } }"#;
    let cart = test.gql(front, cart, json!({ "variant": variant })).await["cartCreate"]["cart"]["id"].take();
    let address = r#"mutation($id: ID!) { cartDeliveryAddressesAdd(cartId: $id, addresses: [{ selected: true, address: {
        deliveryAddress: { lastName: "Ada", address1: "Hauptstr. 1", zip: "10115", city: "Berlin", countryCode: DE } } }]) {
        cart { deliveryGroups(first: 1) { nodes { id deliveryOptions { handle estimatedCost { amount } } } } }
        userErrors { message } } }"#;
    let address = test.gql(front, address, json!({ "id": cart })).await;
    let group = &address["cartDeliveryAddressesAdd"]["cart"]["deliveryGroups"]["nodes"][0];
    let option = &group["deliveryOptions"][0];
    assert_eq!(option["estimatedCost"]["amount"], "4.90", "{address}");
    let choose = "mutation($id: ID!, $options: [CartSelectedDeliveryOptionInput!]!) {
        cartSelectedDeliveryOptionsUpdate(cartId: $id, selectedDeliveryOptions: $options) { userErrors { message } } }";
    let options = json!([{ "deliveryGroupId": group["id"], "deliveryOptionHandle": option["handle"] }]);
    test.gql(front, choose, json!({ "id": cart, "options": options })).await;
    let pay = r#"mutation($id: ID!) { checkoutComplete(cartId: $id, payment: { gateway: "manual" })
        @idempotent(key: "a") { order { name totalPriceSet { shopMoney { amount currencyCode } } } userErrors { message } } }"#;
    let paid = test.gql(front, pay, json!({ "id": cart })).await;
    let total = json!({ "shopMoney": { "amount": "44.70", "currencyCode": "EUR" } });
    assert_eq!(paid["checkoutComplete"]["order"], json!({ "name": "#1001", "totalPriceSet": total }), "{paid}");
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let test = TestApp::new().await;
    test.store("acme").await;
    let (app, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
    let made = done(&["key", "create", "acme", "--kind", "secret", "--name", "ERP", "--json"], &env);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    assert!(test.app.resolver.by_key(key).await.is_ok());
    let revoked: Value = serde_json::from_str(&done(&["key", "revoke", id, "--json"], &env)).expect("one JSON object");
    assert_eq!(revoked, json!({ "id": id, "revoked": true }));
    let listed = done(&["key", "list", "acme"], &env);
    assert!(!listed.contains(key), "a key is never listed in clear");
    let line = listed.lines().find(|line| line.contains(id)).expect("the key is listed");
    assert!(line.contains("revoked") && line.contains("ERP"), "{line}");
}

#[tokio::test]
async fn operators_tokens_are_made_listed_and_revoked() {
    let test = TestApp::new().await;
    let (app, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
    let create = ["operator-token", "create", "--name", "console", "--expires-in"];
    let made = done(&[&create[..], &["30", "--json"]].concat(), &env);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let (id, token) = (made["id"].as_str().expect("an id"), made["token"].as_str().expect("a token"));
    assert!(test.app.resolver.by_operator(token, None).await.is_ok());
    let revoked = done(&["operator-token", "revoke", id, "--json"], &env);
    assert_eq!(serde_json::from_str::<Value>(&revoked).expect("JSON"), json!({ "id": id, "revoked": true }));
    let listed = done(&["operator-token", "list"], &env);
    assert!(listed.contains(id) && listed.contains("revoked") && listed.contains("console"), "{listed}");
    assert!(!listed.contains(token), "a token is never listed in clear");
    for days in ["0", "367", "never"] {
        assert!(refused(&[&create[..], &[days]].concat(), &env).contains("--expires-in"), "{days}");
    }
    let nameless = ["operator-token", "create", "--name", " ", "--expires-in", "1"];
    assert!(refused(&nameless, &env).contains("a name has 1 to 255 characters"));
    assert!(refused(&["operator-token", "revoke", &uuid::Uuid::nil().to_string()], &env).contains("there is no"));
}

#[tokio::test]
async fn names_that_no_list_could_show_are_refused_in_words() {
    let test = TestApp::new().await;
    test.store("acme").await;
    let (app, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
    let long = "x".repeat(256);
    for name in ["", " ", "a\nb", &long] {
        let tenant = ["--currency", "EUR", "--country", "DE", "--shipping-rate", "0", "--handle", "shop"];
        let key = ["key", "create", "acme", "--kind", "secret", "--name", name];
        for args in [&[&["tenant", "create", name][..], &tenant].concat()[..], &key] {
            let said = refused(args, &env);
            assert!(said.contains("a name has 1 to 255 characters"), "{args:?}: {said}");
        }
    }
    done(&["key", "create", "acme", "--kind", "secret", "--name", &long[1..]], &env);
}

#[tokio::test]
async fn a_store_is_made_with_its_first_owner_and_once_for_its_external_id() {
    let test = TestApp::new().await;
    let (url, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    // One connection of each role is enough.
    let env = [("DATABASE_URL", url.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("DATABASE_POOL_SIZE", "1")];
    let create = "tenant create Acme --currency EUR --country DE --shipping-rate 4.90 --external-id crm-7 \
                  --owner-email Ada@Shop.example --owner-name Ada --json";
    let create: Vec<&str> = create.split_whitespace().collect();
    let made: Value = serde_json::from_str(&done(&create, &env)).expect("JSON");
    assert_eq!((&made["created"], &made["external_id"]), (&json!(true), &json!("crm-7")));
    assert_eq!(made["owner"]["email"], "ada@shop.example");
    let reset = "mutation ($token: String!) { staffPasswordReset(token: $token, password: \"correct horse battery\") {
        staffMember { name role } userErrors { message } } }";
    let key = made["publishable_key"].as_str().expect("a key");
    let chosen = test.gql(key, reset, json!({ "token": made["owner"]["password_token"] })).await;
    assert_eq!(chosen["staffPasswordReset"]["staffMember"], json!({ "name": "Ada", "role": "owner" }), "{chosen}");
    let again: Value = serde_json::from_str(&done(&create, &env)).expect("JSON");
    assert_eq!((&again["tenant_id"], &again["created"]), (&made["tenant_id"], &json!(false)));
    assert_eq!((&again["secret_key"], &again["owner"]), (&Value::Null, &Value::Null));
    let alone = ["tenant", "create", "B", "--currency", "EUR", "--country", "DE", "--shipping-rate", "0"];
    assert!(refused(&[&alone[..], &["--owner-email", "a@b.example"]].concat(), &env).contains("--owner-name"));
    assert!(refused(&[&alone[..], &["--owner-email", "a", "--owner-name", "A"]].concat(), &env).contains("email"));
    let listed: Value = serde_json::from_str(&done(&["tenant", "list", "--json"], &env)).expect("JSON");
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "of a refused creation nothing stays: {listed}");
}

#[tokio::test]
async fn a_deleted_tenant_stays_deleted() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let (url, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let env = [("DATABASE_URL", url.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
    let said: Value = serde_json::from_str(&done(&["tenant", "delete", "acme", "--json"], &env)).expect("JSON");
    assert_eq!(said, json!({ "tenant_id": store.tenant, "status": "DELETED" }));
    done(&["tenant", "delete", "acme"], &env);
    assert!(refused(&["tenant", "resume", "acme"], &env).contains("deleted"));
    let create = "tenant create Acme --currency EUR --country DE --shipping-rate 0".split(' ').collect::<Vec<_>>();
    assert!(refused(&create, &env).contains("taken"), "its handle stays taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_creations_at_once_one_is_refused_and_the_others_keys_work() {
    let test = TestApp::new().await;
    let (url, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let create = || {
        let env = [("DATABASE_URL", url.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
        let create =
            ["tenant", "create", "Twin", "--currency", "EUR", "--country", "DE", "--shipping-rate", "4.90", "--json"];
        emporia(&create, &env)
    };
    let outputs = std::thread::scope(|scope| [scope.spawn(create), scope.spawn(create)].map(|at| at.join().unwrap()));
    let made: Vec<&Output> = outputs.iter().filter(|output| output.status.success()).collect();
    assert_eq!(made.len(), 1);
    let store: Value = serde_json::from_slice(&made[0].stdout).expect("JSON");
    assert!(test.app.resolver.by_key(store["secret_key"].as_str().expect("a key")).await.is_ok());
}

#[tokio::test]
async fn a_tenants_origins_are_said_at_its_creation_and_later() {
    let test = TestApp::new().await;
    let (app, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
    let create = "tenant create Acme --currency EUR --country DE --shipping-rate 0 --allow-origin https://A.example/";
    done(&create.split(' ').collect::<Vec<_>>(), &env);
    let origins = || {
        let listed: Value = serde_json::from_str(&done(&["tenant", "list", "--json"], &env)).expect("JSON");
        listed[0]["allowed_origins"].clone()
    };
    assert_eq!(origins(), json!(["https://a.example"]));
    let update = ["tenant", "update", "acme", "--allow-origin", "https://b.example", "--allow-origin"];
    done(&[&update[..], &["http://localhost:3000"]].concat(), &env);
    assert_eq!(origins(), json!(["https://b.example", "http://localhost:3000"]));
    assert!(refused(&[&update[..], &["b.example"]].concat(), &env).contains("expected a web origin"));
    assert!(refused(&["tenant", "update", "acme"], &env).contains("--allow-origin"));
    done(&["tenant", "update", "acme", "--allow-any-origin"], &env);
    assert_eq!(origins(), json!([]));
}

#[tokio::test]
async fn a_tenants_carts_are_checked_out_where_the_operator_says() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let (app, platform) = (test.db.url("emporia_app"), test.db.url("emporia_platform"));
    let env = [("DATABASE_URL", app.as_str()), ("DATABASE_PLATFORM_URL", &platform)];
    let origins = ["tenant", "update", "acme", "--allow-origin", "https://acme.example"];
    done(&origins, &env);
    let made = test.gql(&store.publishable, "mutation { cartCreate { cart { id checkoutUrl } } }", json!({})).await;
    let cart = &made["cartCreate"]["cart"];
    let key = CartKey::parse(cart["id"].as_str().expect("an id")).expect("a key");
    let read = async || {
        let query = "query($id: ID!) { cart(id: $id) { checkoutUrl } }";
        test.gql(&store.publishable, query, json!({ "id": cart["id"] })).await["cart"]["checkoutUrl"].take()
    };
    let update = |template: &'static str| ["tenant", "update", "acme", "--checkout-url", template];
    done(&update("https://pay.example/{cart_id}/go?k={key}"), &env);
    assert_eq!(read().await, format!("https://pay.example/{}/go?k={}", key.id, key.reveal()));
    let said = refused(&update("https://pay.example/{cart_id}"), &env);
    assert!(said.contains("expected a URL like https://shop.example/pay/{cart_id}?key={key}"), "{said}");
    done(&update(""), &env);
    assert_eq!(read().await, cart["checkoutUrl"], "the built-in page");
    let listed: Value = serde_json::from_str(&done(&["tenant", "list", "--json"], &env)).expect("JSON");
    assert_eq!(listed[0]["allowed_origins"], json!(["https://acme.example"]), "as they were");
}
