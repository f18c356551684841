//! Whether the process lives, and whether it can work.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::router::Served;
use crate::error::Fault;

/// An answer that takes longer is none.
const BOUND: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    database: &'static str,
    shared: &'static str,
}

/// `GET /livez`: the process answers. Asks nobody, so that a database outage does not restart every process.
pub async fn livez() -> Response {
    uncached(StatusCode::OK, "ok".into_response())
}

/// `GET /readyz`: the database and the shared store answer, and the process is not stopping.
pub async fn readyz(State(served): State<Arc<Served>>) -> Response {
    let health = check(&served).await;
    uncached(code(&health), health.status.into_response())
}

/// `GET /health`: both, as JSON.
pub async fn health(State(served): State<Arc<Served>>) -> Response {
    let health = check(&served).await;
    uncached(code(&health), Json(health).into_response())
}

async fn check(served: &Served) -> Health {
    let (database, shared) = tokio::join!(
        answers("the database", served.app.db.ping()),
        answers("the shared store", served.app.shared.ping())
    );
    let status = match (served.stopping.is_cancelled(), database && shared) {
        (true, _) => "stopping",
        (false, true) => "ok",
        (false, false) => "unavailable",
    };
    let word = |answered| if answered { "ok" } else { "unavailable" };
    Health { status, version: env!("CARGO_PKG_VERSION"), database: word(database), shared: word(shared) }
}

async fn answers(what: &str, asked: impl Future<Output = Result<(), Fault>>) -> bool {
    match tokio::time::timeout(BOUND, asked).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "{what} does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("{what} does not answer in time");
            false
        }
    }
}

fn code(health: &Health) -> StatusCode {
    if health.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn uncached(status: StatusCode, body: Response) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}
