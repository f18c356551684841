//! GraphQL over server-sent events: `graphql-sse`'s distinct-connections mode, one operation a request.
//!
//! For clients that cannot open a WebSocket. The same rules as there: the guard runs again whenever credentials
//! change, and the stream ends when it no longer admits. A process that stops breaks subscriptions off, and answers
//! queries and mutations that have begun.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::Response as Answer;
use async_graphql::parser::types::OperationType;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, once};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::answer::{self, Refused};
use super::execute::{Call, Ready};
use super::params::Params;
use crate::access::Grants;
use crate::graphql::error::Code;
use crate::http::context::Credentials;
use crate::http::router::Served;
use crate::http::watch::{Watch, renew};

/// Texts that wait for a client to read them.
const QUEUE: usize = 32;
/// A comment that keeps proxies from closing a silent connection, and tells us when the client is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

/// Answers an operation as a stream of events. What cannot be executed is refused before the stream begins.
pub async fn respond(
    call: &Call<'_>,
    credentials: Credentials,
    mut watch: Watch,
    params: Params,
) -> Result<Response, Refused> {
    let served = call.served;
    watch.follow(served, call.resolved);
    let busy = |text: &str| Refused {
        status: Some(StatusCode::SERVICE_UNAVAILABLE),
        ..Refused::document(Code::Throttled, text)
    };
    let access = call.resolved.access;
    let place =
        served.places.for_socket(access).ok_or_else(|| busy("there are too many open streams; try again later"))?;
    let tenant_place = served.places.for_tenant(call.resolved.standing.id, access);
    let tenant_place = tenant_place.ok_or_else(|| busy("the shop has too many open streams; close some"))?;
    // Last: what is refused costs nothing.
    let ready = call.ready(params).await?;
    let (out, events) = mpsc::channel::<Result<Bytes, Infallible>>(QUEUE);
    let grants = watch::Sender::new(call.resolved.grants.clone());
    let (served, open) = (served.clone(), served.sockets.token());
    let running = async move {
        run(&served, ready, grants, &credentials, watch, out).await;
        drop((place, tenant_place, open));
    };
    tokio::spawn(running.in_current_span());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(events))).into_response())
}

/// Sends responses until the operation, the client, its key or the process ends.
async fn run(
    served: &Served,
    ready: Ready,
    grants: watch::Sender<Grants>,
    credentials: &Credentials,
    mut watch: Watch,
    out: mpsc::Sender<Result<Bytes, Infallible>>,
) {
    let mut keep_alive = tokio::time::interval(KEEP_ALIVE);
    let patience = served.app.config.http.ws_send_timeout;
    let is_subscription = ready.kind == OperationType::Subscription;
    let mut responses = responses(served, ready, grants.subscribe());
    loop {
        let (text, is_last) = tokio::select! {
            biased;
            // First: a key that was revoked while the body was read gets no answer.
            () = watch.due() => match watch.prove(served, credentials).await {
                Ok(proved) => {
                    if let Some(resolved) = proved {
                        renew(&grants, &resolved.grants);
                    }
                    continue;
                }
                Err(denied) => {
                    let refusal = answer::text(&Refused::from(denied).into_graphql());
                    (event("next", &refusal) + &event("complete", ""), true)
                }
            },
            () = out.closed() => return,
            // Not complete: its client goes on at another process.
            () = served.shutdown.cancelled(), if is_subscription => return,
            response = responses.next() => match response {
                Some(response) => (event("next", &answer::text(&response)), false),
                None => (event("complete", ""), true),
            },
            _ = keep_alive.tick() => (":\n\n".to_owned(), false),
        };
        // Without the last event's word that it is complete, a client comes back and goes on behind what it has read.
        match tokio::time::timeout(patience, out.send(Ok(text.into()))).await {
            Ok(Ok(())) if !is_last => {}
            Ok(_) => return,
            Err(_) => {
                tracing::info!("a stream of events is broken off: its client does not read");
                return;
            }
        }
    }
}

fn responses(served: &Served, ready: Ready, grants: watch::Receiver<Grants>) -> BoxStream<'static, Answer> {
    let schemas = served.schemas.clone();
    if ready.kind == OperationType::Subscription {
        return ready.subscribe(&schemas, grants);
    }
    let bound = served.app.config.http.request_timeout;
    let request_id = ready.scope.request.id.clone();
    // A task of its own: whoever proves the caller anew may need what the operation holds meanwhile, a connection.
    let executing = async move { tokio::time::timeout(bound, ready.execute(&schemas)).await.ok() };
    let executing = AbortOnDropHandle::new(tokio::spawn(executing.in_current_span()));
    once(async move {
        let executed = executing.await.ok().flatten();
        executed.unwrap_or_else(|| Refused::too_slow(&request_id).into_graphql())
    })
    .boxed()
}

fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
