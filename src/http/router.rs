//! Every path the API answers; docs/paths.md lists them, and a test compares the two.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;

use super::graphql::{Documents, PersistedQueries, Places, TrustedDocuments};
use super::origin::OwnOrigins;
use super::{checkout, cors, graphiql, graphql, health, identity_webhooks, jwks, problem, request, stripe_webhooks};
use crate::app::App;
use crate::graphql::schema::Schemas;

/// Operations of a tenant under way at once, for each connection to the database that it may have at once: more would wait
/// for longer than anybody wants to.
const OPERATIONS_A_CONNECTION: usize = 64;

/// What handlers share.
pub struct Served {
    pub app: App,
    pub schemas: Schemas,
    /// The web origins of the API's own pages.
    pub own: OwnOrigins,
    pub persisted: PersistedQueries,
    /// Room for WebSockets and streams of events.
    pub places: Places,
    /// Room for the operations of each tenant that are under way; and for those of its storefronts.
    pub operations: crate::places::Places,
    pub shoppers: crate::places::Places,
    pub documents: Documents,
    pub trusted: TrustedDocuments,
    /// Cancelled when the process is asked to stop: from then on it is not ready, and goes on answering for a while.
    pub stopping: CancellationToken,
    /// Cancelled when that while is over.
    pub shutdown: CancellationToken,
    /// The open WebSockets and streams of events: they outlive their request.
    pub sockets: TaskTracker,
}

impl Served {
    pub fn new(app: App, listening: Option<SocketAddr>, stopping: CancellationToken) -> Arc<Self> {
        let own = OwnOrigins::of(&app, listening);
        let places = Places::new(&app.config.http);
        app.metrics.watch_sockets(places.room());
        let (persisted, sockets) = (PersistedQueries::default(), TaskTracker::new());
        let most = OPERATIONS_A_CONNECTION * app.db.share();
        let [operations, shoppers] = [most, most - most / 4].map(crate::places::Places::for_each);
        let schemas = Schemas::build(app.config.http.introspection);
        let shutdown = CancellationToken::new();
        let (documents, trusted) = (Documents::default(), TrustedDocuments::default());
        Arc::new(Self {
            schemas,
            own,
            persisted,
            operations,
            shoppers,
            documents,
            trusted,
            places,
            app,
            stopping,
            shutdown,
            sockets,
        })
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

/// A path and what answers it.
pub(super) type Route = (&'static str, MethodRouter<Arc<Served>>);

/// What is answered in every process.
fn always() -> Vec<Route> {
    let mut routes = vec![
        ("/graphql", api(graphql::handle)),
        ("/api/{version}/graphql.json", api(graphql::handle_compatible)),
        ("/.well-known/jwks.json", get(jwks::jwks)),
        ("/webhooks/identity/{provider}", post(identity_webhooks::handle)),
        ("/webhooks/stripe", post(stripe_webhooks::handle)),
        ("/livez", get(health::livez)),
        ("/readyz", get(health::readyz)),
        ("/health", get(health::health)),
    ];
    routes.extend(checkout::routes());
    routes
}

/// Every path that a process may answer, as axum writes them.
pub fn paths() -> impl Iterator<Item = &'static str> {
    always().into_iter().chain(graphiql::routes()).map(|(path, _)| path)
}

pub(super) fn routes(served: Arc<Served>) -> Router {
    let playground = if served.app.config.http.graphiql { graphiql::routes() } else { Vec::new() };
    let routes = always().into_iter().chain(playground);
    routes
        .fold(Router::new(), |router, (path, answers)| router.route(path, answers))
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_by_this_method)
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

/// The methods that there are stand in `allow`.
async fn not_by_this_method() -> Response {
    problem::problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path is not asked by this method; `allow` has those by which it is",
    )
}

async fn nothing_here() -> Response {
    problem::problem(StatusCode::NOT_FOUND, "there is nothing at this path; the API is at /graphql")
}
