//! The request guard: from headers (or a WebSocket's `connection_init`) to a tenant and an access.
//!
//! Nothing behind the edge sees a credential; nothing gets a connection without having passed here.

use axum::http::{HeaderMap, StatusCode, header};

use super::origin::OwnOrigins;
use super::router::Served;
use crate::app::App;
use crate::graphql::error::Code;
use crate::tenant::resolve::{Refusal, Resolved};

/// The headers that may carry an API key, the first that is there counts. Storefront clients send Shopify's names.
pub const KEY_HEADERS: [&str; 3] =
    ["x-api-key", "x-shopify-storefront-access-token", "shopify-storefront-private-token"];

/// What a request shows of itself.
#[derive(Clone, Default)]
pub struct Credentials {
    pub api_key: Option<String>,
    pub host: Option<String>,
    /// `null`, which is nobody's, when it cannot be told: not absent.
    pub origin: Option<String>,
}

impl Credentials {
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            api_key: KEY_HEADERS.iter().find_map(|name| headers.get(*name)).map(|value| {
                // A key that is not even text is malformed, not absent.
                value.to_str().unwrap_or_default().to_owned()
            }),
            host: text(header::HOST.as_str()),
            origin: origin(headers),
        }
    }
}

/// The one origin. Of two, either could be the one that is allowed; one that is no text is nobody's.
pub fn origin(headers: &HeaderMap) -> Option<String> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let only = origins.next()?.to_str().ok().filter(|_| origins.next().is_none());
    Some(only.unwrap_or("null").to_owned())
}

/// Why the guard refuses: the HTTP status, the code and a text for the client.
#[derive(Clone, Debug)]
pub struct Denied {
    pub status: StatusCode,
    pub code: Code,
    pub message: String,
    /// Whether it is the page that is refused: it may not read why.
    pub origin_refused: bool,
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::Malformed | Refusal::Unknown | Refusal::Expired | Refusal::Missing => {
                (StatusCode::UNAUTHORIZED, Code::Unauthenticated)
            }
            Refusal::Suspended => (StatusCode::FORBIDDEN, Code::Forbidden),
            Refusal::Fault(fault) => {
                tracing::error!(%fault, "the guard could not decide");
                let message = "the service cannot check credentials at the moment".to_owned();
                let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, Code::Internal);
                return Self { status, code, message, origin_refused: false };
            }
        };
        Self { status, code, message: refusal.to_string(), origin_refused: false }
    }
}

/// Proves which tenant a request belongs to and what it may do.
pub async fn guard(served: &Served, credentials: &Credentials) -> Result<Resolved, Denied> {
    let app = &served.app;
    let resolved = match (&credentials.api_key, subdomain(app, credentials)) {
        (Some(key), _) => app.resolver.by_key(key).await?,
        (None, Some(handle)) => app.resolver.by_handle(&handle).await?,
        (None, None) => return Err(Refusal::Missing.into()),
    };
    check_origin(&served.own, credentials, &resolved)?;
    Ok(resolved)
}

/// The part of the host before the configured base domain: `acme` of `acme.shops.example`.
fn subdomain(app: &App, credentials: &Credentials) -> Option<String> {
    let base = app.config.http.base_domain.as_deref()?;
    let host = credentials.host.as_deref()?.to_ascii_lowercase();
    let host = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let handle = host.strip_suffix(base)?.strip_suffix('.')?;
    (!handle.is_empty() && !handle.contains('.')).then(|| handle.to_owned())
}

/// A browser says from which page a request comes. Secret keys do not belong into pages: only the API's own
/// (GraphiQL) and those the tenant allows may use one.
fn check_origin(own: &OwnOrigins, credentials: &Credentials, resolved: &Resolved) -> Result<(), Denied> {
    let Some(origin) = credentials.origin.as_deref() else { return Ok(()) };
    let allowed = &resolved.standing.allowed_origins;
    let is_listed = allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    let anyone = allowed.is_empty() && !resolved.access.is_merchant();
    if own.contains(origin) || is_listed || anyone {
        return Ok(());
    }
    let what = if resolved.access.is_merchant() { "secret keys" } else { "this shop's keys" };
    let message = format!("{what} may not be used from pages of {origin}");
    Err(Denied { status: StatusCode::FORBIDDEN, code: Code::Forbidden, message, origin_refused: true })
}
