//! GraphQL over HTTP.

use async_graphql::{Request, Response, Schema, ServerError};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;

use super::context::{Credentials, guard};
use super::router::Served;
use crate::graphql::error::{present, set_code};
use crate::graphql::scope::{RequestInfo, Scope};

/// `POST /graphql`.
pub async fn post(
    State(served): State<Served>,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> axum::response::Response {
    let resolved = match guard(&served.app, &Credentials::from_headers(&headers)).await {
        Ok(resolved) => resolved,
        Err(denied) => {
            let mut error = ServerError::new(denied.message, None);
            set_code(&mut error, denied.code);
            return (denied.status, Json(Response::from_errors(vec![error]))).into_response();
        }
    };
    let scope = Scope::new(&served.app, &resolved, RequestInfo::default());
    let mut response = Schema::execute(&served.schema, request.data(scope.clone())).await;
    scope.finish();
    present(&mut response, "-");
    (StatusCode::OK, Json(response)).into_response()
}
