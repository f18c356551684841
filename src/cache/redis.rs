//! The cache and the notice board on Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, ExistenceCheck, SetExpiry, SetOptions};
use tokio::sync::broadcast;
use tokio_util::task::AbortOnDropHandle;

use super::{Notice, Shared};
use crate::error::Fault;

const CHANNEL: &str = "emporia:notices";
const RECONNECT: Duration = Duration::from_millis(200);

pub struct RedisShared {
    commands: ConnectionManager,
    notices: broadcast::Sender<Notice>,
    listening: Arc<AtomicBool>,
    _listener: AbortOnDropHandle<()>,
}

impl RedisShared {
    /// Connects; fails when Redis does not answer now, reconnects by itself later.
    pub async fn connect(url: &str) -> Result<Arc<Self>, Fault> {
        let client = redis::Client::open(url).map_err(fault)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(Duration::from_millis(500)))
            .set_number_of_retries(1);
        let commands = ConnectionManager::new_with_config(client.clone(), config).await.map_err(fault)?;
        let notices = broadcast::channel(4096).0;
        let listening = Arc::new(AtomicBool::new(false));
        // Subscribed before anyone caches anything: the first connection is made here, not in the background.
        let pubsub = subscribe(&client).await.map_err(fault)?;
        AtomicBool::store(&listening, true, Ordering::Release);
        let listener = tokio::spawn(listen(client, pubsub, notices.clone(), listening.clone()));
        Ok(Arc::new(Self { commands, notices, listening, _listener: AbortOnDropHandle::new(listener) }))
    }
}

async fn subscribe(client: &redis::Client) -> redis::RedisResult<redis::aio::PubSub> {
    // A connection of its own: it waits for ever, which the command connection's timeout would end.
    let mut pubsub = client.get_async_pubsub().await?;
    pubsub.subscribe(CHANNEL).await?;
    Ok(pubsub)
}

/// Forwards notices; after every lost connection subscribes again and then tells everyone to start over.
async fn listen(
    client: redis::Client,
    mut pubsub: redis::aio::PubSub,
    notices: broadcast::Sender<Notice>,
    listening: Arc<AtomicBool>,
) {
    loop {
        let mut messages = pubsub.into_on_message();
        while let Some(message) = messages.next().await {
            match serde_json::from_slice(message.get_payload_bytes()) {
                Ok(notice) => drop(notices.send(notice)),
                Err(error) => tracing::warn!(%error, "a notice that cannot be read was ignored"),
            }
        }
        AtomicBool::store(&listening, false, Ordering::Release);
        tracing::warn!("lost the notice board; reconnecting");
        pubsub = loop {
            match subscribe(&client).await {
                Ok(pubsub) => break pubsub,
                Err(error) => tracing::debug!(%error, "no notice board yet"),
            }
            tokio::time::sleep(RECONNECT).await;
        };
        let _ = notices.send(Notice::Reset);
        AtomicBool::store(&listening, true, Ordering::Release);
    }
}

fn fault(error: redis::RedisError) -> Fault {
    Fault::Cache(error.to_string())
}

fn expiry(ttl: Duration) -> SetExpiry {
    SetExpiry::PX(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1))
}

#[async_trait]
impl Shared for RedisShared {
    async fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        self.commands.clone().get(key).await.map_err(fault)
    }

    async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        let options = SetOptions::default().with_expiration(expiry(ttl));
        self.commands.clone().set_options(key, value, options).await.map_err(fault)
    }

    async fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(expiry(ttl));
        let _: Option<String> = self.commands.clone().set_options(key, value, options).await.map_err(fault)?;
        Ok(())
    }

    async fn publish(&self, notice: &Notice) -> Result<(), Fault> {
        let payload = serde_json::to_string(notice).map_err(|error| Fault::internal(error.to_string()))?;
        self.commands.clone().publish(CHANNEL, payload).await.map_err(fault)
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    fn is_listening(&self) -> bool {
        AtomicBool::load(&self.listening, Ordering::Acquire)
    }

    async fn ping(&self) -> Result<(), Fault> {
        let _: String = self.commands.clone().ping().await.map_err(fault)?;
        Ok(())
    }
}
