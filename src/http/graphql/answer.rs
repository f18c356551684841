//! Answers: a GraphQL response as bytes with its status, and refusals in the same shape.

use std::io;
use std::time::Duration;

use async_graphql::{ServerError, Value, value};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::graphql::budget::{ANSWER_BYTES, Overspent};
use crate::graphql::error::{Code, code, set_code};
use crate::http::context::Denied;
use crate::throttle::{Status, Throttled};

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`
    GraphqlResponse,
    /// `application/json`
    Json,
    /// `text/event-stream`; what is refused before the stream begins is JSON.
    Events,
}

impl Media {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json | Self::Events => "application/json; charset=utf-8",
        })
    }
}

/// Why there is no execution: the HTTP status and the errors to show.
#[derive(Debug)]
pub struct Refused {
    /// The status whatever the media type; `None` for what is wrong with the document.
    pub status: Option<StatusCode>,
    pub errors: Vec<ServerError>,
    /// The page that asks may not use this key.
    pub origin_refused: bool,
    /// It would have cost more than its client may use now.
    pub throttled: Option<Throttled>,
}

impl Refused {
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status: Some(status), ..Self::document(Code::BadUserInput, text) }
    }

    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// A well-formed request whose document or variables cannot be executed.
    pub fn document(code: Code, text: impl Into<String>) -> Self {
        Self::errors(code, vec![ServerError::new(text, None)])
    }

    pub fn errors(code: Code, mut errors: Vec<ServerError>) -> Self {
        errors.iter_mut().for_each(|error| set_code(error, code));
        Self { status: None, errors, origin_refused: false, throttled: None }
    }

    /// A text of the input has the character NUL.
    pub fn nul(place: &str) -> Self {
        Self::document(Code::BadUserInput, format!("`{place}` has the character NUL (U+0000), which no text can hold"))
    }

    /// The operation took more than it may.
    pub fn overspent(too_much: Overspent) -> Self {
        Self::document(Code::MaxCostExceeded, format!("{too_much}; a mutation that has begun is not undone"))
    }

    /// The operation would have cost more than its client may use now, or ever.
    pub fn throttled(throttled: Throttled) -> Self {
        let Throttled { requested, wait, status } = throttled;
        let refused = match wait {
            Some(wait) => {
                let (seconds, left) = (whole_seconds(wait), status.currently_available);
                let text = format!(
                    "this costs an estimated {requested} points, and {left} are left: try again in {seconds} s, or ask for less"
                );
                Self { status: Some(StatusCode::TOO_MANY_REQUESTS), ..Self::document(Code::Throttled, text) }
            }
            None => {
                let most = status.maximum_available;
                let text = format!(
                    "this costs an estimated {requested} points; a client of this shop may use {most} at once: ask for less"
                );
                Self::document(Code::MaxCostExceeded, text)
            }
        };
        Self { throttled: Some(throttled), ..refused }
    }

    /// The shop has as many operations under way as it may.
    pub fn crowded() -> Self {
        let text = "the shop has too many operations under way: try again in a moment";
        Self { status: Some(StatusCode::TOO_MANY_REQUESTS), ..Self::document(Code::Throttled, text) }
    }

    /// The request's time is over.
    pub fn too_slow(request_id: &str) -> Self {
        tracing::warn!("a request took too long");
        let text = format!("the request took too long; a mutation that has begun is not undone; request {request_id}");
        Self { status: Some(StatusCode::GATEWAY_TIMEOUT), ..Self::document(Code::Internal, text) }
    }

    /// The request met a mistake of ours.
    pub fn broken(request_id: &str) -> Self {
        let text = format!("internal error; request {request_id}");
        Self { status: Some(StatusCode::INTERNAL_SERVER_ERROR), ..Self::document(Code::Internal, text) }
    }

    pub fn forbidden(mut self) -> Self {
        self.errors.iter_mut().for_each(|error| set_code(error, Code::Forbidden));
        self
    }

    /// The first error's code.
    pub fn code(&self) -> String {
        self.errors.first().and_then(code).unwrap_or_default().to_owned()
    }

    /// The GraphQL response without a status of its own: in a batch, over a WebSocket.
    pub fn into_graphql(self) -> async_graphql::Response {
        let mut response = async_graphql::Response::from_errors(self.errors);
        if self.status == Some(StatusCode::TOO_MANY_REQUESTS) {
            response.http_headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(Throttled { requested, wait, status }) = self.throttled {
            let cost = value!({
                "requestedQueryCost": requested,
                "actualQueryCost": null,
                "throttleStatus": status.to_value(),
            });
            response.extensions.insert("cost".to_owned(), cost);
            limit_headers(&mut response, status);
            if let Some(wait) = wait {
                response.http_headers.insert(header::RETRY_AFTER, whole_seconds(wait).into());
            }
        }
        response
    }

    pub fn into_response(self, media: Media) -> Response {
        let status = self.status;
        let mut response = one(media, &self.into_graphql());
        if let Some(status) = status {
            *response.status_mut() = status;
        }
        if status == Some(StatusCode::METHOD_NOT_ALLOWED) {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

/// Rounded up, and a second at least.
fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

/// Says in headers how much more the client may use.
pub fn limit_headers(response: &mut async_graphql::Response, status: Status) {
    for (name, value) in status.headers() {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.http_headers.insert(name, value);
        }
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        let origin_refused = denied.origin_refused;
        Self { status: Some(denied.status), origin_refused, ..Self::document(denied.code, denied.message) }
    }
}

/// A response in the specification's order, without `data` when nothing was executed.
#[derive(Serialize)]
pub struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: &'a std::collections::BTreeMap<String, Value>,
}

impl<'a> Body<'a> {
    pub fn of(response: &'a async_graphql::Response) -> Self {
        let data = (!is_request_error(response)).then_some(&response.data);
        Self { errors: &response.errors, data, extensions: &response.extensions }
    }
}

/// Whether the response tells of a request that was not executed: an error of execution has a path.
pub fn is_request_error(response: &async_graphql::Response) -> bool {
    !response.errors.is_empty()
        && response.data == Value::Null
        && response.errors.iter().all(|error| error.path.is_empty())
}

pub fn one(media: Media, response: &async_graphql::Response) -> Response {
    let status = match media {
        Media::GraphqlResponse | Media::Events if is_request_error(response) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let mut bytes = Vec::with_capacity(4 << 10);
    if write(&mut bytes, &Body::of(response)) {
        return send(media, status, &response.http_headers, bytes);
    }
    one(media, &too_long())
}

/// Together they may be as long as one; in the place of one that does not fit stands an error.
pub fn batch(media: Media, responses: &[async_graphql::Response]) -> Response {
    let mut bytes = Vec::with_capacity(4 << 10);
    for response in responses {
        bytes.push(if bytes.is_empty() { b'[' } else { b',' });
        let before = bytes.len();
        if !write(&mut bytes, &Body::of(response)) {
            bytes.truncate(before);
            bytes.extend_from_slice(text(&too_long()).as_bytes());
        }
    }
    bytes.push(b']');
    // What was left after the last of them; and when to come again, if one was refused.
    let mut headers = HeaderMap::new();
    responses.iter().for_each(|response| headers.extend(response.http_headers.clone()));
    let wait = |response: &async_graphql::Response| {
        response.http_headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse::<u64>().ok()
    };
    if let Some(longest) = responses.iter().filter_map(wait).max() {
        headers.insert(header::RETRY_AFTER, longest.into());
    }
    send(media, StatusCode::OK, &headers, bytes)
}

/// A response as JSON text, or the error that it is too long.
pub fn text(response: &async_graphql::Response) -> String {
    json(&Body::of(response)).unwrap_or_else(|| text(&too_long()))
}

/// As JSON text; `None` when that is longer than an answer may be.
pub fn json(value: &impl Serialize) -> Option<String> {
    let mut bytes = Vec::with_capacity(1 << 10);
    write(&mut bytes, value).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// What stands in the place of an answer that is too long.
pub fn too_long() -> async_graphql::Response {
    Refused::overspent(Overspent::Text).into_graphql()
}

/// Appends a value as JSON; false when everything is longer than an answer may be then.
fn write(bytes: &mut Vec<u8>, value: &impl Serialize) -> bool {
    serde_json::to_writer(Bounded(bytes), value).is_ok()
}

/// Takes as much as an answer may have.
struct Bounded<'a>(&'a mut Vec<u8>);

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.0.len() + bytes.len()) as u64 > ANSWER_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn send(media: Media, status: StatusCode, said: &HeaderMap, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media.content_type()),
        // What an answer holds depends on headers that caches between do not look at.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, said.clone(), bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_length(bytes: usize) -> async_graphql::Response {
        async_graphql::Response::new(Value::String("x".repeat(bytes)))
    }

    #[test]
    fn an_answer_is_as_long_as_it_may_be_and_no_longer() {
        let limit = usize::try_from(ANSWER_BYTES).unwrap();
        let around = r#"{"data":""}"#.len();
        assert_eq!(text(&of_length(limit - around)).len(), limit);
        let refused = text(&of_length(limit - around + 1));
        assert!(refused.contains("MAX_COST_EXCEEDED") && refused.contains("longer than 10485760 bytes"), "{refused}");
        assert_eq!(one(Media::GraphqlResponse, &of_length(limit)).status(), StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn a_batch_is_no_longer_than_one_answer() {
        let responses = [of_length(6 << 20), of_length(6 << 20), of_length(10)];
        let response = batch(Media::Json, &responses);
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answers: Vec<serde_json::Value> = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(answers[0]["data"].as_str().unwrap().len(), 6 << 20);
        assert_eq!(answers[1]["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
        assert_eq!(answers[2]["data"], "x".repeat(10));
        assert_eq!(answers.len(), 3);
    }
}
