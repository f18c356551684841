//! One request to Stripe, over the HTTP client that the crate has already: async-stripe builds what is sent and reads what is
//! answered. Repeating is `outside`'s.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use stripe_client_core::{CustomizedStripeRequest, RequestStrategy, StripeClient, StripeClientErr, StripeMethod};

use super::api_version;
use crate::config::StripeAccount;

/// Bytes of an answer at most.
const MAX_ANSWER: usize = 8 << 20;
/// Characters of what Stripe says that are kept.
const MAX_MESSAGE: usize = 500;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// What Stripe says against it.
    #[error("Stripe answered {status} ({}): {message}", code.as_deref().unwrap_or("without a code"))]
    Said { status: u16, code: Option<String>, message: String },
    #[error("Stripe was not reached: {0}")]
    Network(String),
    #[error("Stripe answered what is not understood: {0}")]
    Unreadable(String),
}

impl StripeError {
    /// Whether it may go well the next time.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Said { status, .. } => matches!(status, 409 | 424 | 429 | 500..),
            Self::Network(_) => true,
            Self::Unreadable(_) => false,
        }
    }

    /// Whether there is no such thing as was named.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Said { status: 400 | 404, code: Some(code), .. } if code == "resource_missing")
    }

    /// Why a payment failed, in words for who pays; none: it is something else.
    pub fn payment_failed(&self) -> Option<&str> {
        match self {
            Self::Said { status: 402, message, .. } => Some(message),
            _ => None,
        }
    }
}

impl StripeClientErr for StripeError {
    fn deserialize_err(message: impl std::fmt::Display) -> Self {
        Self::Unreadable(message.to_string())
    }
}

/// Sends requests.
pub struct Client {
    http: Result<reqwest::Client, String>,
    base: String,
    authorization: HeaderValue,
}

impl Client {
    pub fn new(account: &StripeAccount) -> Self {
        // The operator has named it: it may be in a private network.
        let http = crate::outside::http::outbound(true).connect_timeout(Duration::from_secs(5));
        let http = http.user_agent(concat!("Emporia/", env!("CARGO_PKG_VERSION"))).build();
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", account.key.reveal())).expect("checked with the settings");
        authorization.set_sensitive(true);
        Self { http: http.map_err(|error| format!("the client: {error}")), base: account.url.clone(), authorization }
    }

    async fn answer(&self, request: CustomizedStripeRequest) -> Result<Bytes, StripeError> {
        let (request, how) = request.into_pieces();
        let http = self.http.as_ref().map_err(|error| StripeError::Network(error.clone()))?;
        let query =
            request.query.filter(|query| !query.is_empty()).map(|query| format!("?{query}")).unwrap_or_default();
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let mut asked = http
            .request(method, format!("{}/v1{}{query}", self.base, request.path))
            .header(AUTHORIZATION, self.authorization.clone())
            .header("stripe-version", api_version());
        if let Some(key) = how.request_strategy.as_ref().and_then(RequestStrategy::get_key) {
            asked = asked.header("idempotency-key", key.as_str());
        }
        if let Some(body) = request.body {
            asked = asked.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        }
        let network = |error: reqwest::Error| StripeError::Network(error.without_url().to_string());
        let mut answer = asked.send().await.map_err(network)?;
        let (status, mut body) = (answer.status(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(network)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Err(StripeError::Unreadable(format!("more than {MAX_ANSWER} bytes")));
            }
        }
        if status == StatusCode::OK { Ok(body.into()) } else { Err(said(status.as_u16(), &body)) }
    }
}

impl StripeClient for Client {
    type Err = StripeError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, StripeError> {
        self.answer(request).await
    }
}

/// What Stripe says that is wrong, as much of it as there is.
fn said(status: u16, body: &[u8]) -> StripeError {
    #[derive(Default, Deserialize)]
    struct Whole {
        error: Part,
    }
    #[derive(Default, Deserialize)]
    struct Part {
        code: Option<String>,
        decline_code: Option<String>,
        message: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    let Part { code, decline_code, message, kind } = serde_json::from_slice::<Whole>(body).unwrap_or_default().error;
    let message = message.unwrap_or_else(|| "without a word".to_owned()).chars().take(MAX_MESSAGE).collect();
    StripeError::Said { status, code: decline_code.or(code).or(kind), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_well_the_next_time_is_told_from_what_does_not() {
        let of = |status| said(status, b"<html>");
        assert!([409, 424, 429, 500, 503].into_iter().all(|status| of(status).is_away()));
        assert!([400, 401, 402, 403, 404].into_iter().all(|status| !of(status).is_away()));
        assert!(StripeError::Network("gone".to_owned()).is_away());
    }

    #[test]
    fn a_payment_that_failed_is_told_in_stripes_words() {
        let body =
            br#"{"error": {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}}"#;
        assert_eq!(said(402, body).payment_failed(), Some("Your card was declined."));
        assert_eq!(said(400, body).payment_failed(), None);
        assert!(said(402, body).to_string().contains("card_declined"));
    }
}
