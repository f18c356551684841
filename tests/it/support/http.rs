//! Requests as a client sends them, and the real server on a port of its own.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use emporia::app::App;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::TestApp;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {self:?}"))
            .to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

impl TestApp {
    /// Sends a request through the router, headers as given and no other.
    pub async fn send(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 20 << 20).await.expect("a body");
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).expect("UTF-8") }
    }

    /// A `POST /graphql` of this JSON with a key and more headers.
    pub async fn post_json(&self, key: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let mut headers = vec![("content-type", "application/json"), ("x-api-key", key)];
        headers.extend_from_slice(more);
        self.send("POST", "/graphql", &headers, body.to_string()).await
    }

    /// One operation, answered as `application/graphql-response+json`.
    pub async fn ask(&self, key: &str, query: &str) -> Answer {
        self.post_json(key, &json!({ "query": query }), &[("accept", "application/graphql-response+json")]).await
    }

    /// Starts the real server on a free port.
    pub async fn serve(&self) -> TestServer {
        TestServer::of(self.app.clone()).await
    }
}

/// The server; stopped when dropped.
pub struct TestServer {
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub running: JoinHandle<Result<(), emporia::error::Fault>>,
}

impl TestServer {
    /// Of a process that a test has put together itself.
    pub async fn of(app: App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let running = tokio::spawn(emporia::http::serve(app, listener, stop.clone()));
        Self { address, stop, running }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
