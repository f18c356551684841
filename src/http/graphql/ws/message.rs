//! The protocol's messages as JSON.

use async_graphql::{Response, ServerError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::context::{Credentials, KEY_HEADERS, TENANT_HEADER, bearer};
use crate::http::graphql::answer::{Body, json, too_long};
use crate::http::graphql::params::Params;

/// An operation's id at most: clients send numbers or uuids.
const MAX_ID: usize = 128;

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    ConnectionInit { payload: Option<Map<String, Value>> },
    Ping { payload: Option<Map<String, Value>> },
    Pong,
    Subscribe { id: String, payload: Params },
    Complete { id: String },
}

impl FromClient {
    /// Reads a message; the error's text is for the close frame.
    pub fn parse(text: &str) -> Result<Self, String> {
        let message = serde_json::from_str(text).map_err(|error| format!("not a message of the protocol: {error}"))?;
        if let Self::Subscribe { id, .. } = &message
            && !(1..=MAX_ID).contains(&id.len())
        {
            return Err(format!("an operation's id has 1 to {MAX_ID} bytes"));
        }
        Ok(message)
    }
}

/// The key, the token and the tenant that `connection_init` carries go before those of the upgrade's headers; names in any
/// case.
pub fn merge(credentials: &mut Credentials, payload: &Map<String, Value>) {
    let named = |name: &str| payload.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    if let Some(value) = KEY_HEADERS.iter().find_map(|name| named(name)).filter(|value| !value.is_null()) {
        // A key that is not a text is malformed, not absent.
        credentials.api_key = Some(value.as_str().unwrap_or_default().to_owned());
    }
    if let Some(value) = named("authorization").filter(|value| !value.is_null()) {
        match value.as_str() {
            Some(text) => {
                if let Some(token) = bearer(text) {
                    credentials.access_token = Some(token.to_owned());
                }
            }
            None => credentials.access_token = Some(String::new()),
        }
    }
    if let Some(value) = named(TENANT_HEADER).filter(|value| !value.is_null()) {
        credentials.tenant = Some(value.as_str().unwrap_or_default().to_owned());
    }
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromServer<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
    Next {
        id: &'a str,
        payload: Body<'a>,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
}

fn text(message: &FromServer<'_>) -> String {
    json(message).unwrap_or_default()
}

pub fn ack() -> String {
    text(&FromServer::ConnectionAck)
}

pub fn pong(payload: Option<Map<String, Value>>) -> String {
    text(&FromServer::Pong { payload })
}

pub fn next(id: &str, response: &Response) -> String {
    let next = |response: &Response| json(&FromServer::Next { id, payload: Body::of(response) });
    next(response).or_else(|| next(&too_long())).unwrap_or_default()
}

pub fn error(id: &str, errors: &[ServerError]) -> String {
    text(&FromServer::Error { id, payload: errors })
}

pub fn complete(id: &str) -> String {
    text(&FromServer::Complete { id })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_that_is_too_long_is_an_error() {
        let said = next("1", &Response::new(async_graphql::Value::String("x".repeat(11 << 20))));
        assert!(said.starts_with(r#"{"type":"next","id":"1","payload":{"errors":"#), "{}", &said[..100]);
        assert!(said.contains("MAX_COST_EXCEEDED"), "{said}");
    }

    #[test]
    fn the_payloads_key_is_found_in_any_case_and_goes_first() {
        let with = |payload: Value| {
            let mut credentials = Credentials { api_key: Some("from headers".to_owned()), ..Credentials::default() };
            merge(&mut credentials, payload.as_object().unwrap());
            credentials.api_key.unwrap()
        };
        assert_eq!(with(json!({ "X-Api-Key": "a" })), "a");
        assert_eq!(with(json!({ "X-SHOPIFY-STOREFRONT-ACCESS-TOKEN": "b", "other": 1 })), "b");
        assert_eq!(with(json!({ "x-api-key": 7 })), "", "malformed, not absent");
        assert_eq!(with(json!({ "x-api-key": null })), "from headers");
        assert_eq!(with(json!({})), "from headers");
    }

    #[test]
    fn the_payloads_access_token_goes_first() {
        let with = |payload: Value| {
            let from_headers = Some("from headers".to_owned());
            let mut credentials = Credentials { access_token: from_headers, ..Credentials::default() };
            merge(&mut credentials, payload.as_object().unwrap());
            credentials.access_token.unwrap()
        };
        assert_eq!(with(json!({ "Authorization": "Bearer a.b.c" })), "a.b.c");
        assert_eq!(with(json!({ "authorization": "bearer" })), "", "malformed, not absent");
        assert_eq!(with(json!({ "authorization": 7 })), "");
        for none in [json!({ "authorization": null }), json!({ "authorization": "Basic YTpi" }), json!({})] {
            assert_eq!(with(none), "from headers");
        }
    }

    #[test]
    fn what_is_not_of_the_protocol_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"type":"start"}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1","payload":7}"#,
            r#"{"type":"connection_init","payload":7}"#,
        ] {
            assert!(FromClient::parse(text).is_err(), "{text}");
        }
        assert!(FromClient::parse(r#"{"type":"connection_init"}"#).is_ok());
        assert!(FromClient::parse(r#"{"type":"pong","payload":{"a":1}}"#).is_ok());
    }
}
