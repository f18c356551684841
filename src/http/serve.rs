//! Accepts connections and stops in order: at first as before, so that a load balancer can see `/readyz` say no and turn to
//! others; then no new ones, and requests under way to their end, at most so long.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::client::Peer;
use super::patient::Patient;
use super::router::{Served, routes};
use crate::app::App;
use crate::error::Fault;

/// Connections a process holds open at once; more wait in the listener's queue.
const MAX_CONNECTIONS: usize = 10_000;
/// How long a connection may take to send a request's headers, idle time between requests included.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a client may take nothing of what it is sent.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Room for a request's headers.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// Waits after a failed accept: usually the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the API on `listener` until `stopping`, and on for `SHUTDOWN_DELAY_MS`; then lets requests under way, sockets'
/// queries and mutations, and mutations whose client has gone finish within `SHUTDOWN_TIMEOUT_MS`; subscriptions end at
/// once.
pub async fn serve(app: App, listener: TcpListener, stopping: CancellationToken) -> Result<(), Fault> {
    serve_with(app, listener, stopping, Router::new()).await
}

/// Serves the API and, beside it, the paths of `extra`, which pass no guard.
pub async fn serve_with(
    app: App,
    listener: TcpListener,
    stopping: CancellationToken,
    extra: Router,
) -> Result<(), Fault> {
    let address = listener.local_addr().map_err(|error| Fault::internal(format!("the listener: {error}")))?;
    let (delay, grace) = (app.config.http.shutdown_delay, app.config.http.shutdown_timeout);
    let tasks = app.tasks.clone();
    let served = Served::new(app, Some(address), stopping.clone());
    let shutdown = served.shutdown.clone();
    let service = TowerToHyperService::new(routes(served.clone()).merge(extra));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    let patience_ends = CancellationToken::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEADER_BYTES);
    tracing::info!(%address, "listening");
    let _closing = AbortOnDropHandle::new(tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            stopping.cancelled().await;
            if !delay.is_zero() {
                tracing::info!(?delay, "asked to stop: not ready any more, and answering for a while");
                tokio::time::sleep(delay).await;
            }
            shutdown.cancel();
        }
    }));
    loop {
        let Some(accepted) = shutdown.run_until_cancelled(accept(&listener, &places)).await else { break };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are written whole: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let stream = TokioIo::new(Patient::new(stream, WRITE_TIMEOUT));
        let service = service.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            service.call(request)
        });
        let connection = http.serve_connection(stream, service).with_upgrades();
        let (shutdown, patience_ends) = (shutdown.clone(), patience_ends.clone());
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = shutdown.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    patience_ends.run_until_cancelled(connection).await.unwrap_or(Ok(()))
                }
            };
            // A client that breaks off or talks nonsense is not our error.
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    served.sockets.close();
    tasks.close();
    let all_ended = async {
        connections.wait().await;
        served.sockets.wait().await;
        tasks.wait().await;
    };
    if tokio::time::timeout(grace, all_ended).await.is_err() {
        tracing::warn!("requests were still running when the time for stopping was over");
        patience_ends.cancel();
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(tokio::net::TcpStream, Peer, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, Peer(peer.ip()), place))
}
