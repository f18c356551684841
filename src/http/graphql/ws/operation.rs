//! One operation of a socket, on a task of its own.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, Value};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};

use super::message;
use crate::access::Grants;
use crate::graphql::scope::RequestInfo;
use crate::http::graphql::answer::{Refused, is_request_error};
use crate::http::graphql::execute::Call;
use crate::http::graphql::params::Params;
use crate::http::router::Served;
use crate::tenant::resolve::Resolved;

/// A text for the client from an operation. `number` tells operations apart that had the same id.
pub struct Said {
    pub id: Arc<str>,
    pub number: u64,
    /// None: it ends without a word.
    pub text: Option<String>,
    pub is_last: bool,
}

/// Where an operation says things. The channel is bounded: a client that does not read slows its operations down.
pub struct Voice {
    pub id: Arc<str>,
    pub number: u64,
    pub out: mpsc::Sender<Said>,
}

impl Voice {
    async fn say(&self, text: impl Into<Option<String>>, is_last: bool) {
        let text = text.into();
        // Nobody listens any more only when the socket is gone.
        let _ = self.out.send(Said { id: self.id.clone(), number: self.number, text, is_last }).await;
    }

    /// Ends a subscription that the process cuts off: to its client it is not complete, and worth resuming elsewhere.
    async fn break_off(&self) {
        self.say(None, true).await;
    }

    pub async fn refuse(&self, errors: &[ServerError]) {
        self.say(message::error(&self.id, errors), true).await;
    }

    async fn next(&self, response: Response) {
        let text = message::next(&self.id, &response);
        // As text it is a fraction of its size, and a client may take its time.
        drop(response);
        self.say(text, false).await;
    }

    async fn complete(&self) {
        self.say(message::complete(&self.id), true).await;
    }
}

/// Who asks, as the guard let them in, and what they may do since.
pub struct Caller {
    pub resolved: Resolved,
    pub grants: watch::Receiver<Grants>,
}

/// Runs an operation to its end. Its client hears of a panic too: it would wait for ever, and its id stay taken.
pub async fn run(served: Arc<Served>, caller: Caller, info: RequestInfo, params: Params, voice: Voice) {
    let request_id = info.id.clone();
    unless_it_panics(answer(served, caller, info, params, &voice), &voice, &request_id).await;
}

/// The panic itself is logged by the hook that telemetry sets.
async fn unless_it_panics(work: impl Future<Output = ()>, voice: &Voice, request_id: &str) {
    if AssertUnwindSafe(work).catch_unwind().await.is_err() {
        voice.refuse(&Refused::broken(request_id).errors).await;
    }
}

async fn answer(served: Arc<Served>, caller: Caller, info: RequestInfo, params: Params, voice: &Voice) {
    let call = Call { served: &served, resolved: &caller.resolved, info, is_get: false };
    let ready = match call.ready(params).await {
        Ok(ready) => ready,
        Err(refused) => return voice.refuse(&refused.errors).await,
    };
    tracing::info!("an operation begins");
    if ready.kind != OperationType::Subscription {
        let bound = served.app.config.http.request_timeout;
        let executed = tokio::time::timeout(bound, ready.execute(&served.schemas)).await;
        let Ok(response) = executed else { return voice.refuse(&Refused::too_slow(&call.info.id).errors).await };
        if is_request_error(&response) {
            return voice.refuse(&response.errors).await;
        }
        voice.next(response).await;
        return voice.complete().await;
    }
    let mut responses = ready.subscribe(&served.schemas, caller.grants);
    let mut is_first = true;
    while let Some(next) = served.shutdown.run_until_cancelled(responses.next()).await {
        let Some(response) = next else { return voice.complete().await };
        // No data at the very beginning: the stream could not be made.
        if is_first && !response.errors.is_empty() && response.data == Value::Null {
            return voice.refuse(&response.errors).await;
        }
        is_first = false;
        voice.next(response).await;
    }
    voice.break_off().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_without_its_text() {
        let (out, mut said) = mpsc::channel(1);
        let voice = Voice { id: "1".into(), number: 1, out };
        unless_it_panics(async { panic!("a secret") }, &voice, "request-1").await;
        let Said { text, is_last, .. } = said.recv().await.expect("something");
        let text = text.expect("a text");
        assert!(is_last && text.contains(r#""type":"error","id":"1""#), "{text}");
        assert!(text.contains("request-1") && text.contains("INTERNAL_SERVER_ERROR"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
