//! One operation from its parameters to its response, for every transport.

use std::sync::Arc;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{Name, Request, Response, Schema, ServerError, Value, Variables, value};
use axum::http::StatusCode;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use tokio::sync::watch;

use super::answer::{Refused, is_request_error, limit_headers};
use super::params::Params;
use super::persisted;
use super::prepare::Prepared;
use super::{house, replica, trusted};
use crate::access::Grants;
use crate::error::Fault;
use crate::graphql::error::{ApiError, Code, code, present, set_code};
use crate::graphql::idempotent::check_header;
use crate::graphql::limits::{Limits, of_answer};
use crate::graphql::nul;
use crate::graphql::schema::Schemas;
use crate::graphql::scope::{RequestInfo, Scope};
use crate::http::request::record_operation;
use crate::http::router::Served;
use crate::metrics::{Operation, Outcome};
use crate::places::Place;
use crate::tenant::model::Access;
use crate::tenant::resolve::Resolved;
use crate::throttle::{Charged, Client};
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
    /// What its estimated cost was poured into; none: the shop's use is not bounded.
    charged: Option<Charged>,
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
        let place = match kind {
            // It has one among the sockets and streams.
            OperationType::Subscription => None,
            OperationType::Query | OperationType::Mutation => Some(self.place()?),
        };
        // Last: what is refused costs nothing.
        let charged = self.charge(cost).await?;
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
        if let Some(place) = place {
            scope.keep(place);
        }
        let mut request = Request::new(String::new()).variables(variables).data(scope.clone());
        request.operation_name = name;
        request.set_parsed_query(prepared.document.clone());
        Ok(Ready { request, scope, kind, prepared, cost, is_valid, counts, charged })
    }

    /// A place among the tenant's operations; for a storefront also among those that leave some to who runs the shop.
    fn place(&self) -> Result<(Place, Option<Place>), Refused> {
        let (served, tenant) = (self.served, self.resolved.standing.id);
        let shopper = match self.resolved.access.is_storefront() {
            true => Some(served.shoppers.take(tenant).ok_or_else(Refused::crowded)?),
            false => None,
        };
        Ok((served.operations.take(tenant).ok_or_else(Refused::crowded)?, shopper))
    }

    async fn charge(&self, cost: u64) -> Result<Option<Charged>, Refused> {
        let Some(rate) = self.resolved.standing.api_rate else { return Ok(None) };
        let access = self.resolved.access;
        // People who sign in are one client each, wherever they are.
        let network = self.info.network.filter(|_| !matches!(access, Access::Staff { .. } | Access::Operator { .. }));
        let client = Client { access, network };
        let throttle = &self.served.app.throttle;
        // An operation that is all `__typename`s is not for nothing.
        let charged = throttle.charge(self.resolved.standing.id, rate, client, cost.max(1)).await;
        charged.map(Some).map_err(Refused::throttled)
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
        let Self { request, scope, kind, prepared, cost, is_valid, counts, charged } = self;
        let running = counts.begin();
        let schema = if is_valid { &schemas.of_the_known } else { &schemas.of_all };
        let response = match scope.budget.bound(Schema::execute(schema, request)).await {
            Ok(response) => {
                if !is_valid && !is_request_error(&response) {
                    prepared.note_valid();
                }
                settled(with_cost(response, kind, cost), kind, charged)
            }
            // Whatever it has cost, that was no less than was expected.
            Err(too_much) => Refused::overspent(too_much).into_graphql(),
        };
        let response = finish(response, kind, &scope);
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
                        let response = finish(with_cost(response, kind, cost), kind, &scope);
                        let is_lost = !response.errors.is_empty() && response.data == Value::Null;
                        (response, is_lost)
                    }
                    Ok(None) => {
                        running.end(Outcome::Ok);
                        return None;
                    }
                    Err(refused) => (finish(refused.into_graphql(), kind, &scope), true),
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

/// Says how much more the operation's client may use. What was refused by validation used a point.
fn settled(mut response: Response, kind: OperationType, charged: Option<Charged>) -> Response {
    let Some(charged) = charged else { return response };
    // Where something failed, what was read for it is not in the answer.
    let has_failed = response.errors.iter().any(|error| !error.path.is_empty());
    let actual = if has_failed { u64::MAX } else { of_answer(&response.data, kind).max(1) };
    let status = charged.settle(actual);
    if let Some(Value::Object(cost)) = response.extensions.get_mut("cost") {
        cost.insert(Name::new("throttleStatus"), status.to_value());
    }
    limit_headers(&mut response, status);
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
fn finish(mut response: Response, kind: OperationType, scope: &Scope) -> Response {
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
        if kind == OperationType::Mutation {
            begun(&mut response);
        }
        present(&mut response, &scope.request.id);
    }
    response
}

/// What a mutation that has begun meets is no reason to send it again: whoever does may do it twice.
fn begun(response: &mut Response) {
    for error in &mut response.errors {
        if matches!(error.source::<Fault>(), Some(Fault::Crowded)) {
            error.source = None;
            error.message = format!("{}; a mutation that has begun is not undone", Fault::Crowded);
            set_code(error, Code::Internal);
        }
    }
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
