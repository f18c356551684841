//! Reads from a replica, for which a second database stands in: where its rows differ from the first one's, they show who
//! has answered.

use diesel_async::SimpleAsyncConnection;
use emporia::app::App;
use emporia::cache::MemoryShared;
use emporia::clock::Entropy;
use serde_json::json;

use crate::support::{Store, TestApp, TestDb, admin};

/// A process with a replica: a copy of its database in which the shop has another name.
struct Pair {
    app: TestApp,
    _replica: TestDb,
    store: Store,
    other: Store,
}

impl Pair {
    async fn new(role: &str) -> Self {
        let first = TestApp::new().await;
        let (store, other) = (first.store("acme").await, first.store("other").await);
        // A copy is made of a database that nobody is connected to.
        drop(first.app);
        let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", first.db.name);
        let mut postgres = admin("postgres").await;
        postgres.batch_execute(&sql).await.expect("nobody is left");
        let replica = TestDb::copy_of(&first.db.name).await;
        admin(&replica.name)
            .await
            .batch_execute("UPDATE shops SET name = name || ' (replica)'")
            .await
            .expect("renamed");
        let config = first.db.config(&[("DATABASE_REPLICA_URL", &replica.url(role))]);
        let app = App::assemble(config, MemoryShared::new(), first.clock.clone(), Entropy::seeded(8));
        Self { app: TestApp::of(app, first.db, first.clock), _replica: replica, store, other }
    }

    async fn name(&self, key: &str, query: &str) -> String {
        let data = self.app.gql(key, query, json!({})).await;
        data["shop"]["name"].as_str().expect("a name").to_owned()
    }
}

#[tokio::test]
async fn a_storefronts_catalogue_comes_from_the_replica_and_everything_else_from_the_primary() {
    let pair = Pair::new("emporia_app").await;
    let (shopper, merchant) = (pair.store.publishable.as_str(), pair.store.secret.as_str());
    assert_eq!(pair.name(shopper, "{ shop { name } }").await, "acme (replica)");
    assert_eq!(pair.name(&pair.other.publishable, "{ shop { name } }").await, "other (replica)", "each its own");
    assert_eq!(pair.name(merchant, "{ shop { name } }").await, "acme");
    assert_eq!(pair.name(shopper, "{ shop { name } cart(id: \"gid://emporia/Cart/1?key=1\") { id } }").await, "acme");
    assert_eq!(pair.name(shopper, "{ ... { shop { name } } }").await, "acme");
}

#[tokio::test]
async fn a_replica_whose_role_is_not_bound_is_not_asked() {
    let pair = Pair::new("postgres").await;
    assert_eq!(pair.name(&pair.store.publishable, "{ shop { name } }").await, "acme");
}

#[tokio::test]
async fn while_the_replica_is_away_the_primary_answers() {
    let first = TestApp::with(&[("DATABASE_REPLICA_URL", "postgres://emporia_app@127.0.0.1:1/away")]).await;
    let store = first.store("acme").await;
    let data = first.gql(&store.publishable, "{ shop { name } }", json!({})).await;
    assert_eq!(data["shop"]["name"], "acme");
}
