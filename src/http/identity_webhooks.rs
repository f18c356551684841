//! `POST /webhooks/identity/{provider}`: what outside identity providers tell, signed with the operator's secret.
//!
//! A signature says who asks: there is no other credential, and no tenant before the event names one. Whoever sends it
//! sends it again until it is taken, so that what cannot be done now is answered with 5xx, and what never can with 4xx.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;
use tracing::Instrument;

use super::problem::problem;
use super::router::Served;
use crate::identity::provider::inbound::{Delivery, Outcome, receive, signed};

/// Bytes of an event at most.
const MAX_BODY: usize = 256 << 10;

pub async fn handle(State(served): State<Arc<Served>>, Path(name): Path<String>, request: Request) -> Response {
    let limit = served.app.config.http.request_timeout;
    let done = timeout(limit, answered(&served, &name, request)).await;
    done.unwrap_or_else(|_| problem(StatusCode::SERVICE_UNAVAILABLE, "this takes too long; send it again"))
}

async fn answered(served: &Served, name: &str, request: Request) -> Response {
    let app = &served.app;
    let provider = app.providers.named(name).filter(|provider| !provider.config.webhook_secrets.is_empty());
    let Some(provider) = provider.cloned() else {
        return problem(StatusCode::NOT_FOUND, "no identity provider of this name sends webhooks here");
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "an event has at most 262144 bytes");
    };
    let [id, timestamp, signatures] = said(&parts.headers);
    let delivery = Delivery { id, timestamp, signatures, body: &body };
    let event = match signed(&provider.config, &delivery, app.clock.now()) {
        Ok(event) => event,
        Err(not) => {
            tracing::warn!(provider = name, reason = %not, "an identity provider's webhook is refused");
            return problem(StatusCode::BAD_REQUEST, &not.to_string());
        }
    };
    let (doing, id) = (app.clone(), id.to_owned());
    // Whoever sent it may hang up.
    let work = async move { receive(&doing, &provider, &id, &event).await }.in_current_span();
    match app.tasks.spawn(work).await {
        Ok(Ok(Some(outcome))) => taken(outcome),
        Ok(Ok(None)) => problem(StatusCode::SERVICE_UNAVAILABLE, "there are too many at once; send it again"),
        Ok(Err(fault)) => {
            tracing::error!(%fault, "an identity provider's webhook is not dealt with");
            problem(StatusCode::SERVICE_UNAVAILABLE, "this cannot be done at the moment; send it again")
        }
        Err(error) => {
            tracing::error!(%error, "an identity provider's webhook has ended");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }
    }
}

/// Id, time and signatures, as Svix calls them or as Standard Webhooks does. One that is there twice could be either, and
/// is none.
fn said(headers: &HeaderMap) -> [&str; 3] {
    let prefix = if headers.contains_key("svix-id") { "svix" } else { "webhook" };
    ["id", "timestamp", "signature"].map(|name| {
        let mut values = headers.get_all(format!("{prefix}-{name}")).iter();
        let only = values.next().filter(|_| values.next().is_none());
        only.and_then(|value| value.to_str().ok()).unwrap_or_default()
    })
}

fn taken(outcome: Outcome) -> Response {
    let outcome = match outcome {
        Outcome::Applied => "applied",
        Outcome::Waiting => "waiting",
        Outcome::Ignored => "ignored",
        Outcome::Repeated => "repeated",
    };
    let content_type = [(axum::http::header::CONTENT_TYPE, "application/json")];
    (StatusCode::OK, content_type, format!("{{\"outcome\":\"{outcome}\"}}")).into_response()
}
