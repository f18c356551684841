//! Clients for HTTP, which call what others have chosen: no private network, unless that is allowed.
//!
//! Addresses are checked where the connection is made. A name's addresses in the resolver, whose answer is what is
//! connected to, so that a name cannot say one thing when checked and another when used; an IP literal after URL
//! parsing, since no resolver is asked for it. No redirect is followed and no proxy of the environment is used:
//! both would lead past these checks.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::address::is_public;

/// What calls an address that somebody else has chosen, whose IP literals [`endpoint`](crate::webhook::model::endpoint) has
/// looked at. It has no time limit, and asks once: that is the [`Target`](super::Target)'s.
pub fn outbound(allow_private: bool) -> reqwest::ClientBuilder {
    guarded(SYSTEM, allow_private)
}

/// The same, with names looked up like this.
pub fn guarded(lookup: Lookup, allow_private: bool) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(30))
        .dns_resolver(Arc::new(Guarded { lookup, allow_private }))
}

/// Asks for the addresses of a name.
pub type Lookup = fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;

/// Asks where the system does.
pub const SYSTEM: Lookup = |name| Box::pin(async move { Ok(lookup_host((name, 0)).await?.collect()) });

/// Resolves names to addresses that may be called.
struct Guarded {
    lookup: Lookup,
    allow_private: bool,
}

/// A name that leads nowhere we may go.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no public address", self.0)
    }
}

impl Error for Refused {}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { lookup, allow_private } = *self;
        Box::pin(async move {
            // One answer for a name that does not exist and one that leads into the operator's network: which names
            // there are is nobody's business.
            let mut allowed = lookup(name.as_str().to_owned()).await.unwrap_or_default();
            allowed.retain(|address| allow_private || is_public(address.ip()));
            if allowed.is_empty() {
                return Err(Refused(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
