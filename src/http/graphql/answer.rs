//! Answers: a GraphQL response as bytes with its status, and refusals in the same shape.

use async_graphql::{ServerError, Value};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::graphql::error::{Code, set_code};
use crate::http::context::Denied;

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
        Self { status: None, errors, origin_refused: false }
    }

    /// A text of the input has the character NUL.
    pub fn nul(place: &str) -> Self {
        Self::document(Code::BadUserInput, format!("`{place}` has the character NUL (U+0000), which no text can hold"))
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

    /// The GraphQL response without a status of its own: in a batch, over a WebSocket.
    pub fn into_graphql(self) -> async_graphql::Response {
        async_graphql::Response::from_errors(self.errors)
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
    send(media, status, &Body::of(response))
}

pub fn batch(media: Media, responses: &[async_graphql::Response]) -> Response {
    let bodies: Vec<_> = responses.iter().map(Body::of).collect();
    send(media, StatusCode::OK, &bodies)
}

/// A response as JSON text.
pub fn text(response: &async_graphql::Response) -> String {
    serde_json::to_string(&Body::of(response)).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        String::new()
    })
}

fn send(media: Media, status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(4 << 10);
    if let Err(error) = serde_json::to_writer(&mut bytes, body) {
        tracing::error!(%error, "an answer could not be written as JSON");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, media.content_type()),
        // What an answer holds depends on headers that caches between do not look at.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, bytes).into_response()
}
