//! `emporia health`: asks a process of this machine how it is, as an orchestrator would.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;

use super::out;
use crate::config::{Config, Env};

/// `/readyz` itself gives up after two seconds.
const BOUND: Duration = Duration::from_secs(3);

#[derive(Args)]
pub struct HealthArgs {
    /// What to ask: answers other than 2xx are a failure. Unless given, /readyz at the port of LISTEN; of a worker, which
    /// listens only where METRICS_LISTEN says, give /livez there.
    url: Option<String>,
}

pub async fn health(args: HealthArgs) -> anyhow::Result<()> {
    let url = match args.url {
        Some(url) => url,
        None => format!("http://{}/readyz", reachable(Config::listen(&Env::process())?)),
    };
    // The process is this machine's: no proxy leads to it.
    let client = reqwest::Client::builder().no_proxy().timeout(BOUND).build()?;
    let response = client.get(&url).send().await.map_err(reqwest::Error::without_url).with_context(|| url.clone())?;
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    ensure!(status.is_success(), "{url} answers {status}: {}", body.trim());
    out(&body)
}

/// Where this machine reaches an address that may mean all of its interfaces.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if ip.is_unspecified() => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
        _ => address,
    }
}
