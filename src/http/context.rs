//! The request guard: from headers (or a WebSocket's `connection_init`) to a tenant and an access.
//!
//! The host names a tenant by a subdomain of the service's or by a domain that the tenant has proved to be its own.
//!
//! Of several credentials the first of these says who asks:
//!
//! 1. an operator's token (`Authorization: Bearer eop_…`). With it, and with nothing else, `X-Tenant-ID` names the tenant,
//!    which has to grant support access; without that header there is no tenant, and nothing but what operators do;
//! 2. a staff member's access token (`Authorization: Bearer …`), ours or an outside provider's;
//! 3. an API key;
//! 4. the host.
//!
//! What stands beside a token has to be good, and of the same tenant: an API key, and the host, where it names a tenant.
//! An API key beside an operator's token that names no tenant is refused; the host there says nothing, nor does it beside
//! a key. No other header says anything of who asks, whatever a proxy puts there: `X-User-ID` and its like are not read,
//! and `X-Tenant-ID` beside any other credential, or none, changes nothing.
//!
//! Nothing behind the edge sees a credential; nothing gets a connection without having passed here.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::host::named;
use super::router::Served;
use crate::app::App;
use crate::graphql::error::Code;
use crate::operator::token::OperatorToken;
use crate::tenant::model::Access;
use crate::tenant::resolve::{HostName, Refusal, Resolved};

/// The headers that may carry an API key, the first that is there counts. Storefront clients send Shopify's names.
pub const KEY_HEADERS: [&str; 3] =
    ["x-api-key", "x-shopify-storefront-access-token", "shopify-storefront-private-token"];

/// By which an operator's token says for which tenant.
pub const TENANT_HEADER: &str = "x-tenant-id";

/// What a request shows of itself.
#[derive(Clone, Default)]
pub struct Credentials {
    pub api_key: Option<String>,
    /// What follows `Bearer` in the `authorization` header.
    pub access_token: Option<String>,
    /// [`TENANT_HEADER`], of which operators' tokens alone take notice. Of two, or of one that is no text, none is right.
    pub tenant: Option<String>,
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
            access_token: access_token(headers),
            tenant: only(headers, TENANT_HEADER),
            host: text(header::HOST.as_str()),
            origin: origin(headers),
        }
    }
}

/// The access token. Of two, either could be meant: that is none that can be right. Other schemes than `Bearer` are
/// somebody else's, a proxy's perhaps.
fn access_token(headers: &HeaderMap) -> Option<String> {
    // What is not even text is malformed, not absent: no token has what stands in its place.
    let token = |value: &HeaderValue| bearer(&String::from_utf8_lossy(value.as_bytes())).map(str::to_owned);
    let mut tokens = headers.get_all(header::AUTHORIZATION).iter().filter_map(token);
    let first = tokens.next()?;
    Some(if tokens.next().is_none() { first } else { String::new() })
}

/// The header's one value; empty when there are several, or it is no text.
fn only(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok().filter(|_| values.next().is_none());
    Some(first.unwrap_or_default().to_owned())
}

/// What follows `Bearer`, in any case (RFC 9110, 11.1); none of another scheme.
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
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
            Refusal::Malformed
            | Refusal::Unknown
            | Refusal::Expired
            | Refusal::Missing
            | Refusal::Token(_)
            | Refusal::SessionEnded
            | Refusal::BadOperatorToken
            | Refusal::UnknownOperatorToken
            | Refusal::ExpiredOperatorToken => (StatusCode::UNAUTHORIZED, Code::Unauthenticated),
            Refusal::Suspended
            | Refusal::Deleted
            | Refusal::NoTenant
            | Refusal::NoMember
            | Refusal::OtherTenant
            | Refusal::NoSupportAccess => (StatusCode::FORBIDDEN, Code::Forbidden),
            // Nothing of ours: who keeps the keys has been complained of.
            Refusal::ProviderAway => (StatusCode::SERVICE_UNAVAILABLE, Code::Internal),
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
    let host = credentials.host.as_deref().and_then(|host| named(&app.config.http, &served.own, host));
    let resolved = match (&credentials.access_token, &credentials.api_key, host) {
        (Some(token), key, host) if OperatorToken::is_meant(token) => {
            let resolved = app.resolver.by_operator(token, credentials.tenant.as_deref()).await?;
            // A host is the address of something else where no tenant is meant.
            let host = host.filter(|_| !resolved.is_nowhere());
            beside(app, &resolved, key.as_deref(), host.as_ref()).await?;
            resolved
        }
        (Some(token), key, host) => {
            let resolved = app.resolver.by_token(token).await?;
            beside(app, &resolved, key.as_deref(), host.as_ref()).await?;
            resolved
        }
        (None, Some(key), _) => app.resolver.by_key(key).await?,
        (None, None, Some(host)) => app.resolver.by_host(&host).await?,
        (None, None, None) => return Err(Refusal::Missing.into()),
    };
    check_origin(served, credentials, &resolved).await?;
    Ok(resolved)
}

/// What comes beside an access token must not speak of another tenant.
async fn beside(app: &App, resolved: &Resolved, key: Option<&str>, host: Option<&HostName>) -> Result<(), Refusal> {
    let tenant = resolved.standing.id;
    if let Some(key) = key
        && app.resolver.by_key(key).await?.standing.id != tenant
    {
        return Err(Refusal::OtherTenant);
    }
    let Some(host) = host else { return Ok(()) };
    match app.resolver.at_host(host).await? {
        Some(named) if named != tenant => Err(Refusal::OtherTenant),
        // A name that is nobody's may be the one by which an operator reaches the API.
        None if matches!(host, HostName::Handle(_)) => Err(Refusal::OtherTenant),
        _ => Ok(()),
    }
}

/// A browser says from which page a request comes. Secret keys do not belong into pages: only the API's own
/// (GraphiQL) and those the tenant allows may use one. An access token is made for the page in which somebody signed in.
/// Pages of the tenant's own domains may do what storefronts do, listed or not.
async fn check_origin(served: &Served, credentials: &Credentials, resolved: &Resolved) -> Result<(), Denied> {
    let Some(origin) = credentials.origin.as_deref() else { return Ok(()) };
    let allowed = &resolved.standing.allowed_origins;
    let is_listed = allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    // An operator's belongs into none of a shop's pages, whatever that allows.
    let is_operator = matches!(resolved.access, Access::Operator { .. });
    let is_listed = is_listed && !is_operator;
    let is_secret = is_operator || matches!(resolved.access, Access::Secret { .. });
    let anyone = allowed.is_empty() && !is_secret;
    if served.own.contains(origin) || is_listed || anyone {
        return Ok(());
    }
    // Its own host only: what a page that came in clear says, anybody on the way may have written.
    if resolved.access.is_storefront()
        && let Some(host) = origin.strip_prefix("https://").filter(|host| !host.contains(':'))
        && let Some(HostName::Domain(host)) = named(&served.app.config.http, &served.own, host)
        && served.app.resolver.with_domain(&host).await.map_err(Refusal::from)? == Some(resolved.standing.id)
    {
        return Ok(());
    }
    let what = match (is_operator, is_secret) {
        (true, _) => "operators' tokens",
        (false, true) => "secret keys",
        (false, false) => "this shop's keys",
    };
    let message = format!("{what} may not be used from pages of {origin}");
    Err(Denied { status: StatusCode::FORBIDDEN, code: Code::Forbidden, message, origin_refused: true })
}
