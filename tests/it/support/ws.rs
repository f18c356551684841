//! A client of `graphql-transport-ws`.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::TestServer;

/// Nothing here takes longer unless it is broken.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a socket with these headers on the upgrade.
    pub async fn open(server: &TestServer, headers: &[(&'static str, &str)]) -> Self {
        Self::open_at(server.address, headers).await
    }

    async fn open_at(address: SocketAddr, headers: &[(&'static str, &str)]) -> Self {
        Self::open_on("/graphql", address, headers).await
    }

    async fn open_on(path: &str, address: SocketAddr, headers: &[(&'static str, &str)]) -> Self {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
        let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
        for (name, value) in protocol.iter().chain(headers) {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        Self::upgraded(address, request).await
    }

    /// Opens a socket by this very request.
    pub async fn upgraded(address: SocketAddr, request: Request<()>) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self(client_async(request, stream).await.expect("an upgrade").0)
    }

    /// Opens a socket whose client takes in no more than it reads.
    pub async fn of_a_slow_reader(server: &TestServer, key: &str) -> Self {
        let request = format!("ws://{}/graphql", server.address);
        let mut request = request.into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
        let stream = TcpSocket::new_v4().expect("a socket");
        stream.set_recv_buffer_size(4096).expect("a small buffer");
        let stream = stream.connect(server.address).await.expect("a connection");
        Self(client_async(request, stream).await.expect("an upgrade").0).introduced(key).await
    }

    /// Opens a socket and says who it is.
    pub async fn with_key(server: &TestServer, key: &str) -> Self {
        Self::with_key_at(server.address, key).await
    }

    /// The same, wherever the server is.
    pub async fn with_key_at(address: SocketAddr, key: &str) -> Self {
        Self::open_at(address, &[]).await.introduced(key).await
    }

    /// The same on another path.
    pub async fn with_key_on(path: &str, server: &TestServer, key: &str) -> Self {
        Self::open_on(path, server.address, &[]).await.introduced(key).await
    }

    async fn introduced(mut self, key: &str) -> Self {
        self.say(json!({ "type": "connection_init", "payload": { "x-api-key": key } })).await;
        assert_eq!(self.hear().await, json!({ "type": "connection_ack" }));
        self
    }

    pub async fn say(&mut self, message: Value) {
        self.say_raw(message.to_string()).await;
    }

    pub async fn say_raw(&mut self, text: impl Into<Message>) {
        self.0.send(text.into()).await.expect("an open socket");
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    /// Everything the server sends until it ends the connection, without answering any of it.
    pub async fn read_to_end(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let reading = self.0.get_mut().read_to_end(&mut bytes);
        tokio::time::timeout(PATIENCE, reading).await.expect("in time").expect("an end");
        bytes
    }

    /// The next message.
    pub async fn hear(&mut self) -> Value {
        match self.next().await {
            Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// The next message, if it is not the end.
    pub async fn said(&mut self) -> Option<Value> {
        match self.next().await {
            Message::Text(text) => Some(serde_json::from_str(&text).expect("JSON")),
            _ => None,
        }
    }

    /// The next message, or why the server has ended the socket.
    pub async fn said_or_closed(&mut self) -> Result<Value, (u16, String)> {
        match self.next().await {
            Message::Text(text) => Ok(serde_json::from_str(&text).expect("JSON")),
            Message::Close(Some(frame)) => Err((frame.code.into(), frame.reason.to_string())),
            other => panic!("neither a text nor the end: {other:?}"),
        }
    }

    /// The close frame that must come next.
    pub async fn closed(&mut self) -> (u16, String) {
        match self.next().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("not closed: {other:?}"),
        }
    }

    async fn next(&mut self) -> Message {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("in time");
            match next.expect("an open socket").expect("a message") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}
