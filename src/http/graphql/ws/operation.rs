//! One operation of a socket, on a task of its own.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, Schema, ServerError, Value};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::message;
use crate::graphql::scope::RequestInfo;
use crate::http::graphql::answer::{Refused, is_request_error};
use crate::http::graphql::execute::{Call, Ready, finish};
use crate::http::graphql::params::Params;
use crate::http::router::Served;
use crate::tenant::resolve::Resolved;

/// A text for the client from an operation. `number` tells operations apart that had the same id.
pub struct Said {
    pub id: Arc<str>,
    pub number: u64,
    pub text: String,
    pub is_last: bool,
}

/// Where an operation says things. The channel is bounded: a client that does not read slows its operations down.
pub struct Voice {
    pub id: Arc<str>,
    pub number: u64,
    pub out: mpsc::Sender<Said>,
}

impl Voice {
    async fn say(&self, text: String, is_last: bool) {
        // Nobody listens any more only when the socket is gone.
        let _ = self.out.send(Said { id: self.id.clone(), number: self.number, text, is_last }).await;
    }

    pub async fn refuse(&self, errors: &[ServerError]) {
        self.say(message::error(&self.id, errors), true).await;
    }

    async fn next(&self, response: &Response) {
        self.say(message::next(&self.id, response), false).await;
    }

    async fn complete(&self) {
        self.say(message::complete(&self.id), true).await;
    }
}

/// Runs an operation to its end.
pub async fn run(served: Arc<Served>, resolved: Resolved, info: RequestInfo, params: Params, voice: Voice) {
    let call = Call { served: &served, resolved: &resolved, info, is_get: false };
    let Ready { request, scope, kind } = match call.ready(params).await {
        Ok(ready) => ready,
        Err(refused) => return voice.refuse(&refused.errors).await,
    };
    tracing::info!("an operation begins");
    if kind != OperationType::Subscription {
        let bound = served.app.config.http.request_timeout;
        let executed = tokio::time::timeout(bound, Schema::execute(&served.schema, request)).await;
        let Ok(response) = executed else { return voice.refuse(&Refused::too_slow(&scope.request.id).errors).await };
        let response = finish(response, &scope);
        if is_request_error(&response) {
            return voice.refuse(&response.errors).await;
        }
        voice.next(&response).await;
        return voice.complete().await;
    }
    let mut responses = served.schema.execute_stream(request);
    let mut is_first = true;
    while let Some(response) = responses.next().await {
        let response = finish(response, &scope);
        // No data at the very beginning: the stream could not be made.
        if is_first && !response.errors.is_empty() && response.data == Value::Null {
            return voice.refuse(&response.errors).await;
        }
        is_first = false;
        voice.next(&response).await;
    }
    voice.complete().await;
}
