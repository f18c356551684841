//! The keys by which others check this service's access tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::router::Served;
use super::{cors, problem};
use crate::identity::keys::PUBLISHED_FOR;
use crate::identity::service::keys_published;

/// `GET /.well-known/jwks.json`: a JWK set (RFC 7517). A new key stands in it for longer than it may be kept, before it
/// signs.
pub async fn jwks(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let response = match keys_published(&served.app).await {
        Ok(keys) => {
            let kept = format!("public, max-age={}", PUBLISHED_FOR.num_seconds());
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json")),
                (header::CACHE_CONTROL, HeaderValue::from_str(&kept).expect("digits")),
            ];
            (headers, keys.to_string()).into_response()
        }
        Err(fault) => {
            tracing::error!(%fault, "the signing keys cannot be read");
            problem::problem(StatusCode::SERVICE_UNAVAILABLE, "the keys cannot be read at the moment")
        }
    };
    cors::allow(response, &headers)
}
