//! Sending one attempt: bounded in time and size, and never into a private network.
//!
//! Addresses are checked where the connection is made. A name's addresses in the resolver, whose answer is what is
//! connected to, so that a name cannot say one thing when checked and another when used; an IP literal after URL
//! parsing, since no resolver is asked for it. No redirect is followed and no proxy of the environment is used:
//! both would lead past these checks.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::address::is_public;
use super::health::Verdict;
use super::model::{MAX_EXCERPT, endpoint, excerpt};
use crate::config::WebhookConfig;
use crate::error::Fault;
use crate::telemetry::trace;

/// A response is read up to here; what is behind it does not matter.
const MAX_RESPONSE: usize = 64 << 10;
const MAX_ERROR: usize = 512;

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

/// What calls an address that somebody else has chosen, whose IP literals [`endpoint`] has looked at: for whoever calls
/// outwards. It has no time limit.
pub fn outbound(allow_private: bool) -> reqwest::ClientBuilder {
    guarded(SYSTEM, allow_private)
}

fn guarded(lookup: Lookup, allow_private: bool) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(30))
        .dns_resolver(Arc::new(Guarded { lookup, allow_private }))
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
            .timeout(config.timeout)
            .build()
            .map_err(|error| Fault::internal(format!("the webhook client: {error}")))?;
        Ok(Self { http, allow_private: config.allow_private })
    }

    /// Sends, and says how it went: never fails otherwise.
    pub async fn send(&self, message: Message<'_>) -> Answer {
        let started = Instant::now();
        let mut answer = Answer { status: None, duration: Duration::ZERO, excerpt: None, error: None };
        if let Err(error) = self.exchange(message, &mut answer).await {
            answer.error = Some(error);
        }
        answer.duration = started.elapsed();
        answer
    }

    async fn exchange(&self, message: Message<'_>, answer: &mut Answer) -> Result<(), String> {
        let url = endpoint(message.uri, self.allow_private).map_err(|bad| format!("the address {bad}"))?;
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
        let request = request.body(message.body);
        let mut response = request.send().await.map_err(|error| explain(&error))?;
        answer.status = Some(response.status().as_u16());
        let mut body = Vec::new();
        while body.len() < MAX_RESPONSE {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk[..chunk.len().min(MAX_RESPONSE - body.len())]),
                Ok(None) => break,
                Err(error) => {
                    answer.excerpt = Some(excerpt(&body, MAX_EXCERPT));
                    return Err(explain(&error));
                }
            }
        }
        answer.excerpt = Some(excerpt(&body, MAX_EXCERPT));
        if !(200..300).contains(&response.status().as_u16()) {
            return Err(format!("answered {}; expected 2xx", response.status().as_u16()));
        }
        Ok(())
    }
}

/// The reason behind an error, for the merchant: the last link of the chain says what happened.
fn explain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    excerpt(last.to_string().as_bytes(), MAX_ERROR)
}

/// Asks for the addresses of a name.
type Lookup = fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;

/// Asks where the system does.
const SYSTEM: Lookup = |name| Box::pin(async move { Ok(lookup_host((name, 0)).await?.collect()) });

/// Resolves names to addresses that may be called.
struct Guarded {
    lookup: Lookup,
    allow_private: bool,
}

/// A name that leads nowhere we may go.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no public address", self.0)
    }
}

impl Error for Refused {}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { lookup, allow_private } = *self;
        Box::pin(async move {
            // One answer for a name that does not exist and one that leads into the operator's network: which names
            // there are is nobody's business.
            let mut allowed = lookup(name.as_str().to_owned()).await.unwrap_or_default();
            allowed.retain(|address| allow_private || is_public(address.ip()));
            if allowed.is_empty() {
                return Err(Refused(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::net::TcpListener;

    use super::*;

    fn config(allow_private: bool) -> WebhookConfig {
        WebhookConfig { allow_private, timeout: Duration::from_secs(5), retry: Vec::new() }
    }

    fn message(uri: &str) -> Message<'_> {
        Message { uri, id: "msg_1", timestamp: 1, signature: "v1,x", is_test: false, body: "{}".to_owned() }
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
        let answer = client(false).send(message(&uri)).await;
        assert_eq!(answer.error.as_deref(), Some("shop.example has no public address"));
        assert!(here.accept().now_or_never().is_none(), "nobody called");
        let allowing = client(true);
        tokio::select! {
            called = here.accept() => assert!(called.is_ok()),
            answer = allowing.send(message(&uri)) => panic!("where it is allowed, it leads here: {answer:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_answered_like_one_that_leads_inside() {
        let lookup: Lookup = |_| Box::pin(async { Err(std::io::Error::other("no such name")) });
        let client = Client::with_lookup(&config(false), lookup).unwrap();
        let answer = client.send(message("http://shop.example/")).await;
        assert_eq!(answer.error.as_deref(), Some("shop.example has no public address"));
    }

    #[tokio::test]
    async fn names_are_looked_up_where_the_system_does() {
        let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://localhost:{}/", here.local_addr().unwrap().port());
        let client = Client::new(&config(true)).unwrap();
        tokio::select! {
            called = here.accept() => assert!(called.is_ok()),
            answer = client.send(message(&uri)) => panic!("not here: {answer:?}"),
        }
    }

    #[tokio::test]
    async fn a_private_address_is_refused_before_anything_is_sent() {
        for uri in ["http://127.0.0.1:9/", "http://[::ffff:127.0.0.1]:9/", "http://2130706433:9/"] {
            let answer = Client::new(&config(false)).unwrap().send(message(uri)).await;
            assert!(answer.verdict() == Verdict::Failed && answer.status.is_none());
            assert!(answer.error.unwrap().contains("not a public address"), "{uri}");
        }
    }
}
