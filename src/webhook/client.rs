//! Sending one attempt: bounded in size here, in time by its policy, and never into a private network.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use super::health::Verdict;
use super::model::{MAX_EXCERPT, endpoint, excerpt};
use crate::config::WebhookConfig;
use crate::error::Fault;
use crate::outside::http::{Lookup, SYSTEM, guarded};
use crate::outside::{Breaker, Failed, NotDone, Policy};
use crate::telemetry::trace;

/// A response is read up to here; what is behind it does not matter.
const MAX_RESPONSE: usize = 64 << 10;
const MAX_ERROR: usize = 512;
const TIMED_OUT: &str = "timed out";

/// What is sent.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    pub uri: &'a str,
    pub id: &'a str,
    pub timestamp: i64,
    pub signature: &'a str,
    /// Whether it is an example that the merchant asked for.
    pub is_test: bool,
    pub body: String,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: Option<u16>,
    pub duration: Duration,
    pub excerpt: Option<String>,
    pub error: Option<String>,
}

impl Answer {
    /// What it says of the endpoint. Taken is any 2xx, answered in time.
    pub fn verdict(&self) -> Verdict {
        match self.status {
            Some(200..=299) if self.error.is_none() => Verdict::Taken,
            Some(410) => Verdict::Gone,
            _ => Verdict::Failed,
        }
    }
}

/// How endpoints are called, each with a circuit of its own: one attempt, since each delivery has its schedule in the database.
/// The longest rest is short: a merchant who has mended their endpoint waits for it.
pub fn policy(config: &WebhookConfig) -> Policy {
    let breaker = Breaker { failures: 10, rest: TimeDelta::seconds(5), longest_rest: TimeDelta::seconds(60) };
    Policy { timeout: config.timeout, attempts: 1, wait: Duration::ZERO, breaker }
}

/// What has come of an answer so far: an attempt may end at any time.
#[derive(Default)]
pub struct Heard(Mutex<Part>);

#[derive(Default)]
struct Part {
    status: Option<u16>,
    body: Vec<u8>,
}

impl Heard {
    /// The answer, when the attempt has ended like this.
    pub fn answer(self, duration: Duration, done: Result<(), NotDone<String>>) -> Answer {
        let Part { status, body } = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let error = done.err().map(|not_done| match not_done {
            NotDone::Refused(error) | NotDone::Away(error) => error,
            NotDone::TimedOut | NotDone::Resting => TIMED_OUT.to_owned(),
        });
        Answer { status, duration, excerpt: status.map(|_| excerpt(&body, MAX_EXCERPT)), error }
    }

    fn part(&self) -> MutexGuard<'_, Part> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends messages. One per process: it keeps connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    allow_private: bool,
}

impl Client {
    pub fn new(config: &WebhookConfig) -> Result<Self, Fault> {
        Self::with_lookup(config, SYSTEM)
    }

    fn with_lookup(config: &WebhookConfig, lookup: Lookup) -> Result<Self, Fault> {
        let http = guarded(lookup, config.allow_private)
            .user_agent(concat!("Emporia-Webhooks/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Fault::internal(format!("the webhook client: {error}")))?;
        Ok(Self { http, allow_private: config.allow_private })
    }

    /// Sends. It has no time limit of its own; what has been heard when it ends is there.
    pub async fn send(&self, message: Message<'_>, heard: &Heard) -> Result<(), Failed<String>> {
        let url =
            endpoint(message.uri, self.allow_private).map_err(|bad| Failed::Refused(format!("the address {bad}")))?;
        let request = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signature);
        let request = if message.is_test { request.header("webhook-test", "true") } else { request };
        let request = match trace::traceparent() {
            Some(traceparent) => request.header(trace::TRACEPARENT, traceparent),
            None => request,
        };
        let away = |error: reqwest::Error| Failed::Away(explain(&error));
        let mut response = request.body(message.body).send().await.map_err(away)?;
        let status = response.status().as_u16();
        heard.part().status = Some(status);
        while let Some(chunk) = response.chunk().await.map_err(away)? {
            let body = &mut heard.part().body;
            body.extend_from_slice(&chunk[..chunk.len().min(MAX_RESPONSE - body.len())]);
            if body.len() >= MAX_RESPONSE {
                break;
            }
        }
        let error = || format!("answered {status}; expected 2xx");
        match status {
            200..=299 => Ok(()),
            // It is there, and has too much to do, or cannot.
            429 | 500.. => Err(Failed::Away(error())),
            _ => Err(Failed::Refused(error())),
        }
    }
}

/// The reason behind an error, for the merchant: the last link of the chain says what happened.
fn explain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return TIMED_OUT.to_owned();
    }
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    excerpt(last.to_string().as_bytes(), MAX_ERROR)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use futures_util::FutureExt;
    use tokio::net::TcpListener;

    use super::*;

    fn config(allow_private: bool) -> WebhookConfig {
        WebhookConfig { allow_private, timeout: Duration::from_secs(5), retry: Vec::new() }
    }

    fn message(uri: &str) -> Message<'_> {
        Message { uri, id: "msg_1", timestamp: 1, signature: "v1,x", is_test: false, body: "{}".to_owned() }
    }

    async fn sent(client: &Client, uri: &str) -> Answer {
        let heard = Heard::default();
        let done = client.send(message(uri), &heard).await.map_err(|failed| match failed {
            Failed::Refused(error) => NotDone::Refused(error),
            Failed::Away(error) => NotDone::Away(error),
        });
        heard.answer(Duration::ZERO, done)
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_refused_when_it_is_called() {
        let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://shop.example:{}/", here.local_addr().unwrap().port());
        // Whatever the name, it leads to this machine.
        let client = |allow_private| {
            let lookup: Lookup = |_| Box::pin(async { Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]) });
            Client::with_lookup(&config(allow_private), lookup).unwrap()
        };
        let answer = sent(&client(false), &uri).await;
        assert_eq!(answer.error.as_deref(), Some("shop.example has no public address"));
        assert!(here.accept().now_or_never().is_none(), "nobody called");
        let allowing = client(true);
        tokio::select! {
            called = here.accept() => assert!(called.is_ok()),
            answer = sent(&allowing, &uri) => panic!("where it is allowed, it leads here: {answer:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_answered_like_one_that_leads_inside() {
        let lookup: Lookup = |_| Box::pin(async { Err(std::io::Error::other("no such name")) });
        let client = Client::with_lookup(&config(false), lookup).unwrap();
        let answer = sent(&client, "http://shop.example/").await;
        assert_eq!(answer.error.as_deref(), Some("shop.example has no public address"));
    }

    #[tokio::test]
    async fn names_are_looked_up_where_the_system_does() {
        let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://localhost:{}/", here.local_addr().unwrap().port());
        let client = Client::new(&config(true)).unwrap();
        tokio::select! {
            called = here.accept() => assert!(called.is_ok()),
            answer = sent(&client, &uri) => panic!("not here: {answer:?}"),
        }
    }

    #[tokio::test]
    async fn a_private_address_is_refused_before_anything_is_sent() {
        for uri in ["http://127.0.0.1:9/", "http://[::ffff:127.0.0.1]:9/", "http://2130706433:9/"] {
            let answer = sent(&Client::new(&config(false)).unwrap(), uri).await;
            assert!(answer.verdict() == Verdict::Failed && answer.status.is_none());
            assert!(answer.error.unwrap().contains("not a public address"), "{uri}");
        }
    }
}
