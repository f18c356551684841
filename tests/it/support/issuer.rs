//! An identity provider of our own: a real server on 127.0.0.1 that says its keys by discovery, mints tokens and signs
//! webhooks, and may be slow, away or lying.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents,
};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use emporia::clock::Entropy;
use emporia::webhook::sign::SigningSecret;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::http::Answer;
use super::{TestApp, start};

/// How the provider answers.
#[derive(Clone)]
pub enum Mood {
    Usual,
    /// Fails.
    Away,
    /// Waits with each answer for a permit.
    Held(Arc<Semaphore>),
    /// Says something else at this path.
    Lies(&'static str, Value),
    /// Leads elsewhere.
    Redirects(String),
    /// Says more than anybody wants to hear.
    Endless,
}

struct Key {
    signing: EncodingKey,
    algorithm: Algorithm,
    jwk: Value,
}

struct State {
    published: Vec<Value>,
    mood: Mood,
    /// How often each path was asked for.
    asked: BTreeMap<String, usize>,
}

pub struct Issuer {
    /// `iss` of its tokens.
    pub url: String,
    /// What its webhooks are signed with.
    pub secret: SigningSecret,
    keys: BTreeMap<String, Key>,
    state: Arc<Mutex<State>>,
    _server: AbortOnDropHandle<()>,
}

pub const DISCOVERY: &str = "/.well-known/openid-configuration";
pub const KEYS: &str = "/keys";

/// A new key of this kind, named like it.
fn key(kid: &str, algorithm: Algorithm) -> Key {
    let b64 = |bytes: &[u8]| BASE64.encode(bytes);
    let (signing, mut jwk) = match algorithm {
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::generate().expect("a key");
            let der = pair.to_pkcs8v1().expect("DER");
            let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref()) });
            (EncodingKey::from_ed_der(der.as_ref()), jwk)
        }
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
            let der = pair.to_pkcs8v1().expect("DER");
            let point = pair.public_key().as_ref().to_vec();
            let jwk = json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) });
            (EncodingKey::from_ec_der(der.as_ref()), jwk)
        }
        _ => {
            let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
            let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
            let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect("DER");
            // Without what PKCS#8 has in front of an RSA key of this size: the library signs with the PKCS#1 inside.
            let signing = EncodingKey::from_rsa_der(&der.as_ref()[26..]);
            (signing, json!({ "kty": "RSA", "n": b64(&public.n), "e": b64(&public.e) }))
        }
    };
    jwk["kid"] = json!(kid);
    jwk["use"] = json!("sig");
    Key { signing, algorithm, jwk }
}

impl Issuer {
    /// With one key of each kind: `RS256`, `ES256` and `EdDSA`.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = State { published: Vec::new(), mood: Mood::Usual, asked: BTreeMap::new() };
        let state = Arc::new(Mutex::new(state));
        let (shared, own) = (state.clone(), url.clone());
        let app = axum::Router::new().fallback(move |uri: Uri| {
            let (shared, own) = (shared.clone(), own.clone());
            async move { answer(&shared, &own, uri.path()).await }
        });
        let server = AbortOnDropHandle::new(tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        }));
        let secret = SigningSecret::generate(&Entropy::from_os());
        let mut issuer = Self { url, secret, keys: BTreeMap::new(), state, _server: server };
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
            issuer.add(&format!("{algorithm:?}"), algorithm);
        }
        issuer
    }

    /// Publishes a further key.
    pub fn add(&mut self, kid: &str, algorithm: Algorithm) {
        self.keep(kid, algorithm);
        let jwk = self.jwk(kid).clone();
        self.state().published.push(jwk);
    }

    /// Has a further key that it does not publish.
    pub fn keep(&mut self, kid: &str, algorithm: Algorithm) {
        self.keys.insert(kid.to_owned(), key(kid, algorithm));
    }

    /// Publishes a key no more.
    pub fn withdraw(&self, kid: &str) {
        self.state().published.retain(|jwk| jwk["kid"] != kid);
    }

    /// Publishes this as well, whatever it is.
    pub fn publish(&self, jwk: Value) {
        self.state().published.push(jwk);
    }

    /// The public half of a key.
    pub fn jwk(&self, kid: &str) -> &Value {
        &self.keys[kid].jwk
    }

    pub fn mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.state().asked.get(path).copied().unwrap_or_default()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// A token of this key.
    pub fn sign(&self, kid: &str, claims: &Value) -> String {
        self.sign_as(kid, kid, claims)
    }

    /// A token of this key that says it is of that one.
    pub fn sign_as(&self, kid: &str, named: &str, claims: &Value) -> String {
        let key = &self.keys[kid];
        let header = Header { kid: Some(named.to_owned()), ..Header::new(key.algorithm) };
        self.sign_with(kid, &header, claims)
    }

    /// A token with this header.
    pub fn sign_with(&self, kid: &str, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.keys[kid].signing).expect("a token")
    }

    /// What every token of a user says, good for a minute.
    pub fn claims(&self, subject: &str) -> Value {
        let now = start().timestamp();
        json!({ "iss": self.url, "sub": subject, "iat": now, "nbf": now, "exp": now + 60, "azp": "https://admin.example" })
    }

    /// A session token as Clerk has it.
    pub fn clerk_token(&self, subject: &str, organization: &str, role: &str) -> String {
        let mut claims = self.claims(subject);
        claims["org_id"] = json!(organization);
        claims["org_role"] = json!(role);
        self.sign("RS256", &claims)
    }

    /// What the operator says of it: by Clerk's preset, with webhooks.
    pub fn clerk(&self, name: &str) -> Value {
        json!({ "name": name, "preset": "clerk", "issuer": self.url, "authorized_parties": ["https://admin.example"],
            "webhook_secrets": [self.secret.reveal()],
            "new_shop": { "currency": "EUR", "country": "DE", "shipping_rate": "4.90" } })
    }

    /// What the operator says of it: by claims of its own, that name tenants by our names for them.
    pub fn generic(&self, name: &str) -> Value {
        json!({ "name": name, "issuer": self.url, "audiences": ["https://api.example", "https://api2.example"],
            "tenants": "own", "claims": { "tenant": "https://shops.example/tenant", "user": "/uid", "role": "groups" },
            "roles": { "bosses": "owner", "office": "admin", "till": "editor" } })
    }

    /// A token for [`generic`](Self::generic).
    pub fn generic_claims(&self, subject: &str, tenant: &Value, groups: &Value) -> Value {
        let mut claims = self.claims("somebody else's");
        claims["uid"] = json!(subject);
        claims["aud"] = json!("https://api.example");
        claims["https://shops.example/tenant"] = tenant.clone();
        claims["groups"] = groups.clone();
        claims
    }

    /// The headers of a webhook that is sent at this second of the test.
    pub fn signed(&self, id: &str, second: i64, body: &str) -> [(&'static str, String); 3] {
        let timestamp = start().timestamp() + second;
        let signature = self.secret.sign(id, timestamp, body);
        [("svix-id", id.to_owned()), ("svix-timestamp", timestamp.to_string()), ("svix-signature", signature)]
    }
}

async fn answer(state: &Mutex<State>, own: &str, path: &str) -> Response {
    let (mood, keys) = {
        let mut state = state.lock().expect("no holder panics");
        *state.asked.entry(path.to_owned()).or_default() += 1;
        (state.mood.clone(), json!({ "keys": state.published }))
    };
    let usual = match path {
        DISCOVERY => {
            json!({ "issuer": own, "jwks_uri": format!("{own}{KEYS}"), "id_token_signing_alg_values_supported": ["none"] })
        }
        KEYS => keys,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let said = |said: Value| ([("content-type", "application/json")], said.to_string()).into_response();
    match mood {
        Mood::Usual => said(usual),
        Mood::Away => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Held(gate) => {
            gate.acquire().await.expect("never closed").forget();
            said(usual)
        }
        Mood::Lies(at, lie) => said(if at == path { lie } else { usual }),
        Mood::Redirects(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
        Mood::Endless => vec![b' '; 1 << 20].into_response(),
    }
}

impl TestApp {
    /// With these providers.
    pub async fn trusting(providers: &[Value]) -> Self {
        Self::with(&[("IDENTITY_PROVIDERS", json!(providers).to_string().as_str())]).await
    }

    /// Sends a webhook of the provider that the operator calls so; answers the answer.
    pub async fn webhook(&self, provider: &str, headers: &[(&str, String)], body: &str) -> Answer {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send("POST", &format!("/webhooks/identity/{provider}"), &headers, body.to_owned()).await
    }

    /// Has the provider `clerk` tell something, which must be taken; answers what became of it.
    pub async fn told(&self, issuer: &Issuer, id: &str, event: &Value) -> String {
        let body = event.to_string();
        let answer = self.webhook("clerk", &issuer.signed(id, 0, &body), &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()["outcome"].as_str().expect("an outcome").to_owned()
    }
}

/// An event as Clerk has it, which came true at this second.
pub fn event(kind: &str, second: i64, data: &Value) -> Value {
    let timestamp = start().timestamp_millis() - 1_000_000 + second * 1000;
    json!({ "object": "event", "type": kind, "timestamp": timestamp, "data": data })
}

/// `organization.created`, `.updated`, `.deleted`.
pub fn organization(what: &str, second: i64, id: &str, name: &str) -> Value {
    let data = json!({ "id": id, "object": "organization", "name": name, "slug": name.to_lowercase() });
    event(&format!("organization.{what}"), second, &data)
}

/// `organizationMembership.created`, `.updated`, `.deleted`: of a user, under this name.
pub fn membership(what: &str, second: i64, id: &str, organization: &str, user: &str, role: &str) -> Value {
    let data = json!({ "id": id, "object": "organization_membership", "role": role,
        "organization": { "id": organization, "object": "organization" },
        "public_user_data": { "user_id": user, "identifier": format!("{user}@shop.example"), "first_name": user } });
    event(&format!("organizationMembership.{what}"), second, &data)
}
