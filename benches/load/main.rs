//! The load generator behind scripts/bench: keeps `--clients` connections busy with one workload for `--seconds`
//! and prints one line of JSON. Plain HTTP/1.1 over TCP by hand: it shares the machine with what it measures, so it
//! must cost next to nothing itself. With `--rate` it sends so many requests a second, whatever comes of them: what is
//! answered with 429 is counted apart.

#![allow(clippy::disallowed_macros, reason = "its output is scripts/bench's to read")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const R1: &str = include_str!("r1.graphql");
const R2: &str = "query R2($handle: String!) { product(handle: $handle) { id title handle descriptionHtml vendor \
    variants(first: 10) { nodes { id title sku price { amount currencyCode } quantityAvailable } } \
    collections(first: 5) { nodes { id handle title } } } }";
const CART: &str = "mutation Cart($input: CartInput!) { cartCreate(input: $input) { \
    cart { id totalQuantity cost { totalAmount { amount } } } userErrors { message } } }";
const ADDRESS: &str = "mutation Address($id: ID!, $addresses: [CartSelectableAddressInput!]!) { \
    cartDeliveryAddressesAdd(cartId: $id, addresses: $addresses) { \
    cart { id deliveryGroups(first: 1) { nodes { id deliveryOptions { handle } } } } userErrors { message } } }";
const OPTION: &str = "mutation Option($id: ID!, $options: [CartSelectedDeliveryOptionInput!]!) { \
    cartSelectedDeliveryOptionsUpdate(cartId: $id, selectedDeliveryOptions: $options) { \
    cart { id cost { totalAmount { amount } } } userErrors { message } } }";
const CHECKOUT: &str = "mutation Checkout($id: ID!, $key: String!) { \
    checkoutComplete(cartId: $id, payment: { gateway: \"manual\" }) @idempotent(key: $key) { \
    order { id name } orderToken userErrors { message } } }";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = Settings::from_args()?;
    let stop = Instant::now() + settings.warm_up + settings.duration;
    let count_from = Instant::now() + settings.warm_up;
    let tasks: Vec<_> = (0..settings.clients)
        .map(|client| {
            let settings = settings.clone();
            tokio::spawn(async move { run_client(settings, client, count_from, stop).await })
        })
        .collect();
    let (mut latencies, mut throttled) = (Vec::new(), 0);
    for task in tasks {
        let (answered, refused) = task.await??;
        latencies.extend(answered);
        throttled += refused;
    }
    latencies.sort_unstable();
    let at = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).map_or(0.0, millis);
    let rps = latencies.len() as f64 / settings.duration.as_secs_f64();
    let throttled = round(f64::from(throttled) / settings.duration.as_secs_f64());
    let measured = json!({
        "rps": round(rps), "throttled_rps": throttled, "p50_ms": round(at(0.50)), "p99_ms": round(at(0.99)),
    });
    println!("{measured}");
    Ok(())
}

fn millis(latency: &Duration) -> f64 {
    latency.as_secs_f64() * 1000.0
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[derive(Clone)]
struct Settings {
    workload: String,
    address: String,
    keys: Vec<String>,
    clients: usize,
    warm_up: Duration,
    duration: Duration,
    /// Requests a second of each client; none: each sends the next when it has its answer.
    rate: Option<f64>,
}

impl Settings {
    /// `load WORKLOAD ADDRESS KEYS_FILE CLIENTS SECONDS [RATE]`; `--bench`, which cargo adds, is passed over.
    fn from_args() -> Result<Self, Failure> {
        let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
        let [workload, address, keys, clients, seconds, rate @ ..] = &args[..] else {
            return Err("usage: load R1|R2|W1 HOST:PORT KEYS_FILE CLIENTS SECONDS [RATE]".into());
        };
        let clients: usize = clients.parse()?;
        let rate = rate.first().map(|rate| rate.parse::<f64>()).transpose()?;
        Ok(Self {
            workload: workload.clone(),
            address: address.clone(),
            keys: std::fs::read_to_string(keys)?.lines().map(str::to_owned).collect(),
            clients,
            rate: rate.map(|rate| rate / clients as f64),
            warm_up: Duration::from_secs(2),
            duration: Duration::from_secs(seconds.parse()?),
        })
    }
}

/// Repeats the workload until `stop`; answers how long each round took and how many were throttled, those before
/// `count_from` left out.
async fn run_client(
    settings: Settings,
    client: usize,
    count_from: Instant,
    stop: Instant,
) -> Result<(Vec<Duration>, u32), Failure> {
    let mut api = Api::connect(&settings.address).await?;
    let (mut latencies, mut throttled) = (Vec::new(), 0);
    let mut round = client;
    let mut pace = settings.rate.map(|rate| tokio::time::interval(Duration::from_secs_f64(1.0 / rate)));
    while Instant::now() < stop {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        round += settings.clients;
        let tenant = round % settings.keys.len();
        let key = &settings.keys[tenant];
        let started = Instant::now();
        let done = match settings.workload.as_str() {
            "R1" => api.send(key, &json!({ "query": R1 }), false).await.map(drop),
            "R2" => {
                let variables = json!({ "handle": format!("product-{}", 1 + round % 1000) });
                api.send(key, &json!({ "query": R2, "variables": variables }), false).await.map(drop)
            }
            "W1" => order(&mut api, key, tenant + 1, client, round).await,
            other => return Err(format!("no workload {other}").into()),
        };
        match done {
            Ok(()) if started >= count_from => latencies.push(started.elapsed()),
            Ok(()) => {}
            Err(failure) if pace.is_some() && failure.is::<Throttled>() => {
                throttled += u32::from(started >= count_from);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok((latencies, throttled))
}

/// The answer was 429.
#[derive(Debug)]
struct Throttled;

impl std::fmt::Display for Throttled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("429: the tenant may not use as much")
    }
}

impl std::error::Error for Throttled {}

/// Cart, address, delivery option, checkout.
async fn order(api: &mut Api, key: &str, tenant: usize, client: usize, round: usize) -> Result<(), Failure> {
    let variant = |n: usize| format!("gid://emporia/ProductVariant/00000006-{tenant:04}-7000-8000-{n:012}");
    let lines = json!([
        { "merchandiseId": variant(3 + round % 1000 * 3), "quantity": 1 },
        { "merchandiseId": variant(4 + (round + 500) % 1000 * 3), "quantity": 2 },
    ]);
    let input = json!({ "lines": lines, "buyerIdentity": { "email": "buyer@example.com", "countryCode": "DE" } });
    let cart = api.call(key, CART, json!({ "input": input }), "cartCreate").await?;
    let id = text(&cart, "/cart/id")?;
    let address = json!({ "firstName": "Ada", "lastName": "Buyer", "address1": "Hauptstr. 1", "zip": "10115",
        "city": "Berlin", "countryCode": "DE" });
    let addresses = json!([{ "address": { "deliveryAddress": address }, "selected": true }]);
    let cart = api.call(key, ADDRESS, json!({ "id": id, "addresses": addresses }), "cartDeliveryAddressesAdd").await?;
    let group = text(&cart, "/cart/deliveryGroups/nodes/0/id")?;
    let option = text(&cart, "/cart/deliveryGroups/nodes/0/deliveryOptions/0/handle")?;
    let options = json!([{ "deliveryGroupId": group, "deliveryOptionHandle": option }]);
    api.call(key, OPTION, json!({ "id": id, "options": options }), "cartSelectedDeliveryOptionsUpdate").await?;
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let idempotency = format!("{client}-{round}-{started}");
    let order = api.call(key, CHECKOUT, json!({ "id": id, "key": idempotency }), "checkoutComplete").await?;
    text(&order, "/order/name").map(drop)
}

fn text(value: &Value, pointer: &str) -> Result<String, Failure> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("{pointer} in {value}").into())
}

/// One kept-alive connection.
struct Api {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Api {
    async fn connect(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// A mutation that must succeed; answers its payload.
    async fn call(&mut self, key: &str, query: &str, variables: Value, field: &str) -> Result<Value, Failure> {
        let answer = self.send(key, &json!({ "query": query, "variables": variables }), true).await?;
        let payload = answer["data"][field].clone();
        match payload["userErrors"].as_array() {
            Some(errors) if errors.is_empty() => Ok(payload),
            _ => Err(format!("{field}: {answer}").into()),
        }
    }

    /// Sends one operation; the answer is parsed only when asked for, and must carry no errors either way.
    async fn send(&mut self, key: &str, body: &Value, parse: bool) -> Result<Value, Failure> {
        let body = body.to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             accept: application/graphql-response+json\r\nx-api-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let (start, length) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..end])?.to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                break (end + 4, length.ok_or("no content-length")?.trim().parse::<usize>()?);
            }
        };
        while self.buffer.len() < start + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        if self.buffer.starts_with(b"HTTP/1.1 429") {
            return Err(Throttled.into());
        }
        let body = &self.buffer[start..start + length];
        if !self.buffer.starts_with(b"HTTP/1.1 200") || find(body, b"\"errors\":[").is_some() {
            return Err(String::from_utf8_lossy(&self.buffer).into());
        }
        if parse { Ok(serde_json::from_slice(body)?) } else { Ok(Value::Null) }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
