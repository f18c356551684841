//! A merchant's subscription that is resumed behind the last event it brought, whenever it breaks off.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::house::{Addresses, an_api, pause};

/// A server that is silent for longer is gone: it sends pings more often.
const SILENCE: Duration = Duration::from_secs(40);

pub struct Subscriber {
    addresses: Addresses,
    secret: String,
    /// Whose events: the shop's place among the shops.
    pub shop: usize,
    /// The ids of the events, as they came. Not empty: what is first says where to begin.
    pub heard: watch::Sender<Vec<String>>,
    /// How often it was begun anew.
    pub resumed: usize,
}

/// Why a subscription is over.
struct BrokenOff;

impl From<Error> for BrokenOff {
    fn from(_: Error) -> Self {
        Self
    }
}

impl Subscriber {
    /// One that has heard of the first event already.
    pub fn behind(addresses: Addresses, shop: usize, secret: &str, first: String) -> Self {
        Self { addresses, secret: secret.to_owned(), shop, heard: watch::Sender::new(vec![first]), resumed: 0 }
    }

    /// Listens until it has heard as many events as its shop has, once that is known.
    pub async fn listen(mut self, mut counts: watch::Receiver<Option<Vec<usize>>>) -> Self {
        loop {
            let enough = async {
                let counts = counts.wait_for(Option::is_some).await.expect("the drill goes on").clone();
                let wanted = counts.expect("waited for")[self.shop];
                self.heard.subscribe().wait_for(|heard| heard.len() >= wanted).await.map(drop).expect("its own");
            };
            let address = an_api(&mut self.addresses, self.resumed).await;
            tokio::select! {
                () = enough => return self,
                Err(BrokenOff) = follow(address, &self.secret, &self.heard) => {}
            }
            self.resumed += 1;
            pause().await;
        }
    }
}

/// One connection: tells what it hears until it ends.
async fn follow(
    address: std::net::SocketAddr,
    secret: &str,
    heard: &watch::Sender<Vec<String>>,
) -> Result<std::convert::Infallible, BrokenOff> {
    let stream = TcpStream::connect(address).await.map_err(|_| BrokenOff)?;
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
    let (mut socket, _) = client_async(request, stream).await?;
    say(&mut socket, json!({ "type": "connection_init", "payload": { "x-api-key": secret } })).await?;
    if hear(&mut socket).await?["type"] != "connection_ack" {
        return Err(BrokenOff);
    }
    let after = heard.borrow().last().expect("never empty").clone();
    let query = format!("subscription {{ orderEvents(after: \"{after}\") {{ id topic order {{ id name }} }} }}");
    say(&mut socket, json!({ "id": "1", "type": "subscribe", "payload": { "query": query } })).await?;
    loop {
        let message = hear(&mut socket).await?;
        match message["payload"]["data"]["orderEvents"]["id"].as_str() {
            Some(id) => heard.send_modify(|heard| heard.push(id.to_owned())),
            None => {
                // A place in the log that is not known would be an event that was told and is lost.
                assert!(!message.to_string().contains("BAD_USER_INPUT"), "{message:#}");
                return Err(BrokenOff);
            }
        }
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, message: Value) -> Result<(), BrokenOff> {
    Ok(socket.send(message.to_string().into()).await?)
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Result<Value, BrokenOff> {
    loop {
        let next = tokio::time::timeout(SILENCE, socket.next()).await.map_err(|_| BrokenOff)?;
        match next.ok_or(BrokenOff)?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text).expect("JSON")),
            Message::Close(_) => return Err(BrokenOff),
            _ => {}
        }
    }
}
