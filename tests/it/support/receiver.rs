//! A merchant's server: a real one on 127.0.0.1 that remembers what it was sent.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

/// How the receiver answers.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16, String),
    /// Leads elsewhere.
    Redirect(String),
    /// Accepts the request and never says anything.
    Hang,
    /// Says yes when there is a permit to do so.
    Held(Arc<Semaphore>),
    /// Says yes, and goes on for ever.
    Endless,
    /// Says now this and now that, by the number of requests that came before.
    Moody(fn(usize) -> Reply),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("text")
    }
}

#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    state: Arc<Mutex<State>>,
    _server: Arc<AbortOnDropHandle<()>>,
}

struct State {
    usual: Reply,
    received: Vec<Received>,
}

impl Receiver {
    /// Answers everything like this.
    pub async fn start(usual: Reply) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State { usual, received: Vec::new() }));
        let shared = state.clone();
        let app = axum::Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let reply = {
                let mut state = shared.lock().expect("no holder panics");
                let before = state.received.len();
                state.received.push(Received { path: uri.path().to_owned(), headers, body });
                match state.usual.clone() {
                    Reply::Moody(mood) => mood(before),
                    usual => usual,
                }
            };
            answer(reply).await
        });
        let app = app.layer(DefaultBodyLimit::disable());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { port, state, _server: Arc::new(AbortOnDropHandle::new(server)) }
    }

    pub async fn accepting() -> Self {
        Self::start(Reply::Status(200, "thanks".to_owned())).await
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// Answers from now on like this.
    pub fn reply(&self, usual: Reply) {
        self.state.lock().expect("no holder panics").usual = usual;
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.lock().expect("no holder panics").received.clone()
    }
}

async fn answer(reply: Reply) -> Response {
    match reply {
        Reply::Status(status, text) => (StatusCode::from_u16(status).expect("a status"), text).into_response(),
        Reply::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Reply::Hang => std::future::pending().await,
        Reply::Held(gate) => {
            gate.acquire().await.expect("never closed").forget();
            StatusCode::OK.into_response()
        }
        Reply::Endless => {
            let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'y'; 8192])));
            Body::from_stream(chunks).into_response()
        }
        Reply::Moody(_) => unreachable!("a mood is one of the others"),
    }
}
