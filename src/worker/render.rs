//! A delivery's body: the subject as its GraphQL type has it, read by the schema itself.

use async_graphql::{Request, Variables};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::error::Fault;
use crate::events::Topic;
use crate::graphql::schema::EmporiaSchema;
use crate::graphql::scope::{RequestInfo, Scope};
use crate::ids::{GidNamespace, TenantId};
use crate::tenant::model::Access;
use crate::tenant::resolve::Resolved;
use crate::webhook::model::{Claimed, MAX_BODY};

/// What is told of an order. Additive: receivers rely on every field.
const ORDER: &str = include_str!("order.graphql");

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: &'a RawValue,
}

fn document(topic: Topic) -> (&'static str, &'static str) {
    match topic {
        Topic::OrdersCreate
        | Topic::OrdersPaid
        | Topic::OrdersCancelled
        | Topic::OrdersFulfilled
        | Topic::OrdersUpdated => (ORDER, "Order"),
    }
}

/// The bytes that every attempt of this delivery sends.
pub async fn body(app: &App, schema: &EmporiaSchema, tenant: TenantId, claimed: &Claimed) -> Result<String, Fault> {
    let standing = app.resolver.standing(tenant).await?;
    let standing = standing.ok_or_else(|| Fault::internal(format!("tenant {tenant} is gone")))?;
    let resolved = Resolved { standing, access: Access::System };
    let request = RequestInfo { id: claimed.id.to_string(), ..RequestInfo::default() };
    let scope = Scope::new(app, &resolved, request);
    let (document, kind) = document(claimed.topic);
    let id = GidNamespace::Emporia.encode(kind, claimed.subject_id);
    let variables = Variables::from_json(serde_json::json!({ "id": id }));
    let response = schema.execute(Request::new(document).variables(variables).data(scope.clone())).await;
    scope.finish();
    if let Some(error) = response.errors.first() {
        return Err(Fault::internal(format!("rendering {kind} {}: {error:?}", claimed.subject_id)));
    }
    // The document has one root field, `data`.
    let data = match &response.data {
        async_graphql::Value::Object(fields) => fields.get("data").unwrap_or(&async_graphql::Value::Null),
        _ => &async_graphql::Value::Null,
    };
    let data = serde_json::value::to_raw_value(data).map_err(unwritable)?;
    let timestamp = claimed.occurred_at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let body = serde_json::to_string(&Body { kind: claimed.topic.on_the_wire(), timestamp, data: &data });
    let body = body.map_err(unwritable)?;
    if body.len() > MAX_BODY {
        return Err(Fault::internal(format!("{kind} {} is longer than a delivery may be", claimed.subject_id)));
    }
    Ok(body)
}

fn unwritable(error: serde_json::Error) -> Fault {
    Fault::internal(error.to_string())
}
