//! What the pages' answers have in common, and why a page is not shown.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::Markup;
use sha2::{Digest, Sha256};

use super::view;
use crate::error::Fault;
use crate::tenant::resolve::Refusal;

pub type Answer = Result<Response, Stop>;

/// Why there is nothing to show.
#[derive(Debug)]
pub enum Stop {
    /// No such shop, cart or order, or not with this key.
    NotFound,
    /// The shop is suspended.
    Suspended,
    /// The form was sent from another site's page.
    Foreign,
    /// The form is none of ours.
    Unreadable,
    TooLarge,
    TooSlow,
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Suspended => Self::Suspended,
            Refusal::Fault(fault) => Self::Fault(fault),
            Refusal::Malformed
            | Refusal::Unknown
            | Refusal::Expired
            | Refusal::Missing
            // A shop that is gone is nowhere.
            | Refusal::Deleted
            // Of staff and operators, who do not come here.
            | Refusal::BadOperatorToken
            | Refusal::UnknownOperatorToken
            | Refusal::ExpiredOperatorToken
            | Refusal::NoSupportAccess
            | Refusal::Token(_)
            | Refusal::SessionEnded
            | Refusal::NoTenant
            | Refusal::NoMember
            | Refusal::ProviderAway
            | Refusal::OtherTenant => Self::NotFound,
        }
    }
}

impl Stop {
    /// A page that says so. A fault is logged here, once, and shown as the request's id.
    pub fn into_response(self, request_id: &str) -> Response {
        let (status, title, text) = match &self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "This checkout does not exist. Go back to the shop and start again from your cart.",
            ),
            Self::Suspended => (
                StatusCode::FORBIDDEN,
                "This shop is closed",
                "It takes no orders at the moment. Your cart has not been changed.",
            ),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "This form came from another site",
                "Open the checkout from the shop and send the form from there.",
            ),
            Self::Unreadable => {
                (StatusCode::BAD_REQUEST, "This form cannot be read", "Go back, reload the page and try again.")
            }
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "This form is too large", "Go back and write less into its fields.")
            }
            Self::TooSlow => (
                StatusCode::SERVICE_UNAVAILABLE,
                "This took too long",
                "Reload the page to see how far your purchase came.",
            ),
            Self::Fault(fault) => {
                tracing::error!(%fault, "a checkout page failed");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something went wrong on our side",
                    "Reload the page to see how far your purchase came.",
                )
            }
        };
        let reference = matches!(self, Self::TooSlow | Self::Fault(_)).then_some(request_id);
        page(status, view::notice(title, text, reference))
    }
}

/// Styles are in the page and known by their hash; nothing else is loaded, from anywhere.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(view::STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("plain text")
});

/// A page.
pub fn page(status: StatusCode, markup: Markup) -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    private(status, (header::CONTENT_TYPE, html), markup.into_string())
}

/// Leads on to another page, by a reference relative to this one: a proxy may have put all of them below a path.
pub fn see_other(to: &str) -> Answer {
    let to = HeaderValue::from_str(to).map_err(|error| Fault::internal(error.to_string()))?;
    Ok(private(StatusCode::SEE_OTHER, (header::LOCATION, to), Body::empty()))
}

fn private(status: StatusCode, own: (HeaderName, HeaderValue), body: impl IntoResponse) -> Response {
    let fixed = [
        own,
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    (status, fixed, body).into_response()
}
