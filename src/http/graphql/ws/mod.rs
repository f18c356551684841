//! GraphQL over WebSocket: the subprotocol `graphql-transport-ws`.
//!
//! `connection_init` carries the same names as the headers; the guard runs on it, and again whenever a key was
//! revoked or a tenant's standing changed, so that a socket lives no longer than what opened it.
//!
//! | Code | Why the socket is closed |
//! |---|---|
//! | 1001 | the process stops |
//! | 1013 | credentials cannot be checked at the moment |
//! | 4400 | a message that is none of the protocol's |
//! | 4401 | an operation before `connection_ack` |
//! | 4403 | the guard refuses, or no longer admits |
//! | 4408 | no `connection_init` in time |
//! | 4409 | an operation with the id of a running one |
//! | 4429 | a second `connection_init`, or more sockets than a tenant may have |

mod message;
mod operation;
mod session;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;

use super::answer::{Media, Refused};
use crate::http::context::Credentials;
use crate::http::request::RequestId;
use crate::http::router::Served;
use crate::ids::{GidNamespace, TenantId};

const PROTOCOL: &str = "graphql-transport-ws";
/// A message at most: as much as a document with its variables needs.
const MAX_MESSAGE: usize = 1 << 20;
/// Sockets a process holds open at once.
const MAX_SOCKETS: usize = 5_000;
/// Sockets a tenant may have open in a process.
const MAX_SOCKETS_PER_TENANT: usize = 1_000;

/// Whether a GET asks to become a WebSocket.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Answers the upgrade; the session runs on its own.
pub async fn upgrade(served: &Arc<Served>, id: &RequestId, mut parts: Parts, namespace: GidNamespace) -> Response {
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade.protocols([PROTOCOL]),
        Err(rejection) => return rejection.into_response(),
    };
    if upgrade.selected_protocol().is_none() {
        return Refused::bad_request(format!("the WebSocket's subprotocol is {PROTOCOL}")).into_response(Media::Json);
    }
    let Some(place) = served.places.for_socket() else {
        let text = "there are too many open WebSockets; try again later";
        return Refused::new(StatusCode::SERVICE_UNAVAILABLE, text).into_response(Media::Json);
    };
    let credentials = Credentials::from_headers(&parts.headers);
    let span = tracing::info_span!("socket", request_id = %id.0, tenant = tracing::field::Empty);
    let (served, id, open) = (served.clone(), id.clone(), served.sockets.token());
    upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).on_upgrade(move |socket| {
        async move {
            session::run(socket, served, id, credentials, namespace).await;
            drop((place, open));
        }
        .instrument(span)
    })
}

/// Counts open sockets, and streams of events, which last as long.
pub struct Places {
    sockets: Arc<Semaphore>,
    by_tenant: Arc<Mutex<HashMap<TenantId, usize>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self { sockets: Arc::new(Semaphore::new(MAX_SOCKETS)), by_tenant: Arc::default() }
    }
}

/// A tenant's claim on one socket; given back when dropped.
pub struct TenantPlace {
    tenant: TenantId,
    by_tenant: Arc<Mutex<HashMap<TenantId, usize>>>,
}

impl Places {
    pub fn for_socket(&self) -> Option<OwnedSemaphorePermit> {
        self.sockets.clone().try_acquire_owned().ok()
    }

    pub fn for_tenant(&self, tenant: TenantId) -> Option<TenantPlace> {
        let mut counts = self.by_tenant.lock().expect("no holder panics");
        let count = counts.entry(tenant).or_default();
        if *count >= MAX_SOCKETS_PER_TENANT {
            return None;
        }
        *count += 1;
        Some(TenantPlace { tenant, by_tenant: self.by_tenant.clone() })
    }
}

impl Drop for TenantPlace {
    fn drop(&mut self) {
        let mut counts = self.by_tenant.lock().expect("no holder panics");
        if let Some(count) = counts.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_holds_only_so_many_sockets_and_gets_them_back() {
        let places = Places::default();
        let [a, b] = [1, 2].map(|n| TenantId(uuid::Uuid::from_u128(n)));
        let held: Vec<_> = (0..MAX_SOCKETS_PER_TENANT).map(|_| places.for_tenant(a).expect("a place")).collect();
        assert!(places.for_tenant(a).is_none() && places.for_tenant(b).is_some());
        drop(held);
        assert!(places.for_tenant(a).is_some());
        assert!(places.by_tenant.lock().unwrap().is_empty(), "nothing is kept of tenants without sockets");
    }
}
