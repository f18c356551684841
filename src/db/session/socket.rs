//! A way to the server: TCP, in clear or by TLS, or a Unix socket.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_rustls::client::TlsStream;
use tokio_util::io::poll_read_buf;

use crate::db::endpoint::Endpoint;
use crate::db::tls::Tls;

/// Where a server listens.
#[derive(Clone)]
pub enum Address {
    Tcp(Tcp),
    Unix(PathBuf),
}

#[derive(Clone)]
pub struct Tcp {
    host: String,
    port: u16,
    options: Options,
    /// How to speak TLS, and with whom: the name in the URL, whatever address it has led to.
    tls: Option<(Tls, String)>,
}

/// How a dead peer is found out.
#[derive(Clone, Debug)]
pub struct Options {
    keepalive: Option<TcpKeepalive>,
    user_timeout: Option<Duration>,
}

impl Options {
    fn of(config: &Config) -> Self {
        let keepalive = config.get_keepalives().then(|| {
            let mut keepalive = TcpKeepalive::new().with_time(config.get_keepalives_idle());
            if let Some(interval) = config.get_keepalives_interval() {
                keepalive = keepalive.with_interval(interval);
            }
            match config.get_keepalives_retries() {
                Some(retries) => keepalive.with_retries(retries),
                None => keepalive,
            }
        });
        Self { keepalive, user_timeout: config.get_tcp_user_timeout().copied() }
    }

    fn set(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let socket = SockRef::from(stream);
        if let Some(keepalive) = &self.keepalive {
            socket.set_tcp_keepalive(keepalive)?;
        }
        #[cfg(target_os = "linux")]
        if let Some(timeout) = self.user_timeout {
            socket.set_tcp_user_timeout(Some(timeout))?;
        }
        Ok(())
    }
}

impl Address {
    /// Those of a connection URL, in its order.
    pub fn all(endpoint: &Endpoint) -> Vec<Self> {
        let Endpoint { config, tls } = endpoint;
        let ports = config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let options = Options::of(config);
        let numeric = config.get_hostaddrs();
        if config.get_hosts().is_empty() {
            let tcp = |(at, ip): (usize, &std::net::IpAddr)| {
                let host = ip.to_string();
                let tls = tls.clone().map(|tls| (tls, host.clone()));
                Self::Tcp(Tcp { host, port: port(at), options: options.clone(), tls })
            };
            return numeric.iter().enumerate().map(tcp).collect();
        }
        let hosts = config.get_hosts().iter().enumerate();
        hosts
            .map(|(at, host)| match host {
                Host::Unix(directory) => Self::Unix(directory.join(format!(".s.PGSQL.{}", port(at)))),
                Host::Tcp(name) => {
                    let host = numeric.get(at).map_or_else(|| name.clone(), ToString::to_string);
                    let tls = tls.clone().map(|tls| (tls, name.clone()));
                    Self::Tcp(Tcp { host, port: port(at), options: options.clone(), tls })
                }
            })
            .collect()
    }

    pub async fn dial(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(Tcp { host, port, options, tls }) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                options.set(&stream)?;
                let Some((tls, name)) = tls else { return Ok(Socket::Tcp(stream)) };
                Ok(tls.speak(stream, name).await?.map_or_else(Socket::Tcp, Socket::Tls))
            }
            Self::Unix(path) => Ok(Socket::Unix(UnixStream::connect(path).await?)),
        }
    }
}

pub enum Socket {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

/// The same for either.
macro_rules! either {
    ($socket:expr, $stream:ident => $does:expr) => {
        match $socket {
            Socket::Tcp($stream) => $does,
            Socket::Tls($stream) => $does,
            Socket::Unix($stream) => $does,
        }
    };
}

impl Socket {
    /// Where exactly it leads: a name may stand for several servers.
    pub fn peer(&self, dialled: &Address) -> Option<Address> {
        let Address::Tcp(dialled) = dialled else { return None };
        let stream = match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
            Self::Unix(_) => return None,
        };
        let peer = stream.peer_addr().ok()?;
        Some(Address::Tcp(Tcp { host: peer.ip().to_string(), port: peer.port(), ..dialled.clone() }))
    }

    /// Reads what is there. For who is the only one at the socket: by TLS, somebody who waits for it is forgotten.
    pub fn try_read_buf(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read_buf(buffer),
            Self::Unix(stream) => stream.try_read_buf(buffer),
            Self::Tls(stream) => {
                buffer.reserve(1);
                at_once(|context| poll_read_buf(Pin::new(stream), context, buffer))
            }
        }
    }

    /// Writes what is taken at once. As [`try_read_buf`](Self::try_read_buf), for the only one at the socket.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
            Self::Tls(stream) => at_once(|context| {
                let written = ready!(Pin::new(&mut *stream).poll_write(context, bytes));
                let _ = Pin::new(stream).poll_flush(context);
                Poll::Ready(written)
            }),
        }
    }
}

/// What comes of it now.
fn at_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>) -> io::Result<T> {
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(context))
    }
}
