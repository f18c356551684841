//! Every path the API answers.
//!
//! | Path | What |
//! |---|---|
//! | `POST /graphql`, `GET /graphql` | the API; a WebSocket when upgraded; server-sent events where accepted |
//! | `/api/{version}/graphql.json` | the same, with ids as `gid://shopify/…`, for storefronts that rebuild them |
//! | `GET /graphiql/` | the playground, where `GRAPHIQL` allows it; its files under `/graphiql/assets/` |
//! | `/checkout/{tenant}/{cart}` | where `Cart.checkoutUrl` leads: forms until there is an order |
//! | `GET /checkout/{tenant}/order` | the order, for who has its token |
//! | `GET /livez` | the process answers |
//! | `GET /readyz` | the database and the shared store answer |
//! | `GET /health` | the same as JSON |

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use super::graphql::{Documents, PersistedQueries, Places};
use super::origin::OwnOrigins;
use super::{checkout, cors, graphiql, graphql, health, problem, request};
use crate::app::App;
use crate::graphql::schema::Schemas;

/// What handlers share.
pub struct Served {
    pub app: App,
    pub schemas: Schemas,
    /// The web origins of the API's own pages.
    pub own: OwnOrigins,
    pub persisted: PersistedQueries,
    /// Room for WebSockets and streams of events.
    pub places: Places,
    pub documents: Documents,
    /// Cancelled when the process is to stop.
    pub shutdown: CancellationToken,
    /// The open WebSockets and streams of events: they outlive their request.
    pub sockets: TaskTracker,
}

impl Served {
    pub fn new(app: App, listening: Option<SocketAddr>, shutdown: CancellationToken) -> Arc<Self> {
        let own = OwnOrigins::of(&app, listening);
        let places = Places::new(&app.config.http);
        let (persisted, sockets) = (PersistedQueries::default(), TaskTracker::new());
        let schemas = Schemas::build(app.config.http.introspection);
        let documents = Documents::default();
        Arc::new(Self { schemas, own, persisted, documents, places, app, shutdown, sockets })
    }
}

impl FromRef<Arc<Served>> for App {
    fn from_ref(served: &Arc<Served>) -> Self {
        served.app.clone()
    }
}

/// The API's router, for a process that is not asked to stop.
pub fn router(app: App) -> Router {
    routes(Served::new(app, None, CancellationToken::new()))
}

pub(super) fn routes(served: Arc<Served>) -> Router {
    let playground = if served.app.config.http.graphiql { graphiql::router() } else { Router::new() };
    Router::new()
        .route("/graphql", api(graphql::handle))
        .route("/api/{version}/graphql.json", api(graphql::handle_compatible))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/health", get(health::health))
        .merge(checkout::router())
        .merge(playground)
        .fallback(nothing_here)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(served.clone(), request::identify))
        .with_state(served)
}

/// GET and POST with one handler, OPTIONS for browsers that ask first.
fn api<H, T>(handler: H) -> MethodRouter<Arc<Served>>
where
    H: Handler<T, Arc<Served>>,
    T: 'static,
{
    get(handler.clone()).post(handler).options(cors::preflight)
}

/// The panic itself is logged by the hook that telemetry sets.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    problem::problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal error; the log knows it by this answer's x-request-id",
    )
}

async fn nothing_here() -> Response {
    problem::problem(StatusCode::NOT_FOUND, "there is nothing at this path; the API is at /graphql")
}
