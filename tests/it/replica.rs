//! Reads from a replica: a hot standby that follows a primary of the test's own. What is written while the standby's
//! replay is paused shows who has answered.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use emporia::app::App;
use emporia::cache::MemoryShared;
use emporia::clock::{Entropy, ManualClock};
use emporia::config::{Config, Env};
use emporia::country::Country;
use emporia::db::bootstrap::{self, Bootstrap};
use emporia::http::router::router;
use emporia::money::Currency;
use emporia::provision::{NewStore, store_create};
use emporia::shipping::model::NewProfile;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Cluster, Stop, Store, TestApp, eventually, migrated, start};
use crate::tenancy::count;

struct Pair {
    primary: Cluster,
    standby: Cluster,
    /// A process that has both.
    api: Router,
    store: Store,
    other: Store,
}

impl Pair {
    async fn new() -> Self {
        let primary = Cluster::start(false).await;
        let wanted = Bootstrap { database: "emporia", passwords: [None; 4] };
        bootstrap::run(&primary.admin_url("postgres"), &wanted).await.expect("roles and a database");
        migrated(primary.url("emporia_owner"));
        let standby = primary.standby().await;
        let app = process(&primary, &standby.url("emporia_app"));
        let (store, other) = (store(&app, "acme").await, store(&app, "other").await);
        Self { primary, standby, api: router(app), store, other }
    }

    /// The standby stands still: what is written from here on is the primary's alone.
    async fn pause(&self) {
        let mut standby = self.standby.admin().await;
        standby.batch_execute("SELECT pg_wal_replay_pause()").await.expect("a standby");
        eventually("the standby pauses", || async {
            let paused = "SELECT count(*) AS n FROM pg_get_wal_replay_pause_state() state WHERE state = 'paused'";
            (count(&mut self.standby.admin().await, paused).await == 1).then_some(())
        })
        .await;
    }

    /// The merchant writes a page.
    async fn write(&self, handle: &str) {
        let create = "mutation($page: PageCreateInput!) { pageCreate(page: $page) { userErrors { message } } }";
        let page = json!({ "title": handle, "handle": handle, "isPublished": true });
        let done = ask(&self.api, &self.store.secret, create, json!({ "page": page })).await;
        assert_eq!(done["pageCreate"]["userErrors"], json!([]));
    }

    /// Whether a shopper sees this page.
    async fn is_seen(&self, handle: &str) -> bool {
        sees(&self.api, &self.store.publishable, handle).await
    }
}

async fn sees(api: &Router, key: &str, handle: &str) -> bool {
    let data =
        ask(api, key, "query($handle: String) { page(handle: $handle) { handle } }", json!({ "handle": handle }));
    data.await["page"]["handle"] == handle
}

fn process(primary: &Cluster, replica: &str) -> App {
    let (app, platform) = (primary.url("emporia_app"), primary.url("emporia_platform"));
    let settings = [
        ("DATABASE_URL", app.as_str()),
        ("DATABASE_PLATFORM_URL", &platform),
        ("DATABASE_REPLICA_URL", replica),
        ("DATABASE_POOL_SIZE", "2"),
    ];
    let config = Config::read(&Env::from_pairs(settings)).expect("settings");
    App::assemble(config, MemoryShared::new(), ManualClock::new(start()), Entropy::seeded(7))
}

async fn store(app: &App, handle: &str) -> Store {
    let new = NewStore {
        external_id: None,
        handle: handle.to_owned(),
        name: handle.to_owned(),
        description: String::new(),
        currency: Currency::EUR,
        country: Country::DE,
        delivery: Some(NewProfile::flat("Germany", &[Country::DE], false, "Post", 490)),
        plan: Some("pro".to_owned()),
        owner: None,
    };
    let made = store_create(app, &new).await.unwrap_or_else(|error| panic!("a store: {error:?}"));
    let (tenant, keys) = (made.tenant, made.keys.expect("keys"));
    Store { tenant, publishable: keys.publishable.reveal().to_owned(), secret: keys.secret.reveal().to_owned() }
}

/// One operation's data; there must be no error.
async fn ask(api: &Router, key: &str, query: &str, variables: Value) -> Value {
    let request = Request::post("/graphql").header("content-type", "application/json").header("x-api-key", key);
    let body = json!({ "query": query, "variables": variables }).to_string();
    let answer = api.clone().oneshot(request.body(Body::from(body)).expect("a request")).await.expect("an answer");
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    let mut answer: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert!(answer.get("errors").is_none(), "{answer:#}");
    answer["data"].take()
}

#[tokio::test]
async fn a_storefronts_catalogue_comes_from_the_standby_and_everything_else_from_the_primary() {
    let pair = Pair::new().await;
    let (shopper, merchant) = (pair.store.publishable.as_str(), pair.store.secret.as_str());
    pair.write("early").await;
    eventually("it arrives at the standby", || async { pair.is_seen("early").await.then_some(()) }).await;

    pair.pause().await;
    pair.write("late").await;
    assert!(!pair.is_seen("late").await, "the standby does not have it");
    assert!(pair.is_seen("early").await);
    assert!(sees(&pair.api, merchant, "late").await);
    for beside in ["cart(id: \"gid://emporia/Cart/1?key=1\") { id }", "... { shop { name } }"] {
        let query = format!("{{ page(handle: \"late\") {{ handle }} {beside} }}");
        assert_eq!(ask(&pair.api, shopper, &query, json!({})).await["page"]["handle"], "late", "{beside}");
    }
    // As a superuser nobody is bound: the primary answers.
    let unbound = router(process(&pair.primary, &pair.standby.url("postgres")));
    assert!(sees(&unbound, shopper, "late").await);

    pair.standby.admin().await.batch_execute("SELECT pg_wal_replay_resume()").await.expect("a standby");
    eventually("it follows again", || async { pair.is_seen("late").await.then_some(()) }).await;
}

#[tokio::test]
async fn on_the_standby_each_tenant_sees_its_own_rows_and_nobody_writes() {
    let pair = Pair::new().await;
    pair.write("early").await;
    eventually("it arrives at the standby", || async { pair.is_seen("early").await.then_some(()) }).await;
    pair.pause().await;
    assert!(!sees(&pair.api, &pair.other.publishable, "early").await);
    let name = ask(&pair.api, &pair.other.publishable, "{ shop { name } }", json!({})).await;
    assert_eq!(name, json!({ "shop": { "name": "other" } }));

    let app = pair.standby.url("emporia_app");
    let mut app = AsyncPgConnection::establish(&app).await.expect("the application's role");
    let shops = "SELECT count(*) AS n FROM shops";
    assert_eq!(count(&mut pair.standby.admin().await, shops).await, 2);
    assert_eq!(count(&mut app, shops).await, 0, "without a tenant");
    let tenant = format!("SET app.tenant_id = '{}'", pair.store.tenant);
    app.batch_execute(&tenant).await.expect("a tenant");
    assert_eq!(count(&mut app, shops).await, 1);
    let written = diesel::sql_query("UPDATE shops SET name = 'no'").execute(&mut app).await;
    assert!(written.expect_err("no write").to_string().contains("read-only"), "it only follows");
}

#[tokio::test]
async fn a_standby_that_is_stopped_or_promoted_is_asked_no_more() {
    let mut pair = Pair::new().await;
    pair.write("early").await;
    eventually("it arrives at the standby", || async { pair.is_seen("early").await.then_some(()) }).await;
    pair.pause().await;
    pair.write("late").await;
    assert!(!pair.is_seen("late").await);

    pair.standby.stop(Stop::Immediate).await;
    assert!(pair.is_seen("late").await, "the primary answers");
    pair.standby.start_again().await;
    pair.write("later").await;
    eventually("it has followed", || async {
        let there = "SELECT count(*) AS n FROM pages WHERE handle = 'later'";
        (count(&mut pair.standby.admin().await, there).await == 1).then_some(())
    })
    .await;
    pair.pause().await;
    pair.write("last").await;
    eventually("the standby is asked again", || async { (!pair.is_seen("last").await).then_some(()) }).await;

    let promote = "SELECT pg_wal_replay_resume(); SELECT pg_promote()";
    pair.standby.admin().await.batch_execute(promote).await.expect("a promotion");
    pair.write("after").await;
    // From now on what is written on the primary does not arrive there.
    eventually("the primary is asked", || async { pair.is_seen("after").await.then_some(()) }).await;
    for _ in 0..5 {
        assert!(pair.is_seen("after").await, "and it alone");
    }
}

#[tokio::test]
async fn while_the_replica_is_away_the_primary_answers() {
    let first = TestApp::with(&[("DATABASE_REPLICA_URL", "postgres://emporia_app@127.0.0.1:1/away")]).await;
    let store = first.store("acme").await;
    let data = first.gql(&store.publishable, "{ shop { name } }", json!({})).await;
    assert_eq!(data["shop"]["name"], "acme");
}
