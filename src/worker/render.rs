//! A delivery's body: the subject as its GraphQL type has it, read by the schema itself.

use std::sync::Arc;

use async_graphql::{Request, Value, Variables};

use crate::access::Grants;
use crate::app::App;
use crate::error::Fault;
use crate::events::Topic;
use crate::graphql::schema::EmporiaSchema;
use crate::graphql::scope::{RequestInfo, Scope};
use crate::ids::{GidNamespace, TenantId};
use crate::tenant::model::Access;
use crate::tenant::resolve::Resolved;
use crate::webhook;
use crate::webhook::model::{Claimed, MAX_BODY};

/// What is told of an order. Additive: receivers rely on every field.
const ORDER: &str = include_str!("order.graphql");

fn document(topic: Topic) -> (&'static str, &'static str) {
    match topic {
        Topic::OrdersCreate
        | Topic::OrdersPaid
        | Topic::OrdersCancelled
        | Topic::OrdersFulfilled
        | Topic::OrdersUpdated => (ORDER, "Order"),
    }
}

/// A field of an object.
fn field<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if let Value::Object(fields) = value { fields.get_mut(name) } else { None }
}

/// Where the next page of a connection begins, if there is one.
fn next_page(connection: &mut Value) -> Option<Value> {
    let page_info = field(connection, "pageInfo")?;
    let has_next = matches!(field(page_info, "hasNextPage"), Some(Value::Boolean(true)));
    if has_next { field(page_info, "endCursor").cloned() } else { None }
}

/// Puts the next page of a connection behind what there is of it.
fn extend(connection: &mut Value, next: &mut Value) -> Option<()> {
    if let (Value::List(nodes), Value::List(more)) = (field(connection, "nodes")?, field(next, "nodes")?) {
        nodes.append(more);
    }
    std::mem::swap(field(connection, "pageInfo")?, field(next, "pageInfo")?);
    Some(())
}

/// A delivery's subject as the schema has it, with the lines behind a cursor: as many as the document asks for.
async fn read(schema: &EmporiaSchema, scope: &Arc<Scope>, claimed: &Claimed, after: Value) -> Result<Value, Fault> {
    let (document, kind) = document(claimed.topic);
    let id = GidNamespace::Emporia.encode(kind, claimed.subject_id);
    let variables = Variables::from_json(serde_json::json!({ "id": id, "after": after }));
    let mut response = schema.execute(Request::new(document).variables(variables).data(scope.clone())).await;
    match response.errors.first() {
        // A fault of the database is one for the moment: the caller tells it from what never changes.
        Some(error) => Err(error
            .source::<Fault>()
            .cloned()
            .unwrap_or_else(|| Fault::internal(format!("rendering {kind} {}: {error:?}", claimed.subject_id)))),
        // The document has one root field, `data`.
        None => Ok(field(&mut response.data, "data").map(std::mem::take).unwrap_or_default()),
    }
}

/// The subject with all its lines.
async fn read_whole(schema: &EmporiaSchema, scope: &Arc<Scope>, claimed: &Claimed) -> Result<Value, Fault> {
    const LINES: &str = "lineItems";
    let mut subject = read(schema, scope, claimed, Value::Null).await?;
    while let Some(lines) = field(&mut subject, LINES)
        && let Some(after) = next_page(lines)
    {
        let mut next = read(schema, scope, claimed, after).await?;
        field(&mut next, LINES)
            .and_then(|next| extend(lines, next))
            .ok_or_else(|| Fault::internal("a page of lines is missing"))?;
    }
    Ok(subject)
}

/// The bytes that every attempt of this delivery sends.
pub async fn body(app: &App, schema: &EmporiaSchema, tenant: TenantId, claimed: &Claimed) -> Result<String, Fault> {
    let standing = app.resolver.standing(tenant).await?;
    let standing = standing.ok_or_else(|| Fault::internal(format!("tenant {tenant} is gone")))?;
    let resolved = Resolved::lasting(standing, Access::System, Grants::Everything);
    let request = RequestInfo { id: claimed.id.to_string(), ..RequestInfo::default() };
    let scope = Scope::new(app, &resolved, request);
    let data = read_whole(schema, &scope, claimed).await;
    scope.finish();
    let data = serde_json::value::to_raw_value(&data?).map_err(unwritable)?;
    let body = webhook::body::body(claimed.topic, claimed.occurred_at, &data).map_err(unwritable)?;
    if body.len() > MAX_BODY {
        return Err(Fault::internal(format!("{} is longer than a delivery may be", claimed.subject_id)));
    }
    Ok(body)
}

fn unwritable(error: serde_json::Error) -> Fault {
    Fault::internal(error.to_string())
}
