//! `/metrics`, on a listener of its own: what a process counts tells of the trade of all its tenants, and is nobody's
//! business who reaches the API. `/certificate` tells a proxy, which gets certificates as they are needed, whether a name is
//! a shop's: to others it would tell who is here. `/livez` beside it is for workers, which listen to nothing else.

use std::future::IntoFuture;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::app::App;
use crate::http::is_shops;

/// Who asks for metrics does not wait longer for the database: the rest is told without it.
const PATIENCE: Duration = Duration::from_secs(2);
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves the process's metrics where `METRICS_LISTEN` says, until the handle is dropped. None: it says nothing.
pub async fn listen(app: &App) -> anyhow::Result<Option<AbortOnDropHandle<()>>> {
    let Some(address) = app.config.metrics_listen else { return Ok(None) };
    let listener = TcpListener::bind(address).await.with_context(|| format!("listening on {address} for metrics"))?;
    let metrics_address = listener.local_addr().context("the metrics' address")?;
    tracing::info!(%metrics_address, "metrics can be read");
    let serving = axum::serve(listener, router(app.clone())).into_future();
    Ok(Some(AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "metrics are no longer served");
        }
    }))))
}

fn router(app: App) -> Router {
    let livez = async || "ok";
    let router = Router::new().route("/metrics", get(metrics)).route("/certificate", get(certificate));
    router.route("/livez", get(livez)).with_state(app)
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    match tokio::time::timeout(PATIENCE, crate::worker::oldest_work(&app)).await {
        Ok(Ok(ages)) => ages.into_iter().for_each(|(work, age)| app.metrics.oldest_work(work.as_db(), age)),
        Ok(Err(error)) => tracing::warn!(%error, "the age of waiting work is not known"),
        Err(_) => tracing::warn!("the age of waiting work could not be asked for in time"),
    }
    (StatusCode::OK, [(header::CONTENT_TYPE, OPENMETRICS)], app.metrics.text(app.shared.is_listening()))
}

/// What Caddy's `on_demand_tls` asks with.
#[derive(Deserialize)]
struct Asked {
    domain: String,
}

async fn certificate(State(app): State<App>, Query(asked): Query<Asked>) -> (StatusCode, &'static str) {
    match is_shops(&app, &asked.domain).await {
        Ok(true) => (StatusCode::OK, "a shop is found by this name"),
        Ok(false) => (StatusCode::NOT_FOUND, "no shop is found by this name"),
        Err(error) => {
            tracing::warn!(%error, "whose a name is could not be asked");
            (StatusCode::SERVICE_UNAVAILABLE, "it cannot be told at the moment")
        }
    }
}
