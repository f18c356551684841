//! A client of `graphql-sse`: one operation a connection.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::{Value, json};

use super::TestServer;

/// Nothing here takes longer unless it is broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream of events, read piece by piece.
pub struct Events {
    pieces: BoxStream<'static, String>,
    text: String,
}

impl Events {
    /// Begins an operation.
    pub async fn open(server: &TestServer, key: &str, query: &str) -> Self {
        Self::open_at(&server.url("/graphql"), key, query).await.expect("a stream")
    }

    /// The same at this address; status and body of what is no stream.
    pub async fn open_at(url: &str, key: &str, query: &str) -> Result<Self, (u16, Value)> {
        let answer = reqwest::Client::new()
            .post(url)
            .header("x-api-key", key)
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .body(json!({ "query": query }).to_string())
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        if status != 200 {
            return Err((status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON")));
        }
        let text = |bytes: reqwest::Result<_>| {
            String::from_utf8(Into::<Vec<u8>>::into(bytes.expect("a piece"))).expect("UTF-8")
        };
        Ok(Self { pieces: answer.bytes_stream().map(text).boxed(), text: String::new() })
    }

    /// The next response.
    pub async fn next(&mut self) -> Value {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let response = event.strip_prefix("event: next\ndata: ").map(str::to_owned);
                let is_comment = event == ":";
                assert!(response.is_some() || is_comment, "no response: {event}");
                self.text = rest.to_owned();
                if let Some(response) = response {
                    return serde_json::from_str(&response).expect("JSON");
                }
            }
            let piece = tokio::time::timeout(PATIENCE, self.pieces.next()).await.expect("in time");
            self.text += &piece.expect("an open stream");
        }
    }

    /// Everything that comes until the server ends the stream.
    pub async fn rest(self) -> String {
        let rest = tokio::time::timeout(PATIENCE, self.pieces.collect::<Vec<_>>()).await.expect("in time");
        self.text + &rest.concat()
    }
}
