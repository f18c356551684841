//! The cache and the notice board on Redis.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::StreamExt;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, PubSubSink, PubSubStream};
use redis::{AsyncCommands, ExistenceCheck, RedisError, RedisResult, Script, SetExpiry, SetOptions};
use tokio::sync::broadcast;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{Bucket, Notice, Poured, Shared, WINDOW_SECONDS};
use crate::clock::SystemClock;
use crate::config::RedisTls;
use crate::error::Fault;
use crate::outside::{Breaker, Circuits};

const CHANNEL: &str = "emporia:notices";
const EPOCH: &str = "emporia:epoch";
const RECONNECT: Duration = Duration::from_millis(200);
/// How often the connection that brings notices is asked whether it lives. A death is known, and everything forgotten,
/// after a heartbeat and an answer's time at most: within the second in which a revocation has to be known.
const HEARTBEAT: Duration = Duration::from_millis(250);
/// An answer that takes longer is none: to a command, a heartbeat.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it may take to connect twice, by TLS perhaps, and to subscribe. Nobody waits for it but a process that starts.
const CONNECTING: Duration = Duration::from_secs(2);
/// After a command without an answer the others do not wait for theirs, one after the other.
const BREAKER: Breaker = Breaker { failures: 1, rest: REST, longest_rest: REST };
const REST: TimeDelta = TimeDelta::milliseconds(500);

pub struct RedisShared {
    commands: ConnectionManager,
    circuit: Arc<Circuits>,
    notices: broadcast::Sender<Notice>,
    listening: Arc<AtomicBool>,
    _listener: AbortOnDropHandle<()>,
}

impl RedisShared {
    /// Connects; fails when Redis does not answer now, reconnects by itself later.
    pub async fn connect(url: &str) -> Result<Arc<Self>, Fault> {
        Self::connect_with(url, &RedisTls::default()).await
    }

    /// The same with certificates, for a `rediss://` URL.
    pub async fn connect_with(url: &str, tls: &RedisTls) -> Result<Arc<Self>, Fault> {
        let client = open(url, tls).map_err(fault)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(PATIENCE))
            .set_connection_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let commands = ConnectionManager::new_with_config(client.clone(), config).await.map_err(fault)?;
        let notices = broadcast::channel(4096).0;
        let listening = Arc::new(AtomicBool::new(false));
        // Subscribed before anyone caches anything: the first connection is made here, not in the background.
        let pubsub = subscribe(&client).await.map_err(fault)?;
        AtomicBool::store(&listening, true, Ordering::Release);
        let circuit = Arc::new(Circuits::new(BREAKER, Arc::new(SystemClock)));
        let listener = tokio::spawn(listen(client, pubsub, notices.clone(), listening.clone(), circuit.clone()));
        Ok(Arc::new(Self { commands, circuit, notices, listening, _listener: AbortOnDropHandle::new(listener) }))
    }

    /// Runs a command, unless one has just had no answer.
    async fn run<T, F>(&self, command: impl FnOnce(ConnectionManager) -> F) -> Result<T, Fault>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let asking = self.circuit.ask(()).ok_or_else(|| Fault::Cache("it has just not answered".to_owned()))?;
        let answer = command(self.commands.clone()).await;
        asking.ended(is_answered(&answer));
        answer.map_err(fault)
    }
}

fn open(url: &str, tls: &RedisTls) -> RedisResult<redis::Client> {
    let RedisTls { roots, client } = tls.clone();
    if roots.is_none() && client.is_none() {
        return redis::Client::open(url);
    }
    let client_tls = client.map(|(client_cert, client_key)| redis::ClientTlsConfig { client_cert, client_key });
    redis::Client::build_with_tls(url, redis::TlsCertificates { client_tls, root_cert: roots })
}

/// [`bucket::pour`](super::bucket::pour), at once for all buckets and by the server's clock. An entry is a level and the
/// millisecond in which it was that; it goes when it has leaked. A clock that was put back lets nothing leak once.
const POUR: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local used, wanted, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local levels, fits = {}, true
for i, key in ipairs(KEYS) do
    local rate = tonumber(ARGV[i + 3])
    local level, since = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
    local leaked = math.max(0, now - tonumber(since or now)) * rate
    levels[i] = math.max(0, math.max(0, tonumber(level or 0) - leaked) + used)
    if wanted > 0 and levels[i] + wanted > rate * window then fits = false end
end
if fits or used ~= 0 then
    for i, key in ipairs(KEYS) do
        if fits then levels[i] = levels[i] + wanted end
        local leaks = math.ceil(levels[i] / tonumber(ARGV[i + 3]))
        redis.call('SET', key, string.format('%.0f %.0f', levels[i], now), 'PX', leaks + 1)
    end
end
return {fits and 1 or 0, levels}
";

/// A list of milliseconds, the oldest first.
const NOTE: &str = r"
local now, window, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
while true do
    local oldest = redis.call('LINDEX', KEYS[1], 0)
    if not oldest or tonumber(oldest) > now - window then break end
    redis.call('LPOP', KEYS[1])
end
local noted = redis.call('LLEN', KEYS[1])
if noted < most then
    redis.call('RPUSH', KEYS[1], ARGV[1])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return noted
";

type PubSub = (PubSubSink, PubSubStream);

async fn subscribe(client: &redis::Client) -> RedisResult<PubSub> {
    let subscribing = async {
        // A connection of its own: it waits for ever, which the command connection's timeout would end.
        let mut pubsub = client.get_async_pubsub().await?;
        pubsub.subscribe(CHANNEL).await?;
        // On a connection that is made after it, which leads to the same server or to its successor.
        begin_epoch(&mut client.get_multiplexed_async_connection().await?).await?;
        Ok(pubsub.split())
    };
    match timeout(CONNECTING, subscribing).await {
        Ok(subscribed) => subscribed,
        Err(_) => Err((redis::ErrorKind::Io, "subscribing takes too long").into()),
    }
}

/// Begins a new epoch unless the current one is this server run's own, and answers which it is. A run begins with
/// what it has read from a disk or from another server, and that may be older than the last that was written.
async fn begin_epoch(redis: &mut (impl ConnectionLike + Send)) -> RedisResult<String> {
    // A user who may not ask begins a new one each time.
    let server: String = redis::cmd("INFO").arg("server").query_async(redis).await.unwrap_or_default();
    let run = server.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim();
    let epoch: Option<String> = redis::cmd("GET").arg(EPOCH).query_async(redis).await?;
    if let Some(epoch) = epoch.filter(|epoch| !run.is_empty() && epoch.starts_with(run)) {
        return Ok(epoch);
    }
    // With the time: a run that was replaced and comes back begins another one.
    let (seconds, micros): (u64, u64) = redis::cmd("TIME").query_async(redis).await?;
    let epoch = format!("{run}.{seconds}.{micros}");
    let _: () = redis::cmd("SET").arg(EPOCH).arg(&epoch).query_async(redis).await?;
    Ok(epoch)
}

/// Returns when the connection has died, of which its other end may not tell: a machine that is gone, a firewall
/// that forgot it.
async fn dies(mut sink: PubSubSink) {
    while let Ok(Ok(_)) = timeout(PATIENCE, sink.ping::<redis::Value>()).await {
        sleep(HEARTBEAT).await;
    }
}

/// Forwards notices. When the connection is lost, and again when there is another, everyone is told to start over.
async fn listen(
    client: redis::Client,
    mut pubsub: PubSub,
    notices: broadcast::Sender<Notice>,
    listening: Arc<AtomicBool>,
    circuit: Arc<Circuits>,
) {
    loop {
        let (sink, messages) = pubsub;
        let forwarding = messages.for_each(|message| {
            let notice = serde_json::from_slice(message.get_payload_bytes()).unwrap_or_else(|error| {
                // Another version of this program means something by it.
                tracing::warn!(%error, "a notice cannot be read; taking it for anything");
                Notice::Reset
            });
            let _ = notices.send(notice);
            std::future::ready(())
        });
        tokio::select! {
            () = forwarding => {}
            () = dies(sink) => {}
        }
        AtomicBool::store(&listening, false, Ordering::Release);
        let _ = notices.send(Notice::Reset);
        tracing::warn!("lost the notice board; reconnecting");
        pubsub = loop {
            match subscribe(&client).await {
                Ok(pubsub) => break pubsub,
                Err(error) => tracing::debug!(%error, "no notice board yet"),
            }
            sleep(RECONNECT).await;
        };
        circuit.close(&());
        let _ = notices.send(Notice::Reset);
        AtomicBool::store(&listening, true, Ordering::Release);
    }
}

fn fault(error: RedisError) -> Fault {
    Fault::Cache(error.to_string())
}

/// Whether the server has said something, if only that it will not: it has no memory left, or a key is of another type.
fn is_answered<T>(answer: &RedisResult<T>) -> bool {
    // Of the connection: refused, lost, or silent for too long.
    !answer.as_ref().is_err_and(RedisError::is_io_error)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn expiry(ttl: Duration) -> SetExpiry {
    SetExpiry::PX(millis(ttl))
}

#[async_trait]
impl Shared for RedisShared {
    async fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        self.run(|mut redis| async move { redis.get(key).await }).await
    }

    async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        let options = SetOptions::default().with_expiration(expiry(ttl));
        self.run(|mut redis| async move { redis.set_options(key, value, options).await }).await
    }

    async fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        let options = SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(expiry(ttl));
        let _: Option<String> =
            self.run(|mut redis| async move { redis.set_options(key, value, options).await }).await?;
        Ok(())
    }

    async fn note(&self, log: &str, now: i64, window: Duration, most: u64) -> Result<u64, Fault> {
        static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(NOTE));
        let mut call = SCRIPT.key(log);
        call.arg(now).arg(millis(window)).arg(most);
        self.run(|mut redis| async move { call.invoke_async(&mut redis).await }).await
    }

    async fn unnote(&self, log: &str) -> Result<(), Fault> {
        let _: Option<i64> = self.run(|mut redis| async move { redis.rpop(log, None).await }).await?;
        Ok(())
    }

    async fn pour(&self, buckets: &[Bucket], used: i64, wanted: u64) -> Result<Poured, Fault> {
        static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(POUR));
        let mut call = SCRIPT.prepare_invoke();
        call.arg(used).arg(wanted).arg(WINDOW_SECONDS * 1000);
        for bucket in buckets {
            call.key(&bucket.key).arg(bucket.rate.restored());
        }
        let (fits, levels): (bool, Vec<u64>) =
            self.run(|mut redis| async move { call.invoke_async(&mut redis).await }).await?;
        Ok(Poured { fits, levels })
    }

    async fn remove(&self, key: &str) -> Result<(), Fault> {
        self.run(|mut redis| async move { redis.del(key).await }).await
    }

    async fn epoch(&self) -> Result<String, Fault> {
        let epoch: Option<String> = self.run(|mut redis| async move { redis.get(EPOCH).await }).await?;
        match epoch {
            Some(epoch) => Ok(epoch),
            // Somebody emptied the store.
            None => self.run(|mut redis| async move { begin_epoch(&mut redis).await }).await,
        }
    }

    async fn publish(&self, notice: &Notice) -> Result<(), Fault> {
        let payload = serde_json::to_string(notice).map_err(|error| Fault::internal(error.to_string()))?;
        // Asked whatever the circuit says: a notice costs no request any time, and who misses it waits for long.
        let asking = self.circuit.ask(());
        let told = self.commands.clone().publish(CHANNEL, payload).await;
        match asking {
            Some(asking) => asking.ended(is_answered(&told)),
            None if is_answered(&told) => self.circuit.close(&()),
            None => {}
        }
        told.map_err(fault)
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    fn is_listening(&self) -> bool {
        AtomicBool::load(&self.listening, Ordering::Acquire)
    }

    async fn ping(&self) -> Result<(), Fault> {
        let _: String = self.run(|mut redis| async move { redis.ping().await }).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use redis::{ErrorKind, Value, parse_redis_value};

    use super::*;

    #[test]
    fn what_the_server_refuses_is_an_answer_and_silence_is_none() {
        for said in
            ["OOM command not allowed", "WRONGTYPE Operation against a key", "ERR no such thing", "LOADING soon"]
        {
            let Ok(Value::ServerError(error)) = parse_redis_value(format!("-{said}\r\n").as_bytes()) else {
                panic!("{said} is an error");
            };
            assert!(is_answered::<()>(&Err(error.into())), "{said}");
        }
        assert!(is_answered(&Ok(())));
        for kind in [io::ErrorKind::TimedOut, io::ErrorKind::ConnectionRefused, io::ErrorKind::BrokenPipe] {
            assert!(!is_answered::<()>(&Err(io::Error::from(kind).into())), "{kind}");
        }
        assert!(!is_answered::<()>(&Err((ErrorKind::Io, "it takes too long").into())));
    }

    /// What follows is look-ups in the database, which have the rest of it.
    #[test]
    fn a_lost_connection_is_known_well_within_a_second() {
        assert!(HEARTBEAT + PATIENCE <= Duration::from_millis(750));
    }
}
