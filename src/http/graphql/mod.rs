//! GraphQL over HTTP, after the GraphQL-over-HTTP draft (`graphql-http`'s audits run in the tests).
//!
//! A request is read from the outside in, and refused at the first thing that is wrong: media types
//! ([`negotiate`]), where it comes from ([`csrf`]), who asks (the guard), its body ([`params`]), its document
//! ([`prepare`]), then it is executed ([`execute`]) and answered ([`answer`]).
//!
//! Statuses: what is wrong with the HTTP request has its own status whatever the media type. A document that cannot
//! be executed is 400 as `application/graphql-response+json` and 200 as `application/json`, whose clients take any
//! other status for a broken connection. What was executed is 200, errors or not.

mod answer;
mod csrf;
mod execute;
mod house;
mod negotiate;
mod params;
mod persisted;
mod prepare;
mod replica;
mod seen;
mod sse;
mod subscription;
mod trusted;
mod ws;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use tracing::Instrument;

pub use persisted::PersistedQueries;
pub use prepare::{Documents, Prepared};
pub use trusted::TrustedDocuments;
pub use ws::Places;

use self::answer::{Media, Refused};
use self::execute::Call;
use self::params::{Params, Sent};
use super::client::Client;
use super::context::{Credentials, guard};
use super::cors;
use super::request::{self, RequestId, record_tenant};
use super::router::Served;
use super::watch::Watch;
use crate::graphql::scope::{RequestInfo, Transport};
use crate::ids::GidNamespace;

/// A request's body at most: room for a product of 2,000 variants, none for a file.
const MAX_BODY: usize = 2 << 20;
/// Operations in one body at most; they are executed one after the other.
const MAX_BATCH: usize = 10;

/// `POST`, `GET` of `/graphql`.
pub async fn handle(state: State<Arc<Served>>, id: Extension<RequestId>, request: Request) -> Response {
    respond(&state, &id, request, GidNamespace::Emporia).await
}

/// `POST`, `GET` of `/api/{version}/graphql.json`.
pub async fn handle_compatible(state: State<Arc<Served>>, id: Extension<RequestId>, request: Request) -> Response {
    respond(&state, &id, request, GidNamespace::Shopify).await
}

async fn respond(served: &Arc<Served>, id: &RequestId, request: Request, namespace: GidNamespace) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::GET && ws::is_upgrade(&parts.headers) {
        return ws::upgrade(served, id, parts, namespace).await;
    }
    if is_visit(&parts) && served.app.config.http.graphiql {
        return Redirect::to("/graphiql/").into_response();
    }
    let media = match negotiate::answer_type(&parts.headers) {
        Ok(media) => media,
        Err(refused) => return cors::allow(refused.into_response(Media::Json), &parts.headers),
    };
    let bound = served.app.config.http.request_timeout;
    let answered = tokio::time::timeout(bound, answer(served, id, &parts, body, media, namespace)).await;
    let answered = answered.unwrap_or_else(|_| Err(Refused::too_slow(&id.0)));
    match answered {
        Ok(response) => cors::allow(response, &parts.headers),
        // A page from which the key may not be used does not learn more than that it failed.
        Err(refused) if refused.origin_refused => refused.into_response(media),
        Err(refused) => cors::allow(refused.into_response(media), &parts.headers),
    }
}

async fn answer(
    served: &Arc<Served>,
    id: &RequestId,
    parts: &Parts,
    body: Body,
    media: Media,
    namespace: GidNamespace,
) -> Result<Response, Refused> {
    let is_get = parts.method != Method::POST;
    if is_get {
        csrf::check(&parts.headers, &served.own)?;
    } else {
        negotiate::content_type(&parts.headers)?;
    }
    let credentials = Credentials::from_headers(&parts.headers);
    let mut watch = Watch::begin(served);
    let mut resolved = guard(served, &credentials).await?;
    record_tenant(resolved.standing.id);
    let sent = if is_get { params::from_query(parts.uri.query())? } else { params::from_body(&read(body).await?)? };
    // A body takes as long as its sender likes.
    watch.renew(served, &credentials, &mut resolved).await?;
    let idempotency_key = idempotency_key(&parts.headers)?;
    let transport = if media == Media::Events { Transport::Events } else { Transport::Http };
    let user_agent = request::user_agent(&parts.headers);
    let client = Client::of(&parts.extensions, &parts.headers, &served.app.config.http.trusted_proxies);
    let network = client.network(resolved.access);
    let info = RequestInfo { id: id.0.to_string(), transport, namespace, idempotency_key, network, user_agent };
    match sent {
        Sent::One(params) => {
            let call = Call { served, resolved: &resolved, info, is_get };
            if media == Media::Events {
                return sse::respond(&call, credentials, watch, params).await;
            }
            let response = call.run(params).await?;
            Ok(answer::one(media, &response))
        }
        Sent::Batch(batch) => {
            if media == Media::Events {
                return Err(Refused::bad_request("a stream of events answers one operation, not a batch"));
            }
            if batch.len() > MAX_BATCH {
                return Err(Refused::bad_request(format!("a batch may have at most {MAX_BATCH} operations")));
            }
            if info.idempotency_key.is_some() {
                let text = "in a batch the Idempotency-Key header could mean any operation: use `@idempotent(key: …)`";
                return Err(Refused::bad_request(text));
            }
            let mut responses = Vec::with_capacity(batch.len());
            for params in batch {
                // In a batch each operation fails for itself; those before it may have taken a while.
                let response = match watch.renew(served, &credentials, &mut resolved).await {
                    Ok(()) => {
                        let call = Call { served, resolved: &resolved, info: info.clone(), is_get };
                        run_in_batch(&call, params).await
                    }
                    Err(denied) => Err(denied.into()),
                };
                responses.push(response.unwrap_or_else(Refused::into_graphql));
            }
            Ok(answer::batch(media, &responses))
        }
    }
}

/// One operation of a batch, with a line of its own in the log.
async fn run_in_batch(call: &Call<'_>, params: Params) -> Result<async_graphql::Response, Refused> {
    let span = tracing::info_span!("operation", request_id = %call.info.id, tenant = %call.resolved.standing.id,
        operation = tracing::field::Empty);
    async {
        let done = call.run(params).await;
        tracing::info!("an operation of a batch is answered");
        done
    }
    .instrument(span)
    .await
}

async fn read(body: Body) -> Result<axum::body::Bytes, Refused> {
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|_| {
        // The other cause is a client that broke off, who will not read this.
        Refused::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a request's body may have at most {MAX_BODY} bytes"))
    })
}

/// What it may be is checked where it is used.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().map_err(|_| Refused::bad_request("Idempotency-Key is not plain text"))?;
    Ok(Some(key.to_owned()))
}

/// Somebody typed the API's address into a browser.
fn is_visit(parts: &Parts) -> bool {
    let accepts_html = |accept: &str| accept.contains("text/html");
    parts.method == Method::GET
        && parts.uri.query().is_none()
        && parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(accepts_html)
}
