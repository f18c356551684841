//! One connection outside the pools, for commands and checks: its error says where to and why not.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, anyhow};
use diesel_async::AsyncPgConnection;
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::endpoint::Endpoint;
use super::session;

const PATIENCE: Duration = Duration::from_secs(10);

/// Nobody answers, or this role is not let in.
#[derive(Debug)]
pub struct Unreachable {
    what: String,
    /// Role and address, never the password.
    place: String,
    cause: String,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.what, self.place, self.cause)
    }
}

impl Error for Unreachable {}

/// Connects to the database of a URL; `what` begins the sentence that says it failed, with an [`Unreachable`].
pub async fn connect(what: &str, url: &str) -> anyhow::Result<AsyncPgConnection> {
    let endpoint = Endpoint::parse(url).map_err(|why| anyhow!("{what}: its URL: {why}"))?;
    let unreachable = |cause| Unreachable { what: what.to_owned(), place: place(&endpoint.config), cause };
    let connecting = timeout(PATIENCE, session::client(&endpoint)).await;
    let silent = |_| unreachable(format!("no answer within {} seconds", PATIENCE.as_secs()));
    let client = connecting.map_err(silent)?.map_err(|error| unreachable(error.to_string()))?;
    AsyncPgConnection::try_from(client).await.with_context(|| what.to_owned())
}

fn place(config: &Config) -> String {
    let port = |index: usize| config.get_ports().get(index).or(config.get_ports().first()).unwrap_or(&5432);
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(index)),
        Host::Unix(dir) => format!("{}, port {}", dir.display(), port(index)),
    });
    format!("{} at {}", config.get_user().unwrap_or("nobody"), hosts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_named_with_the_reason_and_without_the_password() {
        // Bound and not listening: refused, and nobody else's meanwhile.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let url = format!("postgres://ada:s3cret@127.0.0.1:{port}/shop");
        let error = connect("connecting with X", &url).await.err().unwrap();
        let said = format!("{error:#}");
        assert!(said.contains(&format!("connecting with X (ada at 127.0.0.1:{port}): ")), "{said}");
        assert!(said.contains("refused") && !said.contains("s3cret") && error.is::<Unreachable>(), "{said}");
    }
}
