//! A way to the server: TCP or a Unix socket.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Where a server listens.
#[derive(Clone, Debug)]
pub enum Address {
    Tcp { host: String, port: u16, options: Options },
    Unix(PathBuf),
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
    pub fn all(config: &Config) -> Vec<Self> {
        let ports = config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let options = Options::of(config);
        let numeric = config.get_hostaddrs();
        if config.get_hosts().is_empty() {
            let tcp = |(at, ip): (usize, &std::net::IpAddr)| Self::Tcp {
                host: ip.to_string(),
                port: port(at),
                options: options.clone(),
            };
            return numeric.iter().enumerate().map(tcp).collect();
        }
        let hosts = config.get_hosts().iter().enumerate();
        hosts
            .map(|(at, host)| match host {
                Host::Unix(directory) => Self::Unix(directory.join(format!(".s.PGSQL.{}", port(at)))),
                Host::Tcp(name) => {
                    let host = numeric.get(at).map_or_else(|| name.clone(), ToString::to_string);
                    Self::Tcp { host, port: port(at), options: options.clone() }
                }
            })
            .collect()
    }

    pub async fn dial(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp { host, port, options } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                options.set(&stream)?;
                Ok(Socket::Tcp(stream))
            }
            Self::Unix(path) => Ok(Socket::Unix(UnixStream::connect(path).await?)),
        }
    }
}

pub enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The same for either.
macro_rules! either {
    ($socket:expr, $stream:ident => $does:expr) => {
        match $socket {
            Socket::Tcp($stream) => $does,
            Socket::Unix($stream) => $does,
        }
    };
}

impl Socket {
    /// Where exactly it leads: a name may stand for several servers.
    pub fn peer(&self, dialled: &Address) -> Option<Address> {
        let (Self::Tcp(stream), Address::Tcp { options, .. }) = (self, dialled) else { return None };
        let peer = stream.peer_addr().ok()?;
        Some(Address::Tcp { host: peer.ip().to_string(), port: peer.port(), options: options.clone() })
    }

    pub fn try_read_buf(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        either!(self, stream => stream.try_read_buf(buffer))
    }

    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        either!(self, stream => stream.try_write(bytes))
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
