//! GraphQL over HTTP.

use std::sync::Arc;

use async_graphql::{Request, Response, Schema, ServerError};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::{Extension, Json};

use crate::graphql::error::{present, set_code};
use crate::graphql::scope::{RequestInfo, Scope};
use crate::http::context::{Credentials, guard};
use crate::http::request::{RequestId, record_tenant};
use crate::http::router::Served;
use crate::ids::GidNamespace;

/// `POST /graphql`.
pub async fn post(
    State(served): State<Arc<Served>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> axum::response::Response {
    answer(&served, &id, &headers, request, GidNamespace::Emporia).await
}

/// `POST /api/{version}/graphql.json`.
pub async fn post_compatible(
    State(served): State<Arc<Served>>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> axum::response::Response {
    answer(&served, &id, &headers, request, GidNamespace::Shopify).await
}

async fn answer(
    served: &Served,
    id: &RequestId,
    headers: &HeaderMap,
    request: Request,
    namespace: GidNamespace,
) -> axum::response::Response {
    let resolved = match guard(served, &Credentials::from_headers(headers)).await {
        Ok(resolved) => resolved,
        Err(denied) => {
            let mut error = ServerError::new(denied.message, None);
            set_code(&mut error, denied.code);
            return (denied.status, Json(Response::from_errors(vec![error]))).into_response();
        }
    };
    record_tenant(resolved.standing.id);
    let idempotency_key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let info = RequestInfo { id: id.0.to_string(), namespace, idempotency_key };
    let scope = Scope::new(&served.app, &resolved, info);
    let mut response = Schema::execute(&served.schema, request.data(scope.clone())).await;
    scope.finish();
    present(&mut response, &id.0);
    (StatusCode::OK, Json(response)).into_response()
}
