//! `POST /webhooks/stripe`: what Stripe tells, signed with the endpoint's secret.
//!
//! A signature says who asks: there is no other credential, and no tenant before the event names a customer. Stripe sends
//! an event for three days until it is taken: what cannot be kept now is answered with 5xx, and what never can with 4xx.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use tracing::Instrument;

use super::problem::problem;
use super::router::Served;
use crate::billing::service::{Outcome, receive};
use crate::billing::stripe::is_signed;

/// Bytes of an event at most.
const MAX_BODY: usize = 256 << 10;

pub async fn handle(State(served): State<Arc<Served>>, request: Request) -> Response {
    let limit = served.app.config.http.request_timeout;
    let done = timeout(limit, answered(&served, request)).await;
    done.unwrap_or_else(|_| problem(StatusCode::SERVICE_UNAVAILABLE, "this takes too long; send it again"))
}

async fn answered(served: &Served, request: Request) -> Response {
    let app = served.app.clone();
    let Some(account) = &app.config.stripe.account else {
        return problem(StatusCode::NOT_FOUND, "this service takes no payments through Stripe");
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "an event has at most 262144 bytes");
    };
    if !is_signed(&account.webhook_secrets, signature(&parts.headers), &body, app.clock.now()) {
        tracing::warn!("a webhook that says it is Stripe's is refused");
        return problem(StatusCode::BAD_REQUEST, "the signature is missing, wrong, or not of these five minutes");
    }
    let Ok(body) = String::from_utf8(body.to_vec()) else {
        return problem(StatusCode::BAD_REQUEST, "this is no text");
    };
    let doing = app.clone();
    // Stripe may hang up.
    let work = async move { receive(&doing, &body).await }.in_current_span();
    match app.tasks.spawn(work).await {
        Ok(Ok(Ok(outcome))) => taken(outcome),
        Ok(Ok(Err(bad))) => problem(StatusCode::BAD_REQUEST, &bad.to_string()),
        Ok(Err(fault)) => {
            tracing::error!(%fault, "an event of Stripe's is not kept");
            problem(StatusCode::SERVICE_UNAVAILABLE, "this cannot be done at the moment; send it again")
        }
        Err(error) => {
            tracing::error!(%error, "an event of Stripe's has ended");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }
    }
}

/// The one signature's header. One that is there twice could be either, and is none.
fn signature(headers: &HeaderMap) -> &str {
    let mut values = headers.get_all("stripe-signature").iter();
    let only = values.next().filter(|_| values.next().is_none());
    only.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn taken(outcome: Outcome) -> Response {
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::OK, content_type, format!("{{\"outcome\":\"{}\"}}", outcome.as_str())).into_response()
}
