//! Signing keys: made with the first use, published, replaced with and without overlap.

use axum::http::StatusCode;
use chrono::TimeDelta;
use emporia::identity::keys::{OVERLAP, PUBLISHED_AHEAD, PUBLISHED_FOR};
use emporia::identity::service::keys_rotate;
use emporia::identity::token::TOKEN_LIFE;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::identity::is_let_in;
use crate::support::{Statements, TestApp, admin, redis_url};
use crate::tenancy::count;

async fn published(app: &TestApp) -> JwkSet {
    let answer = app.send("GET", "/.well-known/jwks.json", &[("origin", "https://service.example")], "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://service.example"));
    let kept = format!("public, max-age={}", PUBLISHED_FOR.num_seconds());
    assert_eq!(answer.header("cache-control"), Some(kept.as_str()));
    assert!(!answer.text.contains("\"d\""), "no private half: {}", answer.text);
    serde_json::from_str(&answer.text).expect("a JWK set")
}

fn kids(set: &JwkSet) -> Vec<&str> {
    set.keys.iter().filter_map(|key| key.common.key_id.as_deref()).collect()
}

fn kid(token: &str) -> String {
    decode_header(token).expect("a header").kid.expect("a kid")
}

#[tokio::test]
async fn others_check_tokens_by_the_published_keys() {
    let app = TestApp::new().await;
    let before = published(&app).await;
    assert_eq!(before.keys.len(), 1, "made with the first use, whatever that is");
    let store = app.store("acme").await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let set = published(&app).await;
    assert_eq!(set, before);
    let key = set.find(&kid(&member.access_token)).expect("the key that signed");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["http://127.0.0.1:8000"]);
    validation.set_audience(&["http://127.0.0.1:8000/graphql"]);
    // The test's clock is not the library's.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(key).expect("a key");
    let said = decode::<Value>(&member.access_token, &key, &validation).expect("a good token").claims;
    assert_eq!(said["role"], "owner");
}

#[tokio::test]
async fn many_first_uses_at_once_make_one_key() {
    let app = TestApp::new().await;
    let asked = (0..8).map(|_| published(&app));
    let sets = futures_util::future::join_all(asked).await;
    assert!(sets.iter().all(|set| *set == sets[0]));
    let keys = "SELECT count(*) AS n FROM platform.signing_keys";
    assert_eq!(count(&mut admin(&app.db.name).await, keys).await, 1);
}

#[tokio::test]
async fn a_rotation_signs_nobody_out() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let old = kid(&member.access_token);
    let rotated = keys_rotate(&app.app, false).await.expect("a new key");
    assert_eq!(kids(&published(&app).await), [old.as_str(), &rotated.kid], "published before it signs");
    let last = app.sign_in(&store, "ada@shop.example").await;
    assert_eq!(kid(&last.access_token), old);
    app.clock.advance(PUBLISHED_AHEAD - TimeDelta::seconds(1));
    let last = app.sign_in(&store, "ada@shop.example").await;
    assert_eq!(kid(&last.access_token), old, "until the last moment");
    app.clock.advance(TimeDelta::seconds(1));
    let next = app.sign_in(&store, "ada@shop.example").await;
    assert_eq!(kid(&next.access_token), rotated.kid);
    app.clock.advance(TOKEN_LIFE - TimeDelta::seconds(2));
    assert!(is_let_in(&app, &last.access_token).await && is_let_in(&app, &next.access_token).await);
    app.clock.advance(OVERLAP);
    assert_eq!(kids(&published(&app).await), [rotated.kid.as_str()]);
    // The next one takes the old one's private half along.
    keys_rotate(&app.app, false).await.expect("a new key");
    let left = format!("SELECT count(*) AS n FROM platform.signing_keys WHERE kid = '{old}'");
    assert_eq!(count(&mut admin(&app.db.name).await, &left).await, 0);
}

#[tokio::test]
async fn a_key_in_wrong_hands_counts_no_longer_from_the_moment_it_is_replaced() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    assert!(is_let_in(&app, &member.access_token).await, "and remembered as good");
    let rotated = keys_rotate(&app.app, true).await.expect("a new key");
    assert!(!is_let_in(&app, &member.access_token).await);
    assert_eq!(kids(&published(&app).await), [rotated.kid.as_str()]);
    let next = app.refresh(&store, &member.refresh_token).await;
    let token = next["staffAccessToken"]["accessToken"].as_str().expect("the session goes on");
    assert!(kid(token) == rotated.kid && is_let_in(&app, token).await);
}

/// With everything cached the guard does no cryptography and asks nobody. How long it takes, scripts/bench measures: here
/// it is only counted. Others who use the same Redis may have it forget, now and then.
#[tokio::test]
async fn a_token_that_is_known_is_not_looked_up_again() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let process = app.beside(&redis_url(), 8).await;
    process.resolver.by_token(&member.access_token).await.expect("let in");
    let asked = async {
        for _ in 0..200 {
            process.resolver.by_token(&member.access_token).await.expect("let in");
        }
    };
    let ((), statements) = Statements::of(&app.db.name, asked).await;
    assert!(statements.count() < 20, "200 times: {statements:?}");
}
