//! One socket from its opening to its end.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::ServerError;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::http::StatusCode;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;
use tracing::field::Empty;

use super::MAX_MESSAGE;
use super::message::{self, FromClient};
use super::operation::{self, Caller, Said, Voice};
use super::places::{SocketPlace, TenantSocketPlace, WaitingPlace};
use crate::access::Grants;
use crate::graphql::error::{Code, set_code};
use crate::graphql::scope::{RequestInfo, Transport};
use crate::http::client::Client;
use crate::http::context::{Credentials, Denied, guard};
use crate::http::graphql::params::Params;
use crate::http::request::{RequestId, record_tenant};
use crate::http::router::Served;
use crate::http::watch::{Watch, renew};
use crate::ids::GidNamespace;
use crate::places::Place;
use crate::tenant::resolve::Resolved;

/// Operations a socket may have running.
const MAX_OPERATIONS: usize = 50;
/// Texts that wait for a client to read them.
const QUEUE: usize = 32;
/// How long a client that does not read may take to come by the close frame.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the client's own close frame is waited for.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What became of a message.
enum Sent {
    Whole,
    /// The client has gone.
    Gone,
    /// The client has not read for as long as it may.
    Stuck,
}

/// Why the server ends the socket.
struct Close(u16, String);

impl From<Denied> for Close {
    fn from(denied: Denied) -> Self {
        let code = if denied.status == StatusCode::SERVICE_UNAVAILABLE { 1013 } else { 4403 };
        Self(code, denied.message)
    }
}

/// What is known of a client since `connection_init`.
struct Admitted {
    resolved: Resolved,
    /// What it may do, for the operations that are running.
    grants: watch::Sender<Grants>,
    _places: (SocketPlace, TenantSocketPlace),
}

/// What a socket waits for.
enum Happened {
    /// The process stops.
    Stop,
    /// It has waited long enough for what was under way.
    Patience,
    /// No `connection_init`.
    Silence,
    /// Newer sockets need the place.
    Crowd,
    Tick,
    Said(Said),
    Heard(Option<Result<Message, axum::Error>>),
}

/// An operation under way.
struct Running {
    number: u64,
    _task: AbortOnDropHandle<()>,
    _place: Place,
}

/// How the socket was opened.
pub struct Opened {
    pub id: RequestId,
    pub namespace: GidNamespace,
    pub client: Client,
    pub user_agent: Option<Arc<str>>,
}

struct Session {
    served: Arc<Served>,
    opened: Opened,
    credentials: Credentials,
    /// Until it is admitted.
    waiting: WaitingPlace,
    admitted: Option<Admitted>,
    operations: HashMap<Arc<str>, Running>,
    started: u64,
    out: mpsc::Sender<Said>,
}

/// Runs a socket until either side ends it. Operations end with it; a mutation's use case does not.
pub async fn run(
    mut socket: WebSocket,
    served: Arc<Served>,
    opened: Opened,
    credentials: Credentials,
    waiting: WaitingPlace,
) {
    let (out, said) = mpsc::channel(QUEUE);
    let operations = HashMap::new();
    let session = Session { served, opened, credentials, waiting, admitted: None, operations, started: 0, out };
    if let Err(Close(code, reason)) = session.talk(&mut socket, said).await {
        tracing::info!(code, "a socket is closed");
        close(&mut socket, code, &reason).await;
    }
}

impl Session {
    async fn talk(mut self, socket: &mut WebSocket, mut said: mpsc::Receiver<Said>) -> Result<(), Close> {
        let served = self.served.clone();
        let mut watch = Watch::begin(&served);
        let init_by = tokio::time::Instant::now() + served.app.config.http.ws_init_timeout;
        let every = served.app.config.http.ws_ping_interval;
        let mut pings = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut heard = true;
        // When the process stops: until then what is under way may end.
        let mut stop_by = None;
        loop {
            if stop_by.is_some() && self.operations.is_empty() {
                return Err(stopping());
            }
            if let Some(admitted) = &self.admitted {
                watch.follow(&served, &admitted.resolved);
            }
            // First of all: who is no longer let in begins nothing more. The others take turns.
            let happened = tokio::select! {
                biased;
                () = watch.due() => {
                    self.admit_again(&mut watch).await?;
                    continue;
                }
                happened = async {
                    tokio::select! {
                        () = served.shutdown.cancelled(), if stop_by.is_none() => Happened::Stop,
                        () = sleep_until(stop_by), if stop_by.is_some() => Happened::Patience,
                        () = tokio::time::sleep_until(init_by), if self.admitted.is_none() => Happened::Silence,
                        () = self.waiting.displaced(), if self.admitted.is_none() => Happened::Crowd,
                        _ = pings.tick() => Happened::Tick,
                        Some(said) = said.recv() => Happened::Said(said),
                        received = socket.recv() => Happened::Heard(received),
                    }
                } => happened,
            };
            let reply = match happened {
                Happened::Stop => {
                    let patience = served.app.config.http.shutdown_timeout.saturating_sub(CLOSE_TIMEOUT);
                    stop_by = Some(tokio::time::Instant::now() + patience);
                    None
                }
                Happened::Patience => return Err(stopping()),
                Happened::Silence => return Err(Close(4408, "connection_init did not come in time".to_owned())),
                Happened::Crowd => return Err(Close(1013, "too many sockets wait for connection_init".to_owned())),
                Happened::Tick if !heard => return Ok(()),
                Happened::Tick => {
                    heard = false;
                    Some(Message::Ping(axum::body::Bytes::new()))
                }
                Happened::Said(said) => self.pass(said).map(Message::text),
                Happened::Heard(received) => {
                    heard = true;
                    match received {
                        Some(Ok(Message::Text(text))) if text.len() > MAX_MESSAGE => {
                            return Err(Close(1009, format!("a message may have at most {MAX_MESSAGE} bytes")));
                        }
                        Some(Ok(Message::Text(text))) => self.hear(&text).await?.map(Message::text),
                        Some(Ok(Message::Binary(_))) => return Err(bad("messages are text")),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                        Some(Ok(Message::Close(_))) => {
                            // The answer to the client's close frame goes out while we read on; dropped before that, the
                            // client would take its own goodbye for a broken connection.
                            read_out(socket).await;
                            return Ok(());
                        }
                        Some(Err(_)) | None => return Ok(()),
                    }
                }
            };
            let Some(reply) = reply else { continue };
            match self.send(socket, &mut watch, reply).await? {
                Sent::Whole => {}
                Sent::Gone => return Ok(()),
                // Clients of the protocol come back after this code, and the position of the last event they have read
                // is where they go on.
                Sent::Stuck => return Err(Close(1013, "read too slowly; subscribe again from `after`".to_owned())),
            }
        }
    }

    /// Sends, and meanwhile asks the guard whenever it has to be asked: a client that reads slowly is not let in for
    /// longer.
    async fn send(&mut self, socket: &mut WebSocket, watch: &mut Watch, message: Message) -> Result<Sent, Close> {
        let patience = self.served.app.config.http.ws_send_timeout;
        let mut sending = pin!(send(socket, message, patience));
        loop {
            tokio::select! {
                biased;
                () = watch.due() => self.admit_again(watch).await?,
                sent = &mut sending => return Ok(sent),
            }
        }
    }

    /// Takes a message; answers what is to be said at once.
    async fn hear(&mut self, text: &str) -> Result<Option<String>, Close> {
        match FromClient::parse(text).map_err(|reason| bad(&reason))? {
            FromClient::ConnectionInit { payload } => {
                if self.admitted.is_some() {
                    return Err(Close(4429, "connection_init came twice".to_owned()));
                }
                message::merge(&mut self.credentials, &payload.unwrap_or_default());
                let resolved = guard(&self.served, &self.credentials).await?;
                let places = &self.served.places;
                let busy = || Close(1013, "there are too many open sockets; try again later".to_owned());
                let place = places.for_socket(resolved.access).ok_or_else(busy)?;
                let tenant_place = places.for_tenant(resolved.standing.id, resolved.access);
                let tenant_place =
                    tenant_place.ok_or_else(|| Close(4429, "the shop has too many open sockets".to_owned()))?;
                record_tenant(resolved.standing.id);
                self.waiting.leave();
                let grants = watch::Sender::new(resolved.grants.clone());
                self.admitted = Some(Admitted { resolved, grants, _places: (place, tenant_place) });
                Ok(Some(message::ack()))
            }
            FromClient::Ping { payload } => Ok(Some(message::pong(payload))),
            FromClient::Pong => Ok(None),
            FromClient::Subscribe { id, payload } => self.subscribe(id.into(), payload),
            FromClient::Complete { id } => {
                // Unknown when it has just ended by itself: not an error.
                self.operations.remove(id.as_str());
                Ok(None)
            }
        }
    }

    fn subscribe(&mut self, id: Arc<str>, params: Params) -> Result<Option<String>, Close> {
        let Some(admitted) = &self.admitted else {
            return Err(Close(4401, "send connection_init and wait for connection_ack".to_owned()));
        };
        if self.served.shutdown.is_cancelled() {
            // The close frame that is to come says that it was not heard.
            return Ok(None);
        }
        if self.operations.contains_key(&id) {
            return Err(Close(4409, format!("an operation with the id {id} is running")));
        }
        if self.operations.len() >= MAX_OPERATIONS {
            let mut error = ServerError::new(format!("a socket may have {MAX_OPERATIONS} operations running"), None);
            set_code(&mut error, Code::Throttled);
            return Ok(Some(message::error(&id, &[error])));
        }
        let Some(place) = self.served.places.for_operation(admitted.resolved.standing.id) else {
            let mut error = ServerError::new("the shop has too many operations running on its sockets", None);
            set_code(&mut error, Code::Throttled);
            return Ok(Some(message::error(&id, &[error])));
        };
        self.started += 1;
        let number = self.started;
        let voice = Voice { id: id.clone(), number, out: self.out.clone() };
        let info = RequestInfo {
            id: self.opened.id.0.to_string(),
            transport: Transport::WebSocket,
            namespace: self.opened.namespace,
            idempotency_key: None,
            network: self.opened.client.network(admitted.resolved.access),
            user_agent: self.opened.user_agent.clone(),
        };
        // No part of the socket's span, which may last for days: each is a trace of its own, as it would be over HTTP.
        let span = tracing::info_span!(parent: None, "operation", request_id = %self.opened.id.0,
            tenant = %admitted.resolved.standing.id, operation = Empty);
        let caller = Caller { resolved: admitted.resolved.clone(), grants: admitted.grants.subscribe() };
        let running = operation::run(self.served.clone(), caller, info, params, voice);
        let running = AbortOnDropHandle::new(tokio::spawn(running.instrument(span)));
        self.operations.insert(id, Running { number, _task: running, _place: place });
        Ok(None)
    }

    /// What an operation says, unless the client has ended it since.
    fn pass(&mut self, said: Said) -> Option<String> {
        if self.operations.get(&said.id)?.number != said.number {
            return None;
        }
        if said.is_last {
            self.operations.remove(&said.id);
        }
        said.text
    }

    /// Runs the guard again on what the client showed at first.
    async fn admit_again(&mut self, watch: &mut Watch) -> Result<(), Close> {
        if let Some(admitted) = &mut self.admitted
            && let Some(resolved) = watch.prove(&self.served, &self.credentials).await?
        {
            renew(&admitted.grants, &resolved.grants);
            admitted.resolved = resolved;
        }
        Ok(())
    }
}

fn stopping() -> Close {
    Close(1001, "the server is stopping".to_owned())
}

/// Waits for the time; for ever when there is none.
async fn sleep_until(time: Option<tokio::time::Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn bad(reason: &str) -> Close {
    Close(4400, reason.to_owned())
}

async fn send(socket: &mut WebSocket, message: Message, patience: Duration) -> Sent {
    match tokio::time::timeout(patience, socket.send(message)).await {
        Ok(Ok(())) => Sent::Whole,
        Ok(Err(_)) => Sent::Gone,
        Err(_) => Sent::Stuck,
    }
}

/// Says why, behind whatever the client has yet to read.
async fn close(socket: &mut WebSocket, code: u16, reason: &str) {
    // A close frame has room for 123 bytes of reason.
    let reason: String = reason
        .chars()
        .scan(0, |length, char| {
            *length += char.len_utf8();
            (*length <= 123).then_some(char)
        })
        .collect();
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    if let Sent::Whole = send(socket, frame, FAREWELL_TIMEOUT).await {
        // Dropped with unread input, the connection would be reset before the client reads why.
        read_out(socket).await;
    }
}

/// Reads what is left until the client has closed its side, or does not for a while.
async fn read_out(socket: &mut WebSocket) {
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
}
