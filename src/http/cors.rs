//! Cross-origin requests: which pages may read an answer.
//!
//! A preflight carries no key, so it is allowed from anywhere and the request itself is decided by the guard:
//! publishable keys work from any page unless the tenant lists its origins, secret keys from none but the API's own
//! and those listed. The API uses no cookies, so no credentials are ever allowed.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Two hours: browsers keep it no longer.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const EXPOSED: HeaderValue = HeaderValue::from_static("x-request-id, retry-after, ratelimit, ratelimit-policy");
/// Names of headers that a page wants to send, all together.
const MAX_REQUESTED: usize = 2_000;

/// `OPTIONS` of the API's paths.
pub async fn preflight(headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let out = response.headers_mut();
    out.insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
    let names = [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_REQUEST_HEADERS];
    out.insert(header::VARY, HeaderValue::from_static("origin, access-control-request-headers"));
    let [origin, method, requested] = names.map(|name| headers.get(name));
    let (Some(origin), Some(_)) = (origin, method) else { return response };
    out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    out.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    // Storefront clients send names of their own; none of them means anything to us, so any may come.
    if let Some(requested) = requested.filter(|names| is_list_of_names(names)) {
        out.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
    }
    response
}

/// Lets the page that asked read this answer.
pub fn allow(mut response: Response, headers: &HeaderMap) -> Response {
    let out = response.headers_mut();
    out.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = headers.get(header::ORIGIN) {
        out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        out.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

fn is_list_of_names(names: &HeaderValue) -> bool {
    names.len() <= MAX_REQUESTED
        && names
            .to_str()
            .is_ok_and(|names| names.split(',').all(|name| HeaderName::from_bytes(name.trim().as_bytes()).is_ok()))
}
