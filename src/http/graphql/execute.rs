//! One operation from its parameters to its response, for every transport.

use std::sync::Arc;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{Request, Response, Schema, ServerError, Value, Variables, value};
use axum::http::StatusCode;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use tokio::sync::watch;

use super::answer::{Refused, is_request_error};
use super::params::Params;
use super::persisted;
use super::prepare::Prepared;
use super::{house, replica, trusted};
use crate::access::Grants;
use crate::graphql::error::{ApiError, Code, code, present, set_code};
use crate::graphql::idempotent::check_header;
use crate::graphql::limits::{Limits, of_answer};
use crate::graphql::nul;
use crate::graphql::schema::Schemas;
use crate::graphql::scope::{RequestInfo, Scope};
use crate::http::request::record_operation;
use crate::http::router::Served;
use crate::metrics::{Operation, Outcome};
use crate::tenant::model::Access;
use crate::tenant::resolve::Resolved;
use crate::trusted_document::model::DocumentHash;

/// Errors shown of a document that has many.
const MAX_ERRORS: usize = 20;

/// Who calls, and how.
pub struct Call<'a> {
    pub served: &'a Arc<Served>,
    pub resolved: &'a Resolved,
    pub info: RequestInfo,
    pub is_get: bool,
}

/// An operation that has passed every check before execution.
pub struct Ready {
    pub request: Request,
    pub scope: Arc<Scope>,
    pub kind: OperationType,
    prepared: Arc<Prepared>,
    /// Its estimated cost, in points.
    cost: u64,
    /// Validation would pass it.
    is_valid: bool,
    counts: Arc<Operation>,
}

impl Call<'_> {
    /// Executes a query or a mutation.
    pub async fn run(&self, params: Params) -> Result<Response, Refused> {
        Ok(self.ready(params).await?.execute(&self.served.schemas).await)
    }

    /// Everything before execution.
    pub async fn ready(&self, params: Params) -> Result<Ready, Refused> {
        self.check(params).await.inspect_err(|refused| self.served.app.metrics.refused(&refused.code()))
    }

    async fn check(&self, params: Params) -> Result<Ready, Refused> {
        let prepared = self.document(&params).await?;
        // Some clients send an empty name for none.
        let name = params.operation_name.filter(|name| !name.is_empty());
        let operation = prepared.operation(name.as_deref())?;
        let own_name = prepared.operation_name(name.as_deref());
        if let Some(name) = own_name {
            record_operation(name);
        }
        if prepared.introspects && !self.served.app.config.http.introspection {
            let text = "introspection is switched off: the schema cannot be asked for (`__schema`, `__type`)";
            return Err(Refused::document(Code::ValidationFailed, text));
        }
        if self.resolved.is_nowhere() {
            house::check(&prepared.document, operation)?;
        }
        let kind = operation.ty;
        if self.is_get && kind != OperationType::Query {
            let text = "only queries may be sent by GET; use POST";
            return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, text));
        }
        if kind == OperationType::Mutation && self.resolved.access == Access::Public {
            let text = "mutations need an API key: send x-api-key; the host alone is good for reading";
            let refused = Refused::document(Code::Unauthenticated, text);
            return Err(Refused { status: Some(StatusCode::UNAUTHORIZED), ..refused });
        }
        if self.info.idempotency_key.is_some() {
            check_header(&prepared.document, operation)
                .map_err(|error| Refused::document(error.code, error.message))?;
        }
        let variables = params.variables.unwrap_or_default();
        required_variables(operation, &variables)?;
        if let Some(place) = nul::in_variables(&variables) {
            return Err(Refused::nul(&place));
        }
        let bytes = prepared.uses.within(operation, &variables, &Limits::STANDARD)?;
        let cost = prepared.cost(operation, &variables, bytes)?;
        let is_valid = prepared.is_known_to_be_valid(operation, &variables);
        // What has been refused takes none of the few names that are told apart.
        let counts = self.served.app.metrics.operation(own_name, self.info.transport);
        let has_replica = self.served.app.db.has_replica();
        let scope = match kind {
            OperationType::Subscription => Scope::of_subscription,
            OperationType::Query if has_replica && replica::may_answer(self.resolved.access, operation) => {
                Scope::of_reader
            }
            OperationType::Query | OperationType::Mutation => Scope::new,
        };
        let scope = scope(&self.served.app, self.resolved, self.info.clone());
        let mut request = Request::new(String::new()).variables(variables).data(scope.clone());
        request.operation_name = name;
        request.set_parsed_query(prepared.document.clone());
        Ok(Ready { request, scope, kind, prepared, cost, is_valid, counts })
    }

    /// The document that was sent, or the stored one that was named.
    async fn document(&self, params: &Params) -> Result<Arc<Prepared>, Refused> {
        let text = params.query.as_deref().filter(|query| !query.is_empty());
        if let Some(id) = &params.document_id {
            if text.is_some() {
                return Err(Refused::bad_request("`documentId` and `query` exclude each other: send one of them"));
            }
            let hash = trusted::named(id)?;
            return self.trusted(hash).await?.ok_or_else(|| trusted::not_trusted(hash));
        }
        let named = persisted::named(params)?;
        if let (Some(hash), Some(text)) = (named, text) {
            persisted::check(hash, text)?;
        }
        if self.resolved.standing.trusted_documents_only && self.resolved.access.is_storefront() {
            return match named.or_else(|| text.map(DocumentHash::of)) {
                Some(hash) => self.trusted(hash).await?.ok_or_else(trusted::required),
                None => Err(trusted::required()),
            };
        }
        let (shared, tenant) = (&*self.served.app.shared, self.resolved.standing.id);
        let documents = &self.served.documents;
        match (named, text) {
            (None, Some(text)) => documents.prepare(text),
            (None, None) => Err(Refused::bad_request("`query` is missing: send the document's text")),
            (Some(hash), None) => match persisted::find(shared, tenant, hash).await {
                Some(text) => documents.prepare(&text),
                None => self.trusted(hash).await?.ok_or_else(persisted::not_found),
            },
            (Some(hash), Some(text)) => {
                let prepared = documents.prepare(text)?;
                self.served.persisted.store(shared, tenant, hash, text).await;
                Ok(prepared)
            }
        }
    }

    /// The tenant's trusted document under a hash.
    async fn trusted(&self, hash: DocumentHash) -> Result<Option<Arc<Prepared>>, Refused> {
        if self.resolved.is_nowhere() {
            return Ok(None);
        }
        let db = self.served.app.db.tenant(self.resolved.standing.id);
        match self.served.trusted.find(&db, hash).await {
            Ok(Some(text)) => self.served.documents.prepare(&text).map(Some),
            Ok(None) => Ok(None),
            Err(fault) => {
                tracing::error!(error = %fault, "a trusted document cannot be read");
                Err(Refused::broken(&self.info.id))
            }
        }
    }
}

impl Ready {
    /// The response of a query or a mutation.
    pub async fn execute(self, schemas: &Schemas) -> Response {
        let Self { request, scope, kind, prepared, cost, is_valid, counts } = self;
        let running = counts.begin();
        let schema = if is_valid { &schemas.of_the_known } else { &schemas.of_all };
        let response = match scope.budget.bound(Schema::execute(schema, request)).await {
            Ok(response) => {
                if !is_valid && !is_request_error(&response) {
                    prepared.note_valid();
                }
                with_cost(response, kind, cost)
            }
            Err(too_much) => Refused::overspent(too_much).into_graphql(),
        };
        let response = finish(response, &scope);
        running.end(outcome(&response));
        response
    }

    /// The responses of a subscription, each within an account of its own. One that overspends is the last, and so is
    /// one that has errors instead of data: what it should have told can only be had by subscribing again behind what
    /// was told before. What the caller may do is looked at before each: a subscription ends when it no longer may.
    pub fn subscribe(self, schemas: &Schemas, grants: watch::Receiver<Grants>) -> BoxStream<'static, Response> {
        let Self { request, scope, kind, cost, counts, .. } = self;
        let responses = schemas.of_all.execute_stream(request).boxed();
        unfold(Some((responses, grants, counts.begin_subscription())), move |following| {
            let scope = scope.clone();
            async move {
                let (mut responses, mut grants, running) = following?;
                let next = tokio::select! {
                    biased;
                    refused = lost(&scope, &mut grants) => Err(Refused::document(refused.code, refused.message)),
                    next = scope.budget.bound(responses.next()) => next.map_err(Refused::overspent),
                };
                let (response, is_last) = match next {
                    Ok(Some(response)) => {
                        let response = finish(with_cost(response, kind, cost), &scope);
                        let is_lost = !response.errors.is_empty() && response.data == Value::Null;
                        (response, is_lost)
                    }
                    Ok(None) => {
                        running.end(Outcome::Ok);
                        return None;
                    }
                    Err(refused) => (finish(refused.into_graphql(), &scope), true),
                };
                if is_last {
                    running.end(outcome(&response));
                    return Some((response, None));
                }
                Some((response, Some((responses, grants, running))))
            }
        })
        .boxed()
    }
}

/// Waits until the caller may no longer what the operation was let in for, and keeps the operation's account of what
/// they may up to date meanwhile. May be dropped at any time.
async fn lost(scope: &Scope, grants: &mut watch::Receiver<Grants>) -> ApiError {
    loop {
        if grants.changed().await.is_err() {
            // Who kept it up to date is gone, and is about to end this too.
            std::future::pending::<()>().await;
        }
        let now = grants.borrow_and_update().clone();
        if let Err(refused) = scope.regrant(now) {
            return refused;
        }
    }
}

/// Says what was expected of the operation and what came of it, in points (`docs/guides/storefront.md`, "Cost").
fn with_cost(mut response: Response, kind: OperationType, requested: u64) -> Response {
    if !is_request_error(&response) {
        let actual = of_answer(&response.data, kind);
        let cost = value!({ "requestedQueryCost": requested, "actualQueryCost": actual });
        response.extensions.insert("cost".to_owned(), cost);
    }
    response
}

/// For the counts.
fn outcome(response: &Response) -> Outcome {
    let is_ours = |error: &ServerError| code(error).is_some_and(|code| code == Code::Internal.as_str());
    match &response.errors[..] {
        [] => Outcome::Ok,
        errors if errors.iter().any(is_ours) => Outcome::Fault,
        _ => Outcome::Errors,
    }
}

/// Ends the request's snapshot and makes the response presentable.
fn finish(mut response: Response, scope: &Scope) -> Response {
    scope.finish();
    if !response.errors.is_empty() {
        response.errors.truncate(MAX_ERRORS);
        for error in &mut response.errors {
            // Without a path: said by validation, before anything ran.
            if error.path.is_empty() && error.source.is_none() && error.extensions.is_none() {
                set_code(error, Code::ValidationFailed);
                if !matches!(scope.access, Access::Operator { .. }) {
                    house::hush(&mut error.message);
                }
            }
        }
        present(&mut response, &scope.request.id);
    }
    response
}

/// A variable that may not be null must have a value: async-graphql notices only those that are used.
fn required_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refused> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let given = variables.get(&definition.name.node);
        let is_missing = match given {
            Some(value) => *value == Value::Null,
            None => definition.default_value.is_none(),
        };
        if is_missing && !definition.var_type.node.nullable {
            let text =
                format!("the variable ${} of type {} needs a value", definition.name.node, definition.var_type.node);
            return Err(Refused::document(Code::BadUserInput, text));
        }
    }
    Ok(())
}
