//! Staff who sign in with an outside provider: whom its tokens let in, as what, and whom not.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::issuer::{KEYS, membership, organization};
use crate::support::{Answer, Issuer, Socket, Store, TestApp, start};

const VIEWER: &str = "{ viewer { kind permissions { handle } } shop { name } }";
const MALFORMED: &str = "malformed, or not one of this service";

/// A shop of ours, and a provider whose tokens name shops by our names for them.
struct Stage {
    app: TestApp,
    acme: Store,
    issuer: Issuer,
}

impl Stage {
    async fn set() -> Self {
        let issuer = Issuer::start().await;
        let app = TestApp::trusting(&[issuer.generic("login")]).await;
        let acme = app.store("acme").await;
        Self { app, acme, issuer }
    }

    /// What a token of an admin of the shop says.
    fn claims(&self) -> Value {
        self.issuer.generic_claims("u1", &json!("acme"), &json!("office"))
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.issuer.sign("EdDSA", &claims)
    }

    async fn ask(&self, token: &str) -> Answer {
        self.app.bearer(token, VIEWER, json!({}), &[]).await
    }

    async fn refused(&self, what: &str, token: &str, says: &str) {
        let answer = self.ask(token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {answer:?}");
        assert_eq!(answer.code(), "UNAUTHENTICATED", "{what}");
        assert!(answer.text.contains(says), "{what}: {answer:?}");
    }

    async fn forbidden(&self, what: &str, token: &str) {
        let answer = self.ask(token).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{what}: {answer:?}");
    }

    /// The permissions that a token comes with.
    async fn permissions(&self, token: &str) -> Vec<String> {
        permissions(&self.app, token).await
    }
}

async fn permissions(app: &TestApp, token: &str) -> Vec<String> {
    let data = app.gql_as(token, VIEWER, json!({})).await;
    assert_eq!(data["viewer"]["kind"], "STAFF");
    let all = data["viewer"]["permissions"].as_array().expect("a list");
    all.iter().map(|scope| scope["handle"].as_str().expect("a name").to_owned()).collect()
}

fn has(permissions: &[String], what: &str) -> bool {
    permissions.iter().any(|one| one == what)
}

/// Whether these are a viewer's.
fn is_viewer(permissions: &[String]) -> bool {
    has(permissions, "read_orders") && permissions.iter().all(|one| one.starts_with("read_"))
}

#[tokio::test]
async fn a_token_of_each_kind_of_key_lets_its_user_in_with_the_role_that_it_says() {
    let stage = Stage::set().await;
    for kid in ["RS256", "ES256", "EdDSA"] {
        let found = stage.permissions(&stage.issuer.sign(kid, &stage.claims())).await;
        assert!(has(&found, "write_settings") && !has(&found, "write_billing"), "{kid}: {found:?}");
    }
    let by_id = stage.token(|claims| claims["https://shops.example/tenant"] = json!(stage.acme.tenant));
    assert!(has(&stage.permissions(&by_id).await, "write_settings"));
    let boss = stage.token(|claims| claims["groups"] = json!(["till", "bosses", "unheard of"]));
    assert!(has(&stage.permissions(&boss).await, "write_billing"), "an owner where the operator says so");
    let till = stage.token(|claims| claims["groups"] = json!("till"));
    let found = stage.permissions(&till).await;
    assert!(has(&found, "write_products") && !has(&found, "delete_products"), "{found:?}");
    let second = stage.token(|claims| claims["aud"] = json!(["https://elsewhere.example", "https://api2.example"]));
    stage.permissions(&second).await;
    let without_nbf = stage.token(|claims| drop(claims.as_object_mut().expect("claims").remove("nbf")));
    stage.permissions(&without_nbf).await;
}

#[tokio::test]
async fn an_unknown_or_absent_role_is_a_viewers() {
    let stage = Stage::set().await;
    for role in [
        Value::Null,
        json!(""),
        json!("owner"),
        json!("admin"),
        json!("Office"),
        json!(["nobody"]),
        json!([]),
        json!({ "office": true }),
        json!(7),
    ] {
        let token = stage.token(|claims| claims["groups"] = role.clone());
        assert!(is_viewer(&stage.permissions(&token).await), "{role}");
    }
    let without = stage.token(|claims| drop(claims.as_object_mut().expect("claims").remove("groups")));
    assert!(is_viewer(&stage.permissions(&without).await));
}

#[tokio::test]
async fn a_token_without_a_shop_is_forbidden_and_one_of_another_shop_is_not_of_this_one() {
    let stage = Stage::set().await;
    let other = stage.app.store("other").await;
    for tenant in [Value::Null, json!(""), json!("nobody"), json!(uuid::Uuid::nil()), json!(7), json!(["acme"])] {
        let token = stage.token(|claims| claims["https://shops.example/tenant"] = tenant.clone());
        stage.forbidden(&tenant.to_string(), &token).await;
    }
    let theirs = stage.token(|claims| claims["https://shops.example/tenant"] = json!("other"));
    assert_eq!(stage.ask(&theirs).await.json()["data"]["shop"]["name"], "other");
    for beside in [("x-api-key", stage.acme.secret.as_str()), ("host", "acme.shops.test")] {
        let answer = stage.app.bearer(&theirs, VIEWER, json!({}), &[beside]).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{beside:?}");
    }
    for beside in [("x-api-key", other.publishable.as_str()), ("host", "other.shops.test")] {
        assert_eq!(stage.app.bearer(&theirs, VIEWER, json!({}), &[beside]).await.status, StatusCode::OK, "{beside:?}");
    }
}

#[tokio::test]
async fn a_token_without_a_signature_or_signed_with_what_is_public_is_refused() {
    let stage = Stage::set().await;
    let whole = stage.token(|_| ());
    let [header, payload, signature]: [&str; 3] = whole.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let none = BASE64.encode(json!({ "alg": alg, "typ": "JWT", "kid": "EdDSA" }).to_string());
        for token in
            [format!("{none}.{payload}."), format!("{none}.{payload}"), format!("{none}.{payload}.{signature}")]
        {
            stage.refused(alg, &token, MALFORMED).await;
        }
    }
    stage.refused("no signature", &format!("{header}.{payload}."), MALFORMED).await;
    stage.refused("another", &format!("{header}.{payload}.{}", BASE64.encode([0; 64])), MALFORMED).await;
    for (kid, part) in [("EdDSA", "x"), ("RS256", "n"), ("ES256", "x")] {
        let jwk = stage.issuer.jwk(kid);
        let text = jwk[part].as_str().expect("a part");
        let raw = BASE64.decode(text).expect("base64");
        for secret in [raw.as_slice(), text.as_bytes(), jwk.to_string().as_bytes()] {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
                let token = encode(&header, &stage.claims(), &EncodingKey::from_secret(secret)).expect("a token");
                stage.refused("a public key as a secret", &token, MALFORMED).await;
            }
        }
    }
    // Even where the provider publishes a shared secret by mistake.
    let secret = [7; 32];
    stage.issuer.publish(json!({ "kty": "oct", "kid": "shared", "alg": "HS256", "k": BASE64.encode(secret) }));
    stage.app.clock.advance(TimeDelta::minutes(1));
    let header = Header { kid: Some("shared".to_owned()), ..Header::new(Algorithm::HS256) };
    let claims = later(stage.claims(), 60);
    let token = encode(&header, &claims, &EncodingKey::from_secret(&secret)).expect("a token");
    stage.refused("a published secret", &token, MALFORMED).await;
}

/// The same, so many seconds later.
fn later(mut claims: Value, seconds: i64) -> Value {
    for name in ["iat", "nbf", "exp"] {
        claims[name] = json!(claims[name].as_i64().expect("a time") + seconds);
    }
    claims
}

#[tokio::test]
async fn a_kid_is_a_lookup_and_what_a_token_brings_along_is_read_by_nobody() {
    let mut stage = Stage::set().await;
    stage.issuer.keep("theirs", Algorithm::EdDSA);
    let evil = Issuer::start().await;
    stage.permissions(&stage.token(|_| ())).await;
    for kid in ["theirs", "EdDSA", "RS256", "", "../../etc/passwd", "' OR 1=1 --", "\u{0}"] {
        let plain = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let jwk = serde_json::from_value(stage.issuer.jwk("theirs").clone()).expect("a JWK");
        let with_keys = Header {
            jwk: Some(jwk),
            jku: Some(format!("{}{KEYS}", evil.url)),
            x5u: Some(format!("{}/cert", evil.url)),
            ..plain.clone()
        };
        for header in [plain, with_keys] {
            let token = stage.issuer.sign_with("theirs", &header, &stage.claims());
            stage.refused(kid, &token, MALFORMED).await;
        }
    }
    let nameless = stage.issuer.sign_with("EdDSA", &Header::new(Algorithm::EdDSA), &stage.claims());
    stage.refused("no kid", &nameless, MALFORMED).await;
    let critical =
        Header { kid: Some("EdDSA".to_owned()), crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::EdDSA) };
    let critical = stage.issuer.sign_with("EdDSA", &critical, &stage.claims());
    stage.refused("something that must be understood", &critical, MALFORMED).await;
    assert_eq!(evil.asked(KEYS) + evil.asked("/cert"), 0, "nobody asks whom a token names");
}

#[tokio::test]
async fn an_rsa_key_checks_by_its_own_algorithm_alone() {
    let stage = Stage::set().await;
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let header = Header { kid: Some("RS256".to_owned()), ..Header::new(algorithm) };
        let token = stage.issuer.sign_with("RS256", &header, &stage.claims());
        stage.refused(&format!("{algorithm:?}"), &token, MALFORMED).await;
    }
}

#[tokio::test]
async fn a_token_counts_in_its_time_alone() {
    let stage = Stage::set().await;
    let now = start().timestamp();
    stage.refused("expired", &stage.token(|claims| claims["exp"] = json!(now)), "has expired").await;
    stage.refused("not yet valid", &stage.token(|claims| claims["nbf"] = json!(now + 60)), "not valid yet").await;
    for bad in [Value::Null, json!("soon"), json!(1e300), json!(-1)] {
        stage.refused(&bad.to_string(), &stage.token(|claims| claims["exp"] = bad.clone()), MALFORMED).await;
    }
    stage.refused("nbf", &stage.token(|claims| claims["nbf"] = json!("soon")), MALFORMED).await;
    let without = stage.token(|claims| drop(claims.as_object_mut().expect("claims").remove("exp")));
    stage.refused("endless", &without, MALFORMED).await;
    let token = stage.token(|_| ());
    stage.permissions(&token).await;
    stage.app.clock.advance(TimeDelta::seconds(59));
    stage.permissions(&token).await;
    stage.app.clock.advance(TimeDelta::seconds(1));
    stage.refused("remembered, and expired since", &token, "has expired").await;
}

#[tokio::test]
async fn a_token_of_another_issuer_for_another_audience_or_of_nobody_is_refused() {
    let stage = Stage::set().await;
    let url = stage.issuer.url.clone();
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{url}/"))),
        ("iss", json!(url.to_uppercase())),
        ("iss", json!([url])),
        ("iss", Value::Null),
        ("iss", json!("http://127.0.0.1:8000")),
        ("aud", json!("https://api.example.evil.example")),
        ("aud", json!(["https://elsewhere.example"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("uid", Value::Null),
        ("uid", json!("")),
        ("uid", json!(7)),
        ("uid", json!("a\u{0}b")),
        ("uid", json!("a".repeat(256))),
    ] {
        let token = stage.token(|claims| claims[name] = value.clone());
        stage.refused(&format!("{name} {value}"), &token, MALFORMED).await;
    }
    for name in ["iss", "aud", "uid"] {
        let token = stage.token(|claims| drop(claims.as_object_mut().expect("claims").remove(name)));
        stage.refused(name, &token, MALFORMED).await;
    }
    for text in [format!("{}x", stage.token(|_| ())), "a".repeat(10_000), "a.b.c".to_owned()] {
        stage.refused("rubbish", &text, MALFORMED).await;
    }
}

/// Who holds one provider's keys has nothing of another's, nor of ours.
#[tokio::test]
async fn one_providers_keys_sign_for_no_other_and_not_for_us() {
    let (mut one, mut other) = (Issuer::start().await, Issuer::start().await);
    for issuer in [&mut one, &mut other] {
        issuer.add("same name", Algorithm::EdDSA);
    }
    let app = TestApp::trusting(&[one.generic("one"), other.generic("other")]).await;
    let acme = app.store("acme").await;
    let member = app.member(&acme, "ada@shop.example", "owner").await;
    let claims = one.generic_claims("u1", &json!("acme"), &json!("bosses"));
    permissions(&app, &one.sign("same name", &claims)).await;
    let forged = app.bearer(&other.sign("same name", &claims), VIEWER, json!({}), &[]).await;
    assert_eq!(forged.status, StatusCode::UNAUTHORIZED, "{forged:?}");
    let ours = crate::identity_attacks::claims_of(&member.access_token);
    let kid = jsonwebtoken::decode_header(&member.access_token).expect("a header").kid.expect("a kid");
    for named in [kid.as_str(), "same name"] {
        let forged = app.bearer(&one.sign_as("same name", named, &ours), VIEWER, json!({}), &[]).await;
        assert_eq!(forged.status, StatusCode::UNAUTHORIZED, "{named}: {forged:?}");
    }
    assert!(has(&permissions(&app, &member.access_token).await, "write_billing"), "ours go their own way");
}

#[tokio::test]
async fn clerks_tokens_of_both_versions_lead_to_the_organizations_shop() {
    let issuer = Issuer::start().await;
    let app = TestApp::trusting(&[issuer.clerk("clerk")]).await;
    app.told(&issuer, "evt_1", &organization("created", 1, "org_1", "Acme")).await;
    let first = issuer.clerk_token("user_1", "org_1", "org:admin");
    let mut claims = issuer.claims("user_1");
    claims["v"] = json!(2);
    claims["o"] = json!({ "id": "org_1", "rol": "admin", "slg": "acme" });
    let second = issuer.sign("RS256", &claims);
    for token in [&first, &second] {
        let found = permissions(&app, token).await;
        assert!(has(&found, "write_settings") && !has(&found, "write_billing"), "an admin, never an owner: {found:?}");
        assert_eq!(app.gql_as(token, VIEWER, json!({})).await["shop"]["name"], "Acme");
    }
    assert!(is_viewer(&permissions(&app, &issuer.clerk_token("user_1", "org_1", "org:member")).await));
    // What the operator makes of a role counts however the provider writes it.
    for named in ["org:admin", "admin"] {
        let mut provider = issuer.clerk("clerk");
        provider["roles"] = json!({ named: "editor" });
        let app = TestApp::trusting(&[provider]).await;
        app.told(&issuer, "evt_1", &organization("created", 1, "org_1", "Acme")).await;
        for token in [&first, &second] {
            let found = permissions(&app, token).await;
            assert!(has(&found, "write_orders") && !has(&found, "write_settings"), "{named}: {found:?}");
        }
    }
    let refused = async |what: &str, claims: &Value, status| {
        let answer = app.bearer(&issuer.sign("RS256", claims), VIEWER, json!({}), &[]).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
    };
    claims["azp"] = json!("https://evil.example");
    refused("another page", &claims, StatusCode::UNAUTHORIZED).await;
    claims["azp"] = json!(["https://admin.example"]);
    refused("a list", &claims, StatusCode::UNAUTHORIZED).await;
    claims.as_object_mut().expect("claims").remove("azp");
    refused("no page", &claims, StatusCode::UNAUTHORIZED).await;
    claims["azp"] = json!("https://admin.example");
    claims["o"]["id"] = json!("org_2");
    refused("an organization that nobody knows", &claims, StatusCode::FORBIDDEN).await;
    claims.as_object_mut().expect("claims").remove("o");
    refused("no organization", &claims, StatusCode::FORBIDDEN).await;
    // Clerk signs with RSA: another kind of key in its set is not asked.
    let answer = app.bearer(&issuer.sign("EdDSA", &claims), VIEWER, json!({}), &[]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
}

/// Organizations of two providers may be called the same.
#[tokio::test]
async fn an_organization_is_its_own_providers() {
    let (one, other) = (Issuer::start().await, Issuer::start().await);
    let app = TestApp::trusting(&[one.clerk("clerk"), other.clerk("other")]).await;
    app.told(&one, "evt_1", &organization("created", 1, "org_1", "Acme")).await;
    permissions(&app, &one.clerk_token("user_1", "org_1", "org:admin")).await;
    let theirs = app.bearer(&other.clerk_token("user_1", "org_1", "org:admin"), VIEWER, json!({}), &[]).await;
    assert_eq!(theirs.status, StatusCode::FORBIDDEN, "{theirs:?}");
}

/// What only sessions of ours have, a provider's member is told to do elsewhere.
#[tokio::test]
async fn a_providers_member_has_no_session_and_no_password_here() {
    let issuer = Issuer::start().await;
    let app = TestApp::trusting(&[issuer.clerk("clerk")]).await;
    app.told(&issuer, "evt_1", &organization("created", 1, "org_1", "Acme")).await;
    let token = issuer.clerk_token("ada", "org_1", "org:admin");
    let who = "{ currentStaffMember { email name role status identityProvider emailVerifiedAt }
        staffSessions(first: 5) { nodes { id } } }";
    let before = app.gql_as(&token, who, json!({})).await;
    assert_eq!(before, json!({ "currentStaffMember": null, "staffSessions": { "nodes": [] } }), "nothing was told");
    app.told(&issuer, "evt_2", &membership("created", 2, "m1", "org_1", "ada", "org:admin")).await;
    let data = app.gql_as(&token, who, json!({})).await;
    let expected = json!({ "email": "ada@shop.example", "name": "ada", "role": "admin", "status": "ACTIVE",
        "identityProvider": issuer.url, "emailVerifiedAt": null });
    assert_eq!(data["currentStaffMember"], expected);
    for (name, call) in [
        ("staffSignOut", "staffSignOut"),
        ("staffEmailVerificationSend", "staffEmailVerificationSend"),
        ("staffPasswordUpdate", r#"staffPasswordUpdate(currentPassword: "a", newPassword: "long enough")"#),
    ] {
        let call = format!("mutation {{ {call} {{ userErrors {{ field code message }} }} }}");
        let data = app.gql_as(&token, &call, json!({})).await;
        let elsewhere = json!([{ "field": null, "code": "NOT_ALLOWED",
            "message": "This member signs in with an identity provider: change it there." }]);
        assert_eq!(data[name]["userErrors"], elsewhere);
    }
}

#[tokio::test]
async fn a_socket_ends_with_the_providers_token() {
    let stage = Stage::set().await;
    let server = stage.app.serve().await;
    let short = stage.token(|claims| claims["exp"] = json!(start().timestamp() + 1));
    let mut sockets = Vec::new();
    for token in [short, stage.token(|_| ())] {
        let mut socket = Socket::open(&server, &[]).await;
        let authorization = format!("Bearer {token}");
        socket.say(json!({ "type": "connection_init", "payload": { "Authorization": authorization } })).await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        sockets.push(socket);
    }
    sockets[0].subscribe("1", "subscription { orderEvents { topic } }").await;
    stage.app.clock.advance(TimeDelta::seconds(1));
    let (code, reason) = sockets[0].closed().await;
    assert!(code == 4403 && reason.contains("has expired"), "{code} {reason}");
    sockets[1].subscribe("1", "{ __typename }").await;
    assert_eq!(sockets[1].hear().await["type"], "next");
}
