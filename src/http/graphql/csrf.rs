//! Requests that a page of another site can make a browser send without asking first.
//!
//! A POST must be JSON, which no page may send across origins without a preflight, so only GETs are left. This API
//! knows no cookies; what a forged GET could use is the network it is sent from and, where the host names the
//! tenant, the public view of a shop. A GET is refused when the browser says that it comes from another site's page
//! and no header is there that would have forced a preflight. Clients that are no browsers say neither and are let
//! through: they cannot be tricked, and the GraphQL-over-HTTP draft has them send plain GETs.

use axum::http::{HeaderMap, StatusCode, header};

use super::answer::Refused;
use crate::http::context::{KEY_HEADERS, origin};
use crate::http::origin::OwnOrigins;

/// Any of these, or a JSON content type, makes a browser ask first.
const FORCING: [&str; 4] =
    ["apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight", "x-requested-with"];

/// Refuses a GET that a foreign page may have forged.
pub fn check(headers: &HeaderMap, own: &OwnOrigins) -> Result<(), Refused> {
    if !is_foreign(headers, own) || has_forcing_header(headers) {
        return Ok(());
    }
    let text = "a page of another site must send this GET with a header that forces a preflight, for example \
                `graphql-require-preflight: 1`";
    Err(Refused::new(StatusCode::FORBIDDEN, text).forbidden())
}

fn is_foreign(headers: &HeaderMap, own: &OwnOrigins) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => matches!(site, "cross-site" | "same-site"),
        None => origin(headers).is_some_and(|origin| !own.contains(&origin)),
    }
}

fn has_forcing_header(headers: &HeaderMap) -> bool {
    let is_json = |value: &str| value.trim_start().to_ascii_lowercase().starts_with("application/json");
    FORCING.iter().chain(&KEY_HEADERS).any(|name| headers.contains_key(*name))
        || headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json)
}
