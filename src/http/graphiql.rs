//! The playground: GraphiQL as one page that needs nothing from any other host. Its built files are in the binary;
//! web/graphiql/README.md has the contract.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_json::json;

use super::problem::problem;
use super::router::{Route, Served};

static BUNDLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/web/graphiql/bundle");

/// What stands in the page in place of its settings.
const SETTINGS: &str = "__EMPORIA_CONFIG__";
/// Monaco writes inline styles; nothing is evaluated from text, and nothing comes from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
    font-src data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// One file of the bundle's manifest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    content_type: String,
    cache_control: String,
}

static MANIFEST: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let manifest = BUNDLE.get_file("manifest.json").map(|file| file.contents()).unwrap_or_default();
    serde_json::from_slice(manifest).expect("a test reads it")
});

/// The playground's paths.
pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/graphiql", get(|| async { Redirect::permanent("/graphiql/") })),
        ("/graphiql/", get(page)),
        ("/graphiql/assets/{name}", get(asset)),
    ]
}

async fn page(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let Some(page) = BUNDLE.get_file("index.html").and_then(|file| file.contents_utf8()) else {
        return missing();
    };
    let settings = json!({
        "endpoint": "/graphql",
        "subscriptionEndpoint": "/graphql",
        "headers": prefilled(&served, &headers),
        "title": "Emporia",
    });
    // Within a script element: nothing may look like its end.
    let settings = settings.to_string().replace('<', "\\u003c");
    answer("text/html; charset=utf-8", "no-store", None, page.replacen(SETTINGS, &settings, 1))
}

/// A key in the page is for everyone who can open it: in development only, and only under the API's own names, so
/// that no page can fetch it through a name of its own that leads here.
fn prefilled<'a>(served: &'a Served, headers: &HeaderMap) -> Option<&'a std::collections::BTreeMap<String, String>> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is_own = served.app.config.development && served.own.has_host(host);
    served.app.config.http.graphiql_headers.as_ref().filter(|_| is_own)
}

async fn asset(Path(name): Path<String>) -> Response {
    let path = format!("assets/{name}");
    let (Some(listed), Some(file)) = (MANIFEST.get(&path), BUNDLE.get_file(format!("{path}.gz"))) else {
        return missing();
    };
    answer(&listed.content_type, &listed.cache_control, Some("gzip"), file.contents())
}

fn missing() -> Response {
    problem(StatusCode::NOT_FOUND, "the playground has no such file")
}

fn answer(
    content_type: &str,
    cache_control: &str,
    encoding: Option<&'static str>,
    body: impl IntoResponse,
) -> Response {
    let mut response = body.into_response();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content_type);
    set(header::CACHE_CONTROL, cache_control);
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    if let Some(encoding) = encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_is_whole() {
        assert!(MANIFEST.len() > 2);
        for path in MANIFEST.keys().filter(|path| *path != "index.html") {
            assert!(BUNDLE.get_file(format!("{path}.gz")).is_some(), "{path}");
        }
        let page = BUNDLE.get_file("index.html").and_then(|file| file.contents_utf8()).expect("the page");
        assert_eq!(page.matches(SETTINGS).count(), 1);
        for (at, _) in page.match_indices("/graphiql/assets/") {
            let path: String = page[at + "/graphiql/".len()..].chars().take_while(|char| *char != '"').collect();
            assert!(MANIFEST.contains_key(&path), "{path}");
        }
    }
}
