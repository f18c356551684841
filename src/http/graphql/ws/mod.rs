//! GraphQL over WebSocket: the subprotocol `graphql-transport-ws`.
//!
//! `connection_init` carries the same names as the headers; the guard runs on it, and again whenever a key was
//! or session was revoked or a tenant's standing changed, and when an access token expires, so that a socket lives no
//! longer than what opened it.
//!
//! | Code | Why the socket is closed |
//! |---|---|
//! | 1001 | the process stops, and what was under way has been answered |
//! | 1009 | a message is too long |
//! | 1013 | credentials cannot be checked at the moment, there are too many sockets, or the client reads too slowly |
//! | 4400 | a message that is none of the protocol's |
//! | 4401 | an operation before `connection_ack` |
//! | 4403 | the guard refuses, or no longer admits |
//! | 4408 | no `connection_init` in time |
//! | 4409 | an operation with the id of a running one |
//! | 4429 | a second `connection_init`, or more sockets than a tenant may have |

mod message;
mod operation;
mod places;
mod session;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use self::session::Opened;

pub use self::places::Places;

use super::answer::{Media, Refused};
use crate::http::client::Client;
use crate::http::context::Credentials;
use crate::http::request::{RequestId, user_agent};
use crate::http::router::Served;
use crate::ids::GidNamespace;

const PROTOCOL: &str = "graphql-transport-ws";
/// A message at most: as much as a document with its variables needs.
const MAX_MESSAGE: usize = 1 << 20;
/// A longer one is read to here, so that its sender can be told; beyond, the connection ends without a word.
const MAX_READ: usize = 2 * MAX_MESSAGE;

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
    let waiting = served.places.to_wait();
    let credentials = Credentials::from_headers(&parts.headers);
    let user_agent = user_agent(&parts.headers);
    let client = Client::of(&parts.extensions, &parts.headers, &served.app.config.http.trusted_proxies);
    let span = tracing::info_span!("socket", request_id = %id.0, tenant = tracing::field::Empty);
    let (served, id, open) = (served.clone(), id.clone(), served.sockets.token());
    upgrade.max_message_size(MAX_READ).max_frame_size(MAX_READ).on_upgrade(move |socket| {
        async move {
            session::run(socket, served, Opened { id, namespace, client, user_agent }, credentials, waiting).await;
            drop(open);
        }
        .instrument(span)
    })
}
