//! A provider's keys: asked for when they are needed, seldom, and by nobody who does not need them.

use std::sync::Arc;

use axum::http::StatusCode;
use chrono::TimeDelta;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::issuer::{DISCOVERY, KEYS, Mood};
use crate::support::{Issuer, Store, TestApp, eventually};

const WHO: &str = "{ viewer { kind } }";

struct Stage {
    app: Arc<TestApp>,
    acme: Store,
    issuer: Issuer,
}

impl Stage {
    async fn set() -> Self {
        let issuer = Issuer::start().await;
        let app = Arc::new(TestApp::trusting(&[issuer.generic("login")]).await);
        let acme = app.store("acme").await;
        Self { app, acme, issuer }
    }

    /// A token that is good for days.
    fn token(&self, kid: &str) -> String {
        self.issuer.sign(kid, &self.claims())
    }

    fn claims(&self) -> Value {
        let mut claims = self.issuer.generic_claims("u1", &json!("acme"), &json!("office"));
        claims["exp"] = json!(claims["exp"].as_i64().expect("a time") + 1_000_000);
        claims
    }

    async fn status(&self, token: &str) -> StatusCode {
        self.app.bearer(token, WHO, json!({}), &[]).await.status
    }

    fn asked(&self) -> usize {
        assert_eq!(self.issuer.asked(DISCOVERY), self.issuer.asked(KEYS));
        self.issuer.asked(KEYS)
    }
}

#[tokio::test]
async fn an_unknown_kid_asks_for_the_keys_at_most_once_a_minute() {
    let mut stage = Stage::set().await;
    assert_eq!(stage.status(&stage.token("EdDSA")).await, StatusCode::OK);
    assert_eq!(stage.asked(), 1);
    stage.issuer.add("new", Algorithm::EdDSA);
    stage.issuer.keep("nobody's", Algorithm::EdDSA);
    let [new, nobodys] = ["new", "nobody's"].map(|kid| stage.token(kid));
    for _ in 0..20 {
        assert_eq!(stage.status(&nobodys).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!((stage.status(&new).await, stage.asked()), (StatusCode::UNAUTHORIZED, 1), "asked just now");
    stage.app.clock.advance(TimeDelta::seconds(59));
    assert_eq!((stage.status(&new).await, stage.asked()), (StatusCode::UNAUTHORIZED, 1));
    stage.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!((stage.status(&new).await, stage.asked()), (StatusCode::OK, 2), "after a minute it is");
    for kid in 0..20 {
        let token = stage.issuer.sign_as("nobody's", &format!("forged-{kid}"), &stage.claims());
        assert_eq!(stage.status(&token).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(stage.asked(), 2, "whichever names they make up");
}

#[tokio::test]
async fn many_who_come_at_once_ask_once() {
    let stage = Stage::set().await;
    let tokens: Vec<String> = ["EdDSA", "RS256", "ES256"].iter().map(|kid| stage.token(kid)).collect();
    let asking = (0..30).map(|at| stage.status(&tokens[at % 3]));
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
    assert_eq!(stage.asked(), 1);
}

#[tokio::test]
async fn the_keys_of_a_provider_that_is_away_count_for_a_day() {
    let stage = Stage::set().await;
    let token = stage.token("EdDSA");
    assert_eq!(stage.status(&token).await, StatusCode::OK);
    stage.issuer.mood(Mood::Away);
    for minutes in [6, 60, 12 * 60, 11 * 60] {
        stage.app.clock.advance(TimeDelta::minutes(minutes));
        assert_eq!(stage.status(&token).await, StatusCode::OK, "after {minutes} more minutes");
    }
    stage.app.clock.advance(TimeDelta::hours(2));
    assert_eq!(stage.status(&token).await, StatusCode::SERVICE_UNAVAILABLE, "no longer");
    stage.issuer.mood(Mood::Usual);
    stage.app.clock.advance(TimeDelta::seconds(9));
    assert_eq!(stage.status(&token).await, StatusCode::SERVICE_UNAVAILABLE, "it was asked a moment ago");
    stage.app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(stage.status(&token).await, StatusCode::OK, "it is back");
}

#[tokio::test]
async fn a_key_that_is_withdrawn_counts_for_some_minutes_at_most() {
    let stage = Stage::set().await;
    let token = stage.token("EdDSA");
    assert_eq!(stage.status(&token).await, StatusCode::OK);
    stage.issuer.withdraw("EdDSA");
    stage.app.clock.advance(TimeDelta::minutes(5));
    // Who comes first has it asked and does not wait.
    assert_eq!(stage.status(&token).await, StatusCode::OK);
    eventually("the key is known to be withdrawn", async || {
        (stage.status(&token).await == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
    assert_eq!(stage.status(&stage.token("RS256")).await, StatusCode::OK);
}

#[tokio::test]
async fn a_key_that_nobody_has_used_for_long_is_looked_at_before_it_counts() {
    let stage = Stage::set().await;
    let token = stage.token("EdDSA");
    assert_eq!(stage.status(&token).await, StatusCode::OK);
    stage.issuer.withdraw("EdDSA");
    stage.app.clock.advance(TimeDelta::hours(1));
    assert_eq!(stage.status(&token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_provider_that_is_slow_holds_nobody_else() {
    let (slow, quick) = (Issuer::start().await, Issuer::start().await);
    let app = Arc::new(TestApp::trusting(&[slow.generic("slow"), quick.generic("quick")]).await);
    let acme = app.store("acme").await;
    let member = app.member(&acme, "ada@shop.example", "owner").await;
    let gate = Arc::new(Semaphore::new(0));
    slow.mood(Mood::Held(gate.clone()));
    let claims = |issuer: &Issuer| issuer.generic_claims("u1", &json!("acme"), &json!("office"));
    let (theirs, other) = (slow.sign("EdDSA", &claims(&slow)), quick.sign("EdDSA", &claims(&quick)));
    let ask = |token: String| {
        let app = app.clone();
        async move { app.bearer(&token, WHO, json!({}), &[]).await.status }
    };
    let waiting: Vec<_> = (0..10).map(|_| tokio::spawn(ask(theirs.clone()))).collect();
    eventually("it is asked", async || (slow.asked(DISCOVERY) == 1).then_some(())).await;
    // Whoever asked first hangs up, which ends nothing for the others.
    waiting[0].abort();
    assert_eq!(ask(other).await, StatusCode::OK, "another provider's");
    assert_eq!(ask(member.access_token.clone()).await, StatusCode::OK, "ours");
    let (status, _) = app.post(&acme.publishable, "{ shop { name } }", json!({})).await;
    assert_eq!(status, StatusCode::OK, "a key");
    assert!(waiting[1..].iter().all(|task| !task.is_finished()), "these wait");
    gate.add_permits(2);
    for task in waiting.into_iter().skip(1) {
        assert_eq!(task.await.expect("an answer"), StatusCode::OK);
    }
    assert_eq!((slow.asked(DISCOVERY), slow.asked(KEYS)), (1, 1));
}

/// Five seconds of the machine's clock, not more.
#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    let stage = Stage::set().await;
    stage.issuer.mood(Mood::Held(Arc::new(Semaphore::new(0))));
    let since = std::time::Instant::now();
    let answer = stage.app.bearer(&stage.token("EdDSA"), WHO, json!({}), &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    assert!(answer.text.contains("cannot be asked for its keys"), "{answer:?}");
    assert!(since.elapsed() < std::time::Duration::from_secs(15), "{:?}", since.elapsed());
    let since = std::time::Instant::now();
    assert_eq!(stage.status(&stage.token("RS256")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(since.elapsed() < std::time::Duration::from_secs(4), "it is not asked by everyone");
}

/// How a provider that has started is to be.
type MoodOf<'a> = &'a dyn Fn(&Issuer) -> Mood;

#[tokio::test]
async fn what_a_provider_says_of_itself_is_looked_at() {
    let other = Issuer::start().await;
    let lie = |issuer: &str, keys: &str| Mood::Lies(DISCOVERY, json!({ "issuer": issuer, "jwks_uri": keys }));
    let here = |issuer: &Issuer| format!("{}{KEYS}", issuer.url);
    let moods: [(&str, MoodOf<'_>); 8] = [
        ("another issuer", &|_| lie("https://evil.example", &here(&other))),
        ("its own with a slash", &|own| lie(&format!("{}/", own.url), &here(own))),
        ("no issuer", &|own| Mood::Lies(DISCOVERY, json!({ "jwks_uri": here(own) }))),
        ("keys at no address", &|own| lie(&own.url, "keys")),
        ("keys in clear", &|own| lie(&own.url, "http://login.example/keys")),
        ("no set of keys", &|_| Mood::Lies(KEYS, json!(["EdDSA"]))),
        ("elsewhere", &|_| Mood::Redirects(format!("{}{DISCOVERY}", other.url))),
        ("endless", &|_| Mood::Endless),
    ];
    for (what, mood) in moods {
        let stage = Stage::set().await;
        stage.issuer.mood(mood(&stage.issuer));
        assert_eq!(stage.status(&stage.token("EdDSA")).await, StatusCode::SERVICE_UNAVAILABLE, "{what}");
        // With a key of ours beside it: what cannot be decided is no reason to be let in.
        let beside = [("x-api-key", stage.acme.secret.as_str())];
        let answer = stage.app.bearer(&stage.token("EdDSA"), WHO, json!({}), &beside).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{what}");
    }
    assert_eq!(other.asked(DISCOVERY) + other.asked(KEYS), 0, "no redirect is followed");
}

#[tokio::test]
async fn keys_that_are_for_something_else_or_too_short_are_passed_over() {
    let mut stage = Stage::set().await;
    let kids = ["encrypts", "says PS256", "signs only"];
    for kid in kids {
        stage.issuer.keep(kid, Algorithm::RS256);
    }
    for (kid, name, value) in [
        ("encrypts", "use", json!("enc")),
        ("says PS256", "alg", json!("PS256")),
        ("signs only", "key_ops", json!(["sign"])),
    ] {
        let mut jwk = stage.issuer.jwk(kid).clone();
        jwk[name] = value;
        stage.issuer.publish(jwk);
    }
    stage.issuer.publish(json!({ "kty": "RSA", "kid": "short", "n": "AQAB".repeat(20), "e": "AQAB" }));
    stage.issuer.publish(json!({ "kty": "XYZ", "kid": "odd" }));
    stage.issuer.publish(json!("rubbish"));
    for kid in kids {
        assert_eq!(stage.status(&stage.token(kid)).await, StatusCode::UNAUTHORIZED, "{kid}");
    }
    for kid in ["RS256", "ES256", "EdDSA"] {
        assert_eq!(stage.status(&stage.token(kid)).await, StatusCode::OK, "{kid}, in spite of them");
    }
    assert_eq!(stage.asked(), 1);
}
