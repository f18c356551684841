//! Connecting: tokio-postgres introduces us to the server and gives the socket back.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Client, NoTls};

use super::line::Line;
use super::socket::{Address, Socket};
use super::{Canceller, Session};
use crate::db::endpoint::Endpoint;

/// How long connecting to one address may take, unless the URL says.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    #[error("the database refuses the connection: {0}")]
    Refused(String),
    #[error("the database's URL: {0}")]
    Url(Arc<str>),
    #[error("the connection has been closed")]
    Closed,
}

impl From<tokio_postgres::Error> for ConnectError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Refused(error.as_db_error().map_or_else(|| error.to_string(), |told| told.message().to_owned()))
    }
}

impl Session {
    /// Connects to the first of the addresses that lets us in.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, ConnectError> {
        let wanted = endpoint.config.get_target_session_attrs();
        let mut last = ConnectError::Unreachable(io::Error::new(io::ErrorKind::NotFound, "the URL names no host"));
        for address in Address::all(endpoint) {
            match in_time(endpoint, Self::connect_to(endpoint, address)).await {
                Ok(session) if session.fits(wanted).await => return Ok(session),
                Ok(_) => last = ConnectError::Refused("the server is not of the kind that the URL asks for".to_owned()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whether it is a server to write to, or one that only reads, where the URL asks for either.
    async fn fits(&self, wanted: TargetSessionAttrs) -> bool {
        if wanted == TargetSessionAttrs::Any {
            return true;
        }
        let Ok(is_read_only) = self.shows("SHOW transaction_read_only", "on").await else { return false };
        is_read_only == (wanted == TargetSessionAttrs::ReadOnly)
    }

    async fn connect_to(endpoint: &Endpoint, address: Address) -> Result<Self, ConnectError> {
        let config = &endpoint.config;
        let socket = address.dial().await?;
        let lent = Lent(Arc::new(Mutex::new(socket)));
        let kept = lent.0.clone();
        let (client, connection) = config.connect_raw(lent, NoTls).await?;
        let token = client.cancel_token();
        let address = kept.lock().ok().and_then(|socket| socket.peer(&address)).unwrap_or(address);
        // Introduced: from here on the server speaks only when it is asked.
        drop((client, connection));
        let socket = Arc::into_inner(kept).and_then(|socket| socket.into_inner().ok()).ok_or(ConnectError::Closed)?;
        Ok(Self { line: Mutex::new(Line::new(socket)), canceller: Canceller { token, address } })
    }
}

/// Connecting to one address, TLS and introduction included, within the time that the URL gives it (`connect_timeout`): a
/// server that is cut off from us must not hold its place in the pool until TCP gives up.
async fn in_time<T>(
    endpoint: &Endpoint,
    connecting: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let patience = endpoint.config.get_connect_timeout().copied().unwrap_or(PATIENCE);
    timeout(patience, connecting).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Connects as tokio-postgres' own client does, to the first of the addresses that lets us in: for what is not done on a
/// [`Session`]. The connection works until the client is dropped.
pub async fn client(endpoint: &Endpoint) -> Result<Client, ConnectError> {
    let mut last = ConnectError::Unreachable(io::Error::new(io::ErrorKind::NotFound, "the URL names no host"));
    for address in Address::all(endpoint) {
        let connecting = async {
            let socket = address.dial().await?;
            Ok(endpoint.config.connect_raw(socket, NoTls).await?)
        };
        match in_time(endpoint, connecting).await {
            Ok((client, connection)) => {
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection to the database ended");
                    }
                });
                return Ok(client);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A socket on loan.
struct Lent(Arc<Mutex<Socket>>);

impl Lent {
    fn with<T>(&self, work: impl FnOnce(Pin<&mut Socket>) -> T) -> T {
        work(Pin::new(&mut *self.0.lock().expect("no holder panics")))
    }
}

impl AsyncRead for Lent {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_read(context, buffer))
    }
}

impl AsyncWrite for Lent {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|socket| socket.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_shutdown(context))
    }
}
