//! Which web origins are the API's own: those from which GraphiQL is served.

use std::net::{IpAddr, SocketAddr};

use crate::app::App;

/// The API's own origins, as a browser writes them (`https://api.example`).
#[derive(Clone, Debug)]
pub struct OwnOrigins(Vec<String>);

impl OwnOrigins {
    /// `PUBLIC_URL`, and in development the address that is listened on, under the machine's names for itself.
    pub fn of(app: &App, listening: Option<SocketAddr>) -> Self {
        let public = url::Url::parse(&app.config.http.public_url).map(|url| url.origin());
        // An opaque origin reads "null", which every sandboxed page on earth sends.
        let mut origins: Vec<String> =
            public.iter().filter(|origin| origin.is_tuple()).map(url::Origin::ascii_serialization).collect();
        if app.config.development {
            let address = listening.unwrap_or(app.config.http.listen);
            let port = address.port();
            origins.extend(["127.0.0.1", "localhost", "[::1]"].map(|host| format!("http://{host}:{port}")));
            if !address.ip().is_unspecified() && !address.ip().is_loopback() {
                origins.push(format!("http://{}:{port}", bracketed(address.ip())));
            }
        }
        Self(origins)
    }

    pub fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(origin))
    }

    /// Whether a `Host` header names the API itself. A page that was loaded under another name (a rebound DNS
    /// name, say) is not one of ours.
    pub fn has_host(&self, host: &str) -> bool {
        self.0.iter().any(|own| own.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host)))
    }

    /// Whether a host's name, without a port, is the API's own.
    pub fn has_name(&self, name: &str) -> bool {
        let names = self.0.iter().filter_map(|own| own.split_once("://"));
        let mut names = names.map(|(_, own)| own.split_once(':').map_or(own, |(name, _)| name));
        names.any(|own| own.eq_ignore_ascii_case(name))
    }
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
