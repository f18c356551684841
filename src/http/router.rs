//! Every path the API answers.

use axum::Router;
use axum::routing::post;

use super::graphql;
use crate::app::App;
use crate::graphql::schema::{self, EmporiaSchema};

/// What handlers share.
#[derive(Clone)]
pub struct Served {
    pub app: App,
    pub schema: EmporiaSchema,
}

/// The API's router.
pub fn router(app: App) -> Router {
    let schema = schema::builder().finish();
    Router::new().route("/graphql", post(graphql::post)).with_state(Served { app, schema })
}
