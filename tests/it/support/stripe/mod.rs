//! A small Stripe: customers, prices, checkouts, subscriptions, invoices, idempotency keys, and events of what happens there.
//!
//! Whatever it answers is read by async-stripe's own type before it is sent: what those types do not take, it does not say.

mod answers;
mod fees;
mod form;
mod life;
mod objects;
mod shop;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::oneshot;

use self::form::Form;
pub use self::shop::Billing;
use super::start;

pub const KEY: &str = "sk_test_of_the_double";
pub const SECRET: &str = "whsec_of_the_double_of_stripe";

/// How the next request goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// It is answered with this status, and not done.
    Status(u16),
    /// It is done, and never answered.
    Silence,
}

/// A request that has come.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub key: Option<String>,
}

pub struct StripeDouble {
    state: Arc<Mutex<State>>,
    pub address: SocketAddr,
}

#[derive(Default)]
struct State {
    now: i64,
    serial: u64,
    customers: BTreeMap<String, Value>,
    prices: BTreeMap<String, Value>,
    sessions: BTreeMap<String, Value>,
    /// What a session was made with.
    wishes: BTreeMap<String, Form>,
    subscriptions: BTreeMap<String, Value>,
    /// In the order in which they were made.
    invoices: Vec<Value>,
    /// What waits for an invoice, or is on one.
    items: Vec<Value>,
    events: Vec<Value>,
    /// What was answered under a key, and to what.
    kept: HashMap<String, (String, (u16, Value))>,
    troubles: VecDeque<Trouble>,
    troubles_at: VecDeque<(String, Trouble)>,
    /// What waits until it is let go.
    held: VecDeque<(String, oneshot::Receiver<()>)>,
    asked: Vec<Asked>,
    /// Whether cards are declined.
    declines: bool,
    /// A currency in which nothing is taken.
    refuses: Option<String>,
    /// Pages on which somebody is paying.
    paying: BTreeSet<String>,
    /// Whether nothing is told any more of what deleted customers had.
    hides_deleted: bool,
}

impl State {
    /// What a request waits for.
    fn held(&mut self, method: &str, path: &str) -> Option<oneshot::Receiver<()>> {
        let asked = format!("{method} {path}");
        let at = self.held.iter().position(|(of, _)| *of == asked)?;
        self.held.remove(at).map(|(_, held)| held)
    }

    /// What goes wrong with a request.
    fn trouble(&mut self, method: &str, path: &str) -> Option<Trouble> {
        let asked = format!("{method} {path}");
        let at = self.troubles_at.iter().position(|(of, _)| *of == asked);
        at.and_then(|at| self.troubles_at.remove(at)).map(|(_, trouble)| trouble).or_else(|| self.troubles.pop_front())
    }

    fn id(&mut self, prefix: &str) -> String {
        self.serial += 1;
        format!("{prefix}_{:06}", self.serial)
    }

    /// Tells of something that has happened.
    fn tell(&mut self, kind: &str, object: &Value) {
        let id = self.id("evt");
        let event = objects::event(&id, self.now, kind, object);
        self.events.push(event);
    }
}

impl StripeDouble {
    pub async fn start() -> Self {
        let state = State { now: start().timestamp(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { state, address }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next requests go wrong like this, one after the other.
    pub fn trouble(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.state().troubles.extend(troubles);
    }

    /// The next such request does, beside those.
    pub fn trouble_at(&self, method: &str, path: &str, trouble: Trouble) {
        self.state().troubles_at.push_back((format!("{method} {path}"), trouble));
    }

    /// The next such request waits, before anything is done, until it is let go.
    pub fn hold(&self, method: &str, path: &str) -> oneshot::Sender<()> {
        let (let_go, held) = oneshot::channel();
        self.state().held.push_back((format!("{method} {path}"), held));
        let_go
    }

    /// Nothing goes wrong any more.
    pub fn fine(&self) {
        self.state().troubles.clear();
    }

    /// From now on cards are declined, or are not.
    pub fn declines(&self, declines: bool) {
        self.state().declines = declines;
    }

    /// What has been asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// How often this was asked.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method == method && asked.path == path).count()
    }

    /// How many customers there are.
    pub fn customers(&self) -> usize {
        self.state().customers.len()
    }

    /// The events since the last time.
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut self.state().events)
    }

    /// Time goes by.
    pub fn advance(&self, seconds: i64) {
        self.state().now += seconds;
    }
}

/// The header with which Stripe sends a body at a time.
pub fn signature(secret: &str, time: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{time}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={hex},v0=00")
}

async fn answer(Shared(state): Shared<Arc<Mutex<State>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let key = header("idempotency-key");
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let held = {
        let mut state = state.lock().expect("no holder panics");
        state.asked.push(Asked { method: method.clone(), path: path.clone(), key: key.clone() });
        state.held(&method, &path)
    };
    if let Some(held) = held {
        held.await.expect("let go");
    }
    let (status, value, is_silent) = {
        let mut state = state.lock().expect("no holder panics");
        let sent = [parts.uri.query().unwrap_or_default(), std::str::from_utf8(&body).expect("text")];
        let form = Form::read(&sent.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&"));
        match state.trouble(&method, &path) {
            Some(Trouble::Status(status)) => {
                (status, objects::error("api_error", Some("lock_timeout"), "Something is wrong."), false)
            }
            trouble => {
                let is_allowed = header("authorization").as_deref() == Some(&format!("Bearer {KEY}"))
                    && header("stripe-version").as_deref() == Some(emporia::billing::stripe::api_version());
                let (status, value) = match is_allowed {
                    true => once(&mut state, key, (&method, &path), &form),
                    false => (401, objects::error("invalid_request_error", None, "Invalid API Key provided.")),
                };
                (status, value, trouble.is_some())
            }
        }
    };
    if is_silent {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// Does what is asked, once under its key.
fn once(state: &mut State, key: Option<String>, request: (&str, &str), form: &Form) -> (u16, Value) {
    let Some(key) = key else { return answers::answer(state, request, form) };
    let sent = format!("{request:?} {form:?}");
    if let Some((before, answered)) = state.kept.get(&key) {
        if *before == sent {
            return answered.clone();
        }
        let message =
            "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        return (400, objects::error("idempotency_error", None, message));
    }
    let answered = answers::answer(state, request, form);
    state.kept.insert(key, (sent, answered.clone()));
    answered
}

/// The settings of a process that has an account at it.
pub fn settings(double: &StripeDouble) -> [(&'static str, String); 3] {
    [
        ("STRIPE_SECRET_KEY", KEY.to_owned()),
        ("STRIPE_WEBHOOK_SECRETS", SECRET.to_owned()),
        ("STRIPE_API_URL", double.url()),
    ]
}
