//! Access tokens that nobody should have: forged, tampered with, out of their time, of somebody else.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use emporia::identity::keys::{KeySet, StoredKey};
use emporia::identity::service::keys_load;
use emporia::identity::token::TOKEN_LIFE;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Member, Store, TestApp, admin, start};

const WHO: &str = "{ currentStaffMember { email } }";

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = diesel::sql_types::Text)]
    kid: String,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    private_key: Vec<u8>,
}

/// A shop with an owner who is signed in, and the key of the service, which the attacker has not.
pub struct Stage {
    pub app: TestApp,
    pub store: Store,
    pub owner: Member,
    kid: String,
    signing: EncodingKey,
    /// What a token of hers says.
    pub claims: Value,
}

impl Stage {
    pub async fn set() -> Self {
        let app = TestApp::new().await;
        let store = app.store("acme").await;
        let owner = app.member(&store, "ada@shop.example", "owner").await;
        let key: Key = diesel::sql_query("SELECT kid, private_key FROM platform.signing_keys")
            .get_result(&mut admin(&app.db.name).await)
            .await
            .expect("the key");
        let claims = claims_of(&owner.access_token);
        Self { app, store, owner, kid: key.kid, signing: EncodingKey::from_ed_der(&key.private_key), claims }
    }

    /// A token that the service itself could have signed, with other claims.
    pub fn signed(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &self.signing).expect("a token")
    }

    async fn ask(&self, token: &str) -> Answer {
        self.app.bearer(token, WHO, json!({}), &[]).await
    }

    /// Panics unless the token is refused, with nothing said of why but this.
    async fn refused(&self, what: &str, token: &str, says: &str) {
        let answer = self.ask(token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {answer:?}");
        assert_eq!(answer.code(), "UNAUTHENTICATED", "{what}");
        assert!(answer.text.contains(says), "{what}: {answer:?}");
    }

    async fn let_in(&self, token: &str) {
        let answer = self.ask(token).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.json()["data"]["currentStaffMember"]["email"], "ada@shop.example");
    }
}

pub fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&BASE64.decode(payload).expect("base64")).expect("JSON")
}

fn part(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

const MALFORMED: &str = "malformed, or not one of this service";

#[tokio::test]
async fn a_token_says_who_asks_of_which_shop_in_which_session_and_for_how_long() {
    let stage = Stage::set().await;
    let (claims, now) = (&stage.claims, start().timestamp());
    let session = stage.owner.session_id.rsplit('/').next();
    assert_eq!(claims["iss"], "http://127.0.0.1:8000");
    assert_eq!(claims["aud"], "http://127.0.0.1:8000/graphql");
    assert_eq!(claims["sub"], json!(stage.owner.id));
    assert_eq!(claims["tenant"], json!(stage.store.tenant));
    assert_eq!((claims["role"].as_str(), claims["sid"].as_str()), (Some("owner"), session));
    assert_eq!((&claims["iat"], &claims["nbf"], &claims["exp"]), (&json!(now), &json!(now), &json!(now + 900)));
    assert!(claims["jti"].is_string() && claims.as_object().map(serde_json::Map::len) == Some(10), "{claims}");
    stage.let_in(&stage.signed(|_| ())).await;
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let stage = Stage::set().await;
    let [header, payload, signature]: [&str; 3] =
        stage.owner.access_token.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let none = part(&json!({ "alg": alg, "typ": "JWT", "kid": stage.kid }));
        for token in
            [format!("{none}.{payload}."), format!("{none}.{payload}"), format!("{none}.{payload}.{signature}")]
        {
            stage.refused(alg, &token, MALFORMED).await;
        }
    }
    stage.refused("without the signature", &format!("{header}.{payload}."), MALFORMED).await;
    stage.refused("with another", &format!("{header}.{payload}.{}", BASE64.encode([0; 64])), MALFORMED).await;
}

/// The published key is no secret: taken for one, anybody could sign.
#[tokio::test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    let stage = Stage::set().await;
    let published = stage.app.send("GET", "/.well-known/jwks.json", &[], "").await.json();
    let x = published["keys"][0]["x"].as_str().expect("the public half");
    let raw = BASE64.decode(x).expect("base64");
    for secret in [raw.as_slice(), x.as_bytes(), published.to_string().as_bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some(stage.kid.clone()), ..Header::new(algorithm) };
            let token = encode(&header, &stage.claims, &EncodingKey::from_secret(secret)).expect("a token");
            stage.refused("a public key as a secret", &token, MALFORMED).await;
        }
    }
}

#[tokio::test]
async fn a_kid_is_a_lookup_and_nothing_else() {
    let stage = Stage::set().await;
    let now = start();
    let stranger = StoredKey::from_random([9; 32], now, now).expect("a key");
    let signing = EncodingKey::from_ed_der(&stranger.private_key);
    let own = stranger.kid.clone();
    let jwk = KeySet::read(vec![stranger]).expect("a set").published(now)["keys"][0].take();
    let kids = [
        None,
        Some(own.as_str()),
        // The service's key, which has not signed this.
        Some(stage.kid.as_str()),
        Some(""),
        Some("../../../../etc/passwd"),
        Some("http://evil.example/jwks.json"),
        Some("' OR 1=1 --"),
        Some("\u{0}"),
    ];
    for kid in kids {
        let mut header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
        for with_key in [false, true] {
            if with_key {
                // A token that brings its own key along.
                header.jwk = Some(serde_json::from_value(jwk.clone()).expect("a JWK"));
                header.jku = Some("http://evil.example/jwks.json".to_owned());
            }
            let token = encode(&header, &stage.claims, &signing).expect("a token");
            stage.refused(&format!("{kid:?}"), &token, MALFORMED).await;
        }
    }
    let critical =
        Header { crit: Some(vec!["exp".to_owned()]), kid: Some(stage.kid.clone()), ..Header::new(Algorithm::EdDSA) };
    let critical = encode(&critical, &stage.claims, &stage.signing).expect("a token");
    stage.refused("something that must be understood", &critical, MALFORMED).await;
}

#[tokio::test]
async fn a_payload_that_is_tampered_with_is_refused() {
    let stage = Stage::set().await;
    let parts: Vec<&str> = stage.owner.access_token.split('.').collect();
    for (name, value) in [
        ("role", json!("admin")),
        ("sub", json!(Uuid::nil())),
        ("tenant", json!(Uuid::nil())),
        ("exp", json!(4_000_000_000_i64)),
    ] {
        let mut claims = stage.claims.clone();
        claims[name] = value;
        let token = format!("{}.{}.{}", parts[0], part(&claims), parts[2]);
        stage.refused(name, &token, MALFORMED).await;
    }
    stage.let_in(&stage.owner.access_token).await;
    // The signature covers the header as well.
    let header = part(&json!({ "typ": "JWT", "alg": "EdDSA", "kid": stage.kid, "more": "x" }));
    stage.refused("another header", &format!("{header}.{}.{}", parts[1], parts[2]), MALFORMED).await;
}

#[tokio::test]
async fn a_token_counts_in_its_time_alone() {
    let stage = Stage::set().await;
    let at = |time: DateTime<Utc>| json!(time.timestamp());
    let now = start();
    let minute = TimeDelta::minutes(1);
    stage.refused("expired", &stage.signed(|c| c["exp"] = at(now)), "has expired").await;
    stage.refused("long expired", &stage.signed(|c| c["exp"] = at(now - minute)), "has expired").await;
    stage.refused("not yet valid", &stage.signed(|c| c["nbf"] = at(now + minute)), "not valid yet").await;
    for name in ["exp", "nbf"] {
        for bad in [Value::Null, json!("soon"), json!(1e300), json!(-1)] {
            let token = stage.signed(|c| c[name] = bad.clone());
            stage.refused(&format!("{name} {bad}"), &token, MALFORMED).await;
        }
    }
    // Remembered as verified, and out of its time all the same.
    stage.let_in(&stage.owner.access_token).await;
    stage.app.clock.advance(TOKEN_LIFE - TimeDelta::seconds(1));
    stage.let_in(&stage.owner.access_token).await;
    stage.app.clock.advance(TimeDelta::seconds(1));
    stage.refused("expired since", &stage.owner.access_token, "has expired").await;
}

#[tokio::test]
async fn a_token_of_another_issuer_for_another_audience_or_without_a_claim_is_refused() {
    let stage = Stage::set().await;
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", Value::Null),
        ("aud", json!("https://api.example/other")),
        ("aud", json!(["https://api.example/other"])),
        ("aud", Value::Null),
        ("sub", json!("ada")),
        ("sid", Value::Null),
        ("sid", json!("1")),
    ] {
        stage.refused(name, &stage.signed(|claims| claims[name] = value.clone()), MALFORMED).await;
    }
    for name in ["iss", "aud", "sub", "sid", "exp", "nbf"] {
        let token = stage.signed(|claims| drop(claims.as_object_mut().expect("claims").remove(name)));
        stage.refused(name, &token, MALFORMED).await;
    }
}

/// A valid token without a tenant that is known is not malformed: 403.
#[tokio::test]
async fn a_token_without_a_tenant_is_forbidden() {
    let stage = Stage::set().await;
    for tenant in [Value::Null, json!(""), json!("acme"), json!(Uuid::nil()), json!(7)] {
        let answer = stage.ask(&stage.signed(|claims| claims["tenant"] = tenant.clone())).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{tenant}");
    }
    let without = stage.signed(|claims| drop(claims.as_object_mut().expect("claims").remove("tenant")));
    assert_eq!(stage.ask(&without).await.status, StatusCode::FORBIDDEN);
}

/// Even the service's own signature does not bring a session of one shop into another.
#[tokio::test]
async fn a_session_of_one_shop_is_none_of_another() {
    let stage = Stage::set().await;
    let other = stage.app.store("other").await;
    let theirs = stage.app.member(&other, "eve@shop.example", "owner").await;
    let their_session = theirs.session_id.rsplit('/').next();
    for token in [
        stage.signed(|claims| claims["tenant"] = json!(other.tenant)),
        stage.signed(|claims| claims["sid"] = json!(their_session)),
        stage.signed(|claims| claims["sub"] = json!(theirs.id)),
        stage.signed(|claims| claims["sid"] = json!(Uuid::nil())),
    ] {
        stage.refused("another's session", &token, "the session has ended").await;
    }
}

#[tokio::test]
async fn credentials_that_name_different_shops_are_refused_together() {
    let stage = Stage::set().await;
    let other = stage.app.store("other").await;
    let token = &stage.owner.access_token;
    let ask = async |more: &[(&str, &str)]| stage.app.bearer(token, WHO, json!({}), more).await;
    for more in [
        [("x-api-key", stage.store.publishable.as_str())],
        [("x-api-key", stage.store.secret.as_str())],
        [("host", "acme.shops.test")],
        [("host", "ACME.shops.test:8000")],
        [("host", "elsewhere.example")],
    ] {
        let answer = ask(&more).await;
        assert_eq!(answer.status, StatusCode::OK, "{more:?}: {answer:?}");
        assert_eq!(answer.json()["data"]["currentStaffMember"]["email"], "ada@shop.example", "the token goes first");
    }
    for more in [
        [("x-api-key", other.publishable.as_str())],
        [("x-api-key", other.secret.as_str())],
        [("shopify-storefront-private-token", other.secret.as_str())],
        [("host", "other.shops.test")],
        [("host", "nobody.shops.test")],
    ] {
        let answer = ask(&more).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{more:?}");
        assert!(answer.text.contains("different shops"), "{answer:?}");
    }
    for bad in ["rubbish", "esk_rubbish"] {
        assert_eq!(ask(&[("x-api-key", bad)]).await.status, StatusCode::UNAUTHORIZED, "{bad}");
    }
    // A key beside a token that does not count does not stand in for it.
    let answer = stage.app.bearer("rubbish", WHO, json!({}), &[("x-api-key", &stage.store.secret)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_no_token_is_malformed_and_what_is_no_bearer_is_nobodys() {
    let stage = Stage::set().await;
    let long = "a".repeat(5000);
    for text in
        ["", "a", "a.b", "a.b.c", "..", "a.b.c.d", "äöü", &stage.store.secret, &stage.owner.refresh_token, &long]
    {
        if text.is_ascii() {
            stage.refused(text, text, MALFORMED).await;
        }
    }
    let query = r#"{"query":"{ shop { name } }"}"#;
    let send = async |headers: &[(&str, &str)]| {
        let headers = [&[("content-type", "application/json")], headers].concat();
        stage.app.send("POST", "/graphql", &headers, query).await.status
    };
    let key = ("x-api-key", stage.store.publishable.as_str());
    let bearer = format!("bearer  {}", stage.owner.access_token);
    assert_eq!(send(&[("authorization", "Basic YWRhOnNlY3JldA=="), key]).await, StatusCode::OK, "a proxy's");
    assert_eq!(send(&[("authorization", "Basic YWRhOnNlY3JldA==")]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&[("authorization", &bearer)]).await, StatusCode::OK, "whatever the case");
    assert_eq!(send(&[("authorization", "Bearer"), key]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&[("authorization", &bearer), ("authorization", &bearer)]).await, StatusCode::UNAUTHORIZED, "two");
}

/// What a proxy might put there for its own users says nothing here.
#[tokio::test]
async fn headers_that_name_a_user_or_a_tenant_mean_nothing() {
    let stage = Stage::set().await;
    let other = stage.app.store("other").await;
    let viewer = stage.app.member(&stage.store, "vic@shop.example", "viewer").await;
    let (owner, tenant) = (stage.owner.id.to_string(), other.tenant.to_string());
    let more = [
        ("x-user-id", owner.as_str()),
        ("x-user-role", "owner"),
        ("x-user-email", "ada@shop.example"),
        ("x-role", "owner"),
        ("x-tenant-id", &tenant),
    ];
    let query = "{ shop { name } currentStaffMember { email role } }";
    let plain = stage.app.bearer(&viewer.access_token, query, json!({}), &[]).await;
    let dressed = stage.app.bearer(&viewer.access_token, query, json!({}), &more).await;
    assert_eq!(plain.text, dressed.text);
    let secret = "{ apiKeys(first: 1) { nodes { id } } }";
    assert_eq!(stage.app.bearer(&viewer.access_token, secret, json!({}), &more).await.code(), "FORBIDDEN");
    let mut headers = vec![("content-type", "application/json")];
    headers.extend_from_slice(&more);
    let nobody = stage.app.send("POST", "/graphql", &headers, json!({ "query": query }).to_string()).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_tokens_of_a_suspended_shop_and_of_a_suspended_member_are_refused() {
    let stage = Stage::set().await;
    let viewer = stage.app.member(&stage.store, "vic@shop.example", "viewer").await;
    let suspend = "UPDATE staff_members SET status = 'SUSPENDED' WHERE email = 'vic@shop.example'";
    admin(&stage.app.db.name).await.batch_execute(suspend).await.expect("suspended");
    crate::support::eventually("it is known", async || {
        (stage.ask(&viewer.access_token).await.status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
    let app = &stage.app.app;
    let suspend = emporia::tenant::service::tenant_set_suspended;
    suspend(&app.db, &*app.clock, &app.resolver, stage.store.tenant, true).await.expect("suspended");
    let answer = stage.ask(&stage.owner.access_token).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("the shop is suspended"), "{answer:?}");
}

/// A token's page may be any, as long as the shop does not say which: whoever signed in there has typed a password in it.
#[tokio::test]
async fn an_access_token_is_used_from_pages_that_the_shop_allows() {
    let stage = Stage::set().await;
    let from = async |origin: &str| {
        stage.app.bearer(&stage.owner.access_token, WHO, json!({}), &[("origin", origin)]).await.status
    };
    assert_eq!(from("https://admin.example").await, StatusCode::OK);
    let app = &stage.app.app;
    let origins = ["https://admin.example".to_owned()];
    let set = emporia::tenant::service::tenant_set_origins;
    set(&app.db, &*app.clock, &app.resolver, stage.store.tenant, &origins).await.expect("set");
    assert_eq!(from("https://admin.example").await, StatusCode::OK);
    assert_eq!(from("https://evil.example").await, StatusCode::FORBIDDEN);
}

/// The keys that the process goes by are those of the table.
#[tokio::test]
async fn the_key_that_signs_is_the_databases() {
    let stage = Stage::set().await;
    let keys = keys_load(&stage.app.app.db, start()).await.expect("keys");
    assert_eq!(keys.signing(start()).expect("a key").0.kid, stage.kid);
}
