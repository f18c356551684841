//! Someone who sends documents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Request;
use async_graphql::parser::types::OperationType;
use emporia::graphql::error::present;
use emporia::graphql::schema;
use emporia::graphql::scope::{RequestInfo, Scope};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::complete::operation;
use super::names::Names;
use crate::support::{Store, TestApp};

#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub app: &'a TestApp,
    /// Without a key it is the host that names the store.
    key: Option<&'a str>,
    /// A staff member's access token.
    token: Option<&'a str>,
    host: &'a str,
}

impl<'a> Caller<'a> {
    /// The store's merchant.
    pub fn merchant(app: &'a TestApp, store: &'a Store) -> Self {
        Self::with_key(app, &store.secret)
    }

    /// Whoever has this key.
    pub fn with_key(app: &'a TestApp, key: &'a str) -> Self {
        Self { app, key: Some(key), token: None, host: "api.test" }
    }

    /// Whoever has this access token.
    pub fn with_token(app: &'a TestApp, token: &'a str) -> Self {
        Self { app, key: None, token: Some(token), host: "api.test" }
    }

    /// Whoever has one of the store's keys, or comes by its host. `elsewhere` is another store's host: a key counts
    /// there too, and it is the key's store that counts.
    pub fn all(app: &'a TestApp, store: &'a Store, host: &'a str, elsewhere: &'a str) -> [Self; 4] {
        [
            Self::merchant(app, store),
            Self::with_key(app, &store.publishable),
            Self { app, key: None, token: None, host },
            Self { app, key: Some(&store.publishable), token: None, host: elsewhere },
        ]
    }

    /// What is answered; to a subscription, the first answer.
    pub async fn ask(&self, document: &str) -> Value {
        let answer = match operation(document).ty {
            OperationType::Subscription => self.first_event(document).await,
            OperationType::Query | OperationType::Mutation => {
                let mut headers = vec![("content-type", "application/json"), ("host", self.host)];
                let bearer = self.token.map(|token| format!("Bearer {token}"));
                headers.extend(self.key.map(|key| ("x-api-key", key)));
                headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
                self.app.send("POST", "/graphql", &headers, json!({ "query": document }).to_string()).await.json()
            }
        };
        // A document that does not pass validation, or breaks something, would prove nothing.
        let code = &answer["errors"][0]["extensions"]["code"];
        let is_refusal = ["BAD_USER_INPUT", "FORBIDDEN"].iter().any(|known| code == known);
        // The host alone reads.
        let is_refusal = is_refusal || self.key.is_none() && self.token.is_none() && code == "UNAUTHENTICATED";
        assert!(answer["errors"].is_null() || is_refusal, "{document}\n{answer:#}");
        answer
    }

    async fn first_event(&self, document: &str) -> Value {
        let resolver = &self.app.app.resolver;
        let resolved = match (self.token, self.key, self.host.split_once('.')) {
            (Some(token), ..) => resolver.by_token(token).await,
            (None, Some(key), _) => resolver.by_key(key).await,
            (None, None, Some((handle, _))) => resolver.by_handle(handle).await,
            (None, None, None) => panic!("nobody"),
        };
        let scope = Scope::new(&self.app.app, &resolved.expect("a store"), RequestInfo::default());
        let schema = schema::builder().finish();
        let mut events = Box::pin(schema.execute_stream(Request::new(document).data(Arc::clone(&scope))));
        let next = tokio::time::timeout(Duration::from_secs(10), events.next()).await;
        let mut response = next.expect("an answer in time").expect("an answer");
        scope.finish();
        present(&mut response, "-");
        serde_json::to_value(response).expect("JSON")
    }

    /// What `nodes` finds under all these ids as ids of this type, by name; `node` has to find the same.
    pub async fn nodes(&self, kind: &str, names: &Names) -> BTreeMap<String, Value> {
        let ids = names.as_kind(kind);
        let list: Vec<String> = ids.iter().map(|(_, id)| format!("{id:?}")).collect();
        let document = format!("{{ nodes(ids: [{}]) {{ __typename id }} }}", list.join(", "));
        let found = match self.ask(&document).await["data"]["nodes"].take() {
            Value::Array(found) => found,
            other => panic!("no list: {other}"),
        };
        assert_eq!(found.len(), ids.len());
        let found: BTreeMap<String, Value> = ids.iter().map(|(name, _)| name.clone()).zip(found).collect();
        for (name, id) in ids.iter().filter(|(name, _)| names.get(name).contains(&format!("/{kind}/"))) {
            let single = self.ask(&format!("{{ node(id: {id:?}) {{ __typename id }} }}")).await;
            assert_eq!(single["data"]["node"], found[name], "{name}");
        }
        found
    }
}
