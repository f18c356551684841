//! How much of the API a shop and its clients use: what is refused, what is told, in one process and in several.

use std::time::Instant;

use axum::http::StatusCode;
use chrono::TimeDelta;
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::key_create;
use emporia::app::App;
use emporia::cache::{Bucket, Poured, Rate, RedisShared, Shared};
use emporia::clock::Entropy;
use emporia::error::Fault;
use emporia::tenant::service::tenant_set_api_rate;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::guard::OwnRedis;
use crate::support::{Answer, Goods, Store, TestApp, TestServer, redis_url};

/// Costs an estimated 2 points: one object, four values.
const SHOP: &str = "{ shop { a: name b: name c: name d: name } }";
/// Costs an estimated 62 points, and hardly anything where there is nothing.
const PRODUCTS: &str = "{ products(first: 49) { nodes { id } } }";

/// Costs 12: ten for being a mutation, two objects, and an id.
const CART: &str = "mutation { cartCreate { cart { id note } } }";

/// Costs 20 points, which is all that a client has of a shop's two a second.
fn whole() -> String {
    let shops: String = (0..16).map(|n| format!("s{n}: shop {{ name }} ")).collect();
    format!("{{ {shops} }}")
}

impl TestApp {
    /// A shop with so many points a second, of which a client has half.
    async fn store_of(&self, handle: &str, points: u32) -> Store {
        let store = self.store(handle).await;
        self.set_points(&store, Some(points)).await;
        store
    }

    async fn set_points(&self, store: &Store, points: Option<u32>) {
        let (app, rate) = (&self.app, points.and_then(Rate::per_second));
        let set = tenant_set_api_rate(&app.db, &*app.clock, &app.resolver, store.tenant, rate).await;
        assert!(set.expect("set"), "there is such a shop");
    }
}

fn status(answer: &Value) -> (u64, u64, u64) {
    let status = &answer["extensions"]["cost"]["throttleStatus"];
    let number = |name: &str| status[name].as_u64().unwrap_or_else(|| panic!("no {name}: {answer:#}"));
    (number("maximumAvailable"), number("currentlyAvailable"), number("restoreRate"))
}

#[tokio::test]
async fn an_answer_says_how_much_is_left_and_its_headers_say_it_too() {
    let app = TestApp::new().await;
    let store = app.store_of("acme", 10).await;
    let answer = app.ask(&store.secret, SHOP).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["extensions"]["cost"]["requestedQueryCost"], 2);
    assert_eq!(status(&answer.json()), (100, 98, 5));
    assert_eq!(answer.header("ratelimit-policy"), Some("\"cost\";q=100;w=20"));
    assert_eq!(answer.header("ratelimit"), Some("\"cost\";r=98;t=1"));
    assert_eq!(answer.header("retry-after"), None);
    // What was estimated and did not come is given back.
    let other = app.store_of("other", 10).await;
    let answer = app.ask(&other.secret, PRODUCTS).await.json();
    let cost = &answer["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(62), &json!(1)), "{cost}");
    assert_eq!(status(&answer), (100, 99, 5));
    // A shop without a bound is told of none.
    app.set_points(&other, None).await;
    let free = app.ask(&other.secret, SHOP).await;
    assert_eq!((&free.json()["extensions"]["cost"]["throttleStatus"], free.header("ratelimit")), (&Value::Null, None));
}

#[tokio::test]
async fn who_has_used_up_what_there_is_is_told_when_to_come_again() {
    let app = TestApp::new().await;
    let store = app.store_of("acme", 2).await;
    for left in [18, 16, 14] {
        assert_eq!(status(&app.ask(&store.secret, SHOP).await.json()).1, left);
    }
    assert_eq!(status(&app.ask(&store.secret, CART).await.json()), (20, 2, 1));
    let refused = app.ask(&store.secret, CART).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "THROTTLED"));
    let body = refused.json();
    let text = "this costs an estimated 12 points, and 2 are left: try again in 10 s, or ask for less";
    assert_eq!(body["errors"][0]["message"], text);
    assert!(body.get("data").is_none());
    let cost = &body["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(12), &Value::Null));
    assert_eq!(status(&body), (20, 2, 1));
    assert_eq!(refused.header("retry-after"), Some("10"));
    assert_eq!(refused.header("ratelimit"), Some("\"cost\";r=2;t=18"));
    // The same status whatever was to be accepted, and the key is the only one that has to wait.
    let plain = app.post_json(&store.secret, &json!({ "query": CART }), &[]).await;
    assert_eq!(plain.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(app.ask(&store.publishable, SHOP).await.status, StatusCode::OK);
    // What was refused was not poured: it is as it said.
    app.clock.advance(TimeDelta::milliseconds(9_999));
    assert_eq!(app.ask(&store.secret, CART).await.header("retry-after"), Some("1"));
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(status(&app.ask(&store.secret, CART).await.json()), (20, 0, 1));
}

#[tokio::test]
async fn all_clients_together_use_no_more_than_the_shop_may() {
    let app = TestApp::new().await;
    let (store, other) = (app.store_of("acme", 2).await, app.store_of("other", 2).await);
    for key in [&store.secret, &store.publishable] {
        assert_eq!(status(&app.ask(key, &whole()).await.json()), (20, 0, 1));
    }
    let app_ = &app.app;
    let new = NewKey::unlimited(KeyKind::Secret, "third");
    let made = key_create(&app_.db, &*app_.clock, &app_.entropy, store.tenant, &new).await;
    let (_, third) = made.unwrap_or_else(|error| panic!("a key: {error:?}"));
    let refused = app.ask(third.reveal(), SHOP).await;
    assert_eq!((refused.status, status(&refused.json())), (StatusCode::TOO_MANY_REQUESTS, (20, 0, 1)));
    assert_eq!(refused.header("retry-after"), Some("1"), "two points leak from the shop's in a second");
    assert_eq!(app.ask(&other.secret, SHOP).await.status, StatusCode::OK, "another shop's are its own");
}

#[tokio::test]
async fn what_costs_more_than_a_client_may_ever_use_is_told_so() {
    let app = TestApp::new().await;
    let store = app.store_of("acme", 2).await;
    let answer = app.ask(&store.secret, PRODUCTS).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "MAX_COST_EXCEEDED"));
    let body = answer.json();
    let text = body["errors"][0]["message"].as_str().expect("a text");
    assert!(text.contains("62 points") && text.contains("20 at once"), "{text}");
    assert_eq!((status(&body), answer.header("retry-after")), ((20, 20, 1), None));
}

#[tokio::test]
async fn in_a_batch_each_operation_is_charged_for_itself() {
    let app = TestApp::new().await;
    let store = app.store_of("acme", 2).await;
    let change = json!({ "query": CART });
    let answer = app.post_json(&store.secret, &json!([change, change, { "query": SHOP }]), &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert!(body[0].get("errors").is_none() && body[2].get("errors").is_none(), "{body:#}");
    assert_eq!(body[1]["errors"][0]["extensions"]["code"], "THROTTLED");
    assert!(answer.header("retry-after").is_some() && answer.header("ratelimit").is_some());
}

#[tokio::test]
async fn what_is_refused_before_it_runs_costs_a_point_or_nothing() {
    let app = TestApp::new().await;
    let store = app.store_of("acme", 10).await;
    for document in ["{ shop {", "{ nothing }", "query ($a: Int!) { shop { name } }"] {
        assert!(app.ask(&store.secret, document).await.json().get("errors").is_some(), "{document}");
    }
    let left = status(&app.ask(&store.secret, SHOP).await.json()).1;
    assert_eq!(left, 97, "a point for what was not valid, and two for what was asked");
}

#[tokio::test]
async fn what_failed_while_it_was_read_costs_what_was_expected() {
    let app = TestApp::new().await;
    let store = app.store_of("acme", 400).await;
    app.shelve(&store, Goods::new(1_000)).await;
    let text = "{ products(first: 50) { nodes { title variants(first: 1, after: \"x\") { nodes { id } } } } }";
    let answer = app.ask(&store.secret, text).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    let requested = answer.json()["extensions"]["cost"]["requestedQueryCost"].as_u64().expect("its cost");
    assert_eq!(status(&answer.json()), (4000, 4000 - requested, 200));
}

#[tokio::test]
async fn processes_share_the_buckets_and_each_has_its_own_while_redis_is_away() {
    let mut redis = OwnRedis::start().await;
    let app = TestApp::new().await;
    let store = app.store_of("acme", 2).await;
    let [one, other] = [app.beside(&redis.url(), 8).await, app.beside(&redis.url(), 9).await];
    let servers = join_all([one.clone(), other.clone()].map(TestServer::of)).await;
    let whole = whole();
    let ask = async |server: usize| status_of(&servers[server], &store, &whole).await;
    assert_eq!([ask(0).await, ask(1).await, ask(0).await], [200, 429, 429]);
    redis.stop();
    // Nobody is refused what their process has not seen them use.
    assert_eq!([ask(0).await, ask(1).await], [200, 200]);
    assert_eq!([ask(0).await, ask(1).await], [429, 429]);
    let metrics = one.metrics.text(false);
    let line = metrics.lines().find(|line| line.starts_with("emporia_limits_unshared_total{limit=\"api_cost\"}"));
    let count: u64 = line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{metrics}"));
    assert!(count >= 2, "{count}");
}

/// The status of a server's answer to the shop's own key.
async fn status_of(server: &TestServer, store: &Store, document: &str) -> u16 {
    let request = reqwest::Client::new().post(server.url("/graphql")).header("x-api-key", &store.secret);
    let body = json!({ "query": document }).to_string();
    let request = request.header("content-type", "application/json").body(body);
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn two_processes_let_in_what_a_bucket_holds_and_a_twentieth_each_on_account() {
    let redis = OwnRedis::start().await;
    let app = TestApp::new().await;
    // A client's bucket holds a hundred points, of which five are on account.
    let store = app.store_of("acme", 10).await;
    let processes = [app.beside(&redis.url(), 8).await, app.beside(&redis.url(), 9).await];
    let servers = join_all(processes.map(TestServer::of)).await;
    let start = Instant::now();
    let answers = join_all((0..140).map(|n| status_of(&servers[n % 2], &store, SHOP))).await;
    let leaked = 5.0 * start.elapsed().as_secs_f64();
    let let_in = 2 * answers.iter().filter(|status| **status == 200).count();
    assert!(answers.contains(&429), "{let_in} points in {leaked}");
    assert!(let_in >= 100, "what is there is let in: {let_in}");
    assert!(let_in as f64 <= 110.0 + leaked + 2.0, "{let_in} points, {leaked} have leaked");
}

#[tokio::test]
async fn buckets_in_redis_leak_by_its_clock_and_go_when_they_are_empty() {
    let shared = RedisShared::connect(&redis_url()).await.expect("Redis");
    let client = redis::Client::open(redis_url()).expect("a client");
    let mut redis = client.get_multiplexed_async_connection().await.expect("Redis");
    let tag = uuid::Uuid::now_v7();
    let bucket = |name: &str, rate| Bucket {
        key: format!("emporia:{{{tag}}}:{name}"),
        rate: Rate::per_second(rate).expect("a rate"),
    };
    let both = [bucket("a", 2), bucket("b", 1)];
    let poured = shared.pour(&both, 0, 20_000).await.expect("Redis");
    assert_eq!(poured, Poured { fits: true, levels: vec![20_000, 20_000] });
    let refused = shared.pour(&both, 0, 1_000).await.expect("Redis");
    assert!(!refused.fits && refused.levels[1] > 19_000, "{refused:?}");
    // As if it had been five seconds ago.
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut redis).await.expect("the time");
    let now = seconds * 1000 + micros / 1000;
    for (bucket, level) in both.iter().zip([20_000, 20_000]) {
        let entry = format!("{level} {}", now - 5_000);
        let _: () = redis::cmd("SET").arg(&bucket.key).arg(entry).query_async(&mut redis).await.expect("set");
    }
    let poured = shared.pour(&both, 0, 1_000).await.expect("Redis");
    assert!(poured.fits && poured.levels[0] <= 11_000 && poured.levels[0] > 6_000, "{poured:?}");
    assert!(poured.levels[1] <= 16_000 && poured.levels[1] > 13_000, "{poured:?}");
    let left: i64 = redis::cmd("PTTL").arg(&both[1].key).query_async(&mut redis).await.expect("its end");
    assert!(left > 0 && left <= 16_001, "{left}");
    // Taken out is no more than there is; and a clock that was put back takes nothing away.
    let ahead = format!("3000 {}", now + 3_600_000);
    let _: () = redis::cmd("SET").arg(&both[0].key).arg(ahead).query_async(&mut redis).await.expect("set");
    let poured = shared.pour(&both[..1], -1_000, 0).await.expect("Redis");
    assert_eq!(poured, Poured { fits: true, levels: vec![2_000] });
    let poured = shared.pour(&both[..1], -100_000, 0).await.expect("Redis");
    assert_eq!(poured, Poured { fits: true, levels: vec![0] });
    // Many at once are no more than one after the other.
    let many = [bucket("many", 5)];
    let fits = join_all((0..200).map(|_| shared.pour(&many, 0, 1_000))).await;
    let fits = fits.into_iter().filter(|poured| poured.as_ref().is_ok_and(|poured| poured.fits)).count();
    assert!((100..=120).contains(&fits), "a hundred, and what has leaked meanwhile: {fits}");
}

/// A process with two connections, of which a shop has one. It hears by Redis, so that it knows a key that it has seen without
/// asking anybody: what is asked is begun in the order in which it is asked.
async fn with_two_connections() -> (OwnRedis, TestApp) {
    let redis = OwnRedis::start().await;
    let TestApp { app, db, clock, .. } =
        TestApp::with(&[("DATABASE_POOL_SIZE", "2"), ("DATABASE_ACQUIRE_TIMEOUT_MS", "60000")]).await;
    let shared = RedisShared::connect(&redis.url()).await.expect("Redis");
    let app = App::assemble((*app.config).clone(), shared, clock.clone(), Entropy::seeded(8));
    (redis, TestApp::of(app, db, clock))
}

/// Holds a shop's connection until it is told to let go: a document that takes its time.
async fn hold(app: &TestApp, store: &Store) -> (oneshot::Sender<()>, JoinHandle<Result<(), Fault>>) {
    let db = app.app.db.tenant(store.tenant);
    let (release, released) = oneshot::channel::<()>();
    let (begun, has_begun) = oneshot::channel::<()>();
    let held = tokio::spawn(async move {
        db.read(async |_| {
            let _ = begun.send(());
            let _ = released.await;
            Ok::<_, Fault>(())
        })
        .await
    });
    has_begun.await.expect("begun");
    (release, held)
}

#[tokio::test]
async fn a_shop_that_has_too_much_under_way_is_refused_and_keeps_no_other_waiting() {
    let (_redis, app) = with_two_connections().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    app.shelve(&other, Goods::new(1_000)).await;
    for key in [&store.secret, &other.secret] {
        app.ask(key, SHOP).await;
    }
    let (release, held) = hold(&app, &store).await;
    let waiting = join_all((0..64).map(|_| app.ask(&store.secret, PRODUCTS)));
    let meanwhile = async {
        // Polled after all of those: each has its place, and waits.
        let refused = app.ask(&store.secret, PRODUCTS).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "THROTTLED"));
        assert_eq!(refused.header("retry-after"), Some("1"));
        for _ in 0..5 {
            let shown = app.ask(&other.secret, PRODUCTS).await.json();
            assert_eq!(shown["data"]["products"]["nodes"].as_array().map(Vec::len), Some(1), "{shown}");
        }
        release.send(()).expect("it waits");
    };
    let (answered, ()) = tokio::join!(waiting, meanwhile);
    for answer in answered {
        assert!(answer.json().get("errors").is_none(), "{answer:?}");
    }
    held.await.expect("a task").expect("read");
}

#[tokio::test]
async fn shoppers_leave_room_for_who_runs_the_shop() {
    let (_redis, app) = with_two_connections().await;
    let store = app.store("acme").await;
    for key in [&store.secret, &store.publishable] {
        app.ask(key, SHOP).await;
    }
    let (release, held) = hold(&app, &store).await;
    let shoppers = join_all((0..54).map(|_| app.ask(&store.publishable, PRODUCTS)));
    let staff = join_all((0..16).map(|_| app.ask(&store.secret, PRODUCTS)));
    let meanwhile = async {
        assert_eq!(app.ask(&store.secret, PRODUCTS).await.status, StatusCode::TOO_MANY_REQUESTS, "64 in all");
        release.send(()).expect("it waits");
    };
    let (shoppers, staff, ()) = tokio::join!(shoppers, staff, meanwhile);
    let refused = |answers: &[Answer]| answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((refused(&shoppers), refused(&staff)), (6, 0), "three quarters of 64 are shoppers'");
    held.await.expect("a task").expect("read");
}

#[tokio::test]
async fn who_waits_too_long_for_a_connection_may_ask_again_unless_it_was_to_change_something() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "2"), ("DATABASE_ACQUIRE_TIMEOUT_MS", "1000")]).await;
    let store = app.store("acme").await;
    let (release, held) = hold(&app, &store).await;
    let read = app.ask(&store.secret, PRODUCTS).await;
    assert_eq!(read.code(), "THROTTLED", "{read:?}");
    assert!(read.text.contains("too much under way at once: try again in a moment"), "{read:?}");
    let changed = app.ask(&store.secret, CART).await;
    assert_eq!(changed.code(), "INTERNAL_SERVER_ERROR", "{changed:?}");
    assert!(changed.text.contains("a mutation that has begun is not undone"), "{changed:?}");
    release.send(()).expect("it waits");
    held.await.expect("a task").expect("read");
}
