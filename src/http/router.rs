//! Every path the API answers.
//!
//! | Path | What |
//! |---|---|
//! | `POST /graphql`, `GET /graphql` | the API; a WebSocket when upgraded with `graphql-transport-ws` |
//! | `/api/{version}/graphql.json` | the same, with ids as `gid://shopify/…`, for storefronts that rebuild them |
//! | `GET /livez` | the process answers |
//! | `GET /readyz` | the database and the shared store answer |
//! | `GET /health` | the same as JSON |

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::origin::OwnOrigins;
use super::{graphql, health, problem, request};
use crate::app::App;
use crate::graphql::schema::{self, EmporiaSchema};

/// What handlers share.
pub struct Served {
    pub app: App,
    pub schema: EmporiaSchema,
    /// The web origins of the API's own pages.
    pub own: OwnOrigins,
    /// Cancelled when the process is to stop.
    pub shutdown: CancellationToken,
    /// The open WebSockets: they outlive their request.
    pub sockets: TaskTracker,
}

impl Served {
    pub fn new(app: App, listening: Option<SocketAddr>, shutdown: CancellationToken) -> Arc<Self> {
        let mut schema = schema::builder();
        if !app.config.http.introspection {
            // A suggestion ("did you mean …?") gives the schema away name by name.
            schema = schema.disable_introspection().disable_suggestions();
        }
        let own = OwnOrigins::of(&app, listening);
        Arc::new(Self { schema: schema.finish(), own, app, shutdown, sockets: TaskTracker::new() })
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
    Router::new()
        .route("/graphql", post(graphql::post))
        .route("/api/{version}/graphql.json", post(graphql::post_compatible))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/health", get(health::health))
        .fallback(nothing_here)
        .layer(from_fn_with_state(served.clone(), request::identify))
        .with_state(served)
}

async fn nothing_here() -> Response {
    problem::problem(StatusCode::NOT_FOUND, "there is nothing at this path; the API is at /graphql")
}
