//! What a client sends: a body's JSON, or a query string.

use std::collections::HashMap;

use async_graphql::{Value, Variables};
use serde::Deserialize;

use super::answer::Refused;

/// One operation as sent. A parameter of the wrong type, `null` excepted, is a bad request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    pub query: Option<String>,
    /// A trusted document in place of `query`.
    pub document_id: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Option<Variables>,
    pub extensions: Option<HashMap<String, Value>>,
}

/// A body's content.
pub enum Sent {
    One(Params),
    Batch(Vec<Params>),
}

pub fn from_body(body: &[u8]) -> Result<Sent, Refused> {
    let bad = |error: serde_json::Error| Refused::bad_request(format!("the body is not a GraphQL request: {error}"));
    if body.trim_ascii_start().starts_with(b"[") {
        let batch: Vec<Params> = serde_json::from_slice(body).map_err(bad)?;
        if batch.is_empty() {
            return Err(Refused::bad_request("the batch is empty"));
        }
        return Ok(Sent::Batch(batch));
    }
    serde_json::from_slice(body).map(Sent::One).map_err(bad)
}

pub fn from_query(query: Option<&str>) -> Result<Sent, Refused> {
    let mut params = Params::default();
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "query" => params.query = Some(value.into_owned()),
            "documentId" => params.document_id = Some(value.into_owned()),
            "operationName" => params.operation_name = Some(value.into_owned()),
            "variables" => params.variables = json(&name, &value)?,
            "extensions" => params.extensions = json(&name, &value)?,
            _ => {}
        }
    }
    Ok(Sent::One(params))
}

fn json<T: for<'a> Deserialize<'a>>(name: &str, text: &str) -> Result<Option<T>, Refused> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map_err(|error| Refused::bad_request(format!("`{name}` is not a JSON object: {error}")))
}
