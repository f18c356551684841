//! A client of the API that knows what it does not know: no answer, or one that tells of a failure, leaves open whether
//! the request had an effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::PATIENCE;
use super::house::{Addresses, an_api, pause};

/// Nobody knows whether it has happened.
#[derive(Debug)]
pub struct Unanswered;

#[derive(Clone)]
pub struct Client {
    addresses: Addresses,
    http: reqwest::Client,
    /// Requests sent so far: they go to both APIs in turns.
    turn: usize,
    /// Requests without an answer, of all clients.
    pub unanswered: Arc<AtomicUsize>,
}

impl Client {
    pub fn new(addresses: Addresses) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE / 4).build().expect("a client");
        Self { addresses, http, turn: 0, unanswered: Arc::default() }
    }

    /// Sends one operation once; answers its data. Panics when it is refused.
    pub async fn ask(
        &mut self,
        key: &str,
        query: &str,
        variables: &Value,
        idempotency_key: Option<&str>,
    ) -> Result<Value, Unanswered> {
        self.turn += 1;
        let address = an_api(&mut self.addresses, self.turn).await;
        let mut request = self
            .http
            .post(format!("http://{address}/graphql"))
            .header("content-type", "application/json")
            .header("x-api-key", key)
            .body(json!({ "query": query, "variables": variables }).to_string());
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let answer = async {
            let response = request.send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.text().await?))
        };
        let answer = answer.await.ok().and_then(|(status, text)| data(status.as_u16(), &text));
        answer.ok_or_else(|| {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
            Unanswered
        })
    }

    /// Sends the same until it is answered.
    pub async fn until_answered(
        &mut self,
        key: &str,
        query: &str,
        variables: Value,
        idempotency_key: Option<&str>,
    ) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(data) = self.ask(key, query, &variables, idempotency_key).await {
                return data;
            }
            assert!(Instant::now() < deadline, "never answered: {query} {variables}");
            pause().await;
        }
    }
}

/// The data, unless the answer is none.
fn data(status: u16, text: &str) -> Option<Value> {
    if status >= 500 {
        return None;
    }
    let mut body: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{status}: {text}"));
    if let Some(errors) = body["errors"].as_array() {
        let is_failure = |error: &Value| error["extensions"]["code"] == "INTERNAL_SERVER_ERROR";
        assert!(errors.iter().all(is_failure), "refused: {status}: {text}");
        return None;
    }
    Some(body["data"].take())
}
