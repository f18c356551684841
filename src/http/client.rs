//! From which address a request comes.
//!
//! It is the other end of the connection, unless that is a proxy which the operator trusts (`TRUSTED_PROXIES`): then what
//! the proxies say counts, read from the right, where the nearest one has written, up to the first address that is no
//! trusted proxy's. What stands left of it anybody can have written. Nothing is let in by an address: attempts are counted
//! by it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::http::{Extensions, HeaderMap, header};
use ipnet::IpNet;

use crate::attempts::Network;
use crate::tenant::model::Access;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Whether the log has said that a proxy is not named.
static UNNAMED: Once = Once::new();

/// The other end of the connection, in a request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Who trusted servers say that they speak for: a merchant's own, with a secret key.
const BUYER: &str = "shopify-storefront-buyer-ip";

/// From where a request comes.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// None when nobody knows the other end.
    address: Option<IpAddr>,
    /// For whom a merchant's server says that it asks.
    buyer: Option<IpAddr>,
}

impl Client {
    pub fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let buyer = headers.get(BUYER).and_then(|value| plain(value.to_str().ok()?));
        Self { address: address(extensions, headers, trusted), buyer }
    }

    /// Under what attempts of who has proved to be this are counted. A merchant's server asks for many: for whom, it says
    /// itself, and where it does not, nobody is meant.
    pub fn network(self, access: Access) -> Option<Network> {
        let address = if matches!(access, Access::Secret { .. }) { self.buyer } else { self.address };
        address.map(Network::from)
    }
}

/// The other end, or whom trusted proxies name.
fn address(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?.0.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        if headers.contains_key(FORWARDED_FOR) || headers.contains_key(header::FORWARDED) {
            // Once: whoever likes can send one.
            UNNAMED.call_once(|| {
                tracing::warn!(%peer, "a proxy, or somebody who says to be one, is not in TRUSTED_PROXIES: if it is yours, \
                    all its clients are counted as one");
            });
        }
        return Some(peer);
    }
    let (forwarded_for, forwarded) = (listed(headers, FORWARDED_FOR, plain), listed(headers, "forwarded", said_for));
    let hops = match (forwarded_for.is_empty(), forwarded.is_empty()) {
        (false, true) => forwarded_for,
        (true, false) => forwarded,
        // One of them nobody has looked after.
        (false, false) if forwarded_for != forwarded => return Some(peer),
        (false, false) | (true, true) => forwarded_for,
    };
    let mut nearest = peer;
    for hop in hops.into_iter().rev() {
        // Hidden, or no address at all: whoever has written it is the last one known.
        let Some(hop) = hop else { break };
        nearest = hop;
        if !is_trusted(hop) {
            break;
        }
    }
    Some(nearest)
}

/// The hops that all headers of this name list, in their order; none for one that is no address.
fn listed(headers: &HeaderMap, name: &str, read: impl Fn(&str) -> Option<IpAddr>) -> Vec<Option<IpAddr>> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.split(',')).map(|hop| read(hop.trim())).collect()
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:4711`.
fn plain(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// What an element of `Forwarded` (RFC 7239) says behind `for`.
fn said_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut said = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    plain(said.next()?.1.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn seen(peer: &str, trusted: &[&str], headers: &[(&str, &str)]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        address(&extensions, &map, &trusted).unwrap().to_string()
    }

    #[test]
    fn what_somebody_says_of_themselves_says_nothing() {
        for header in ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"] {
            let said = [(header, "192.0.2.1"), (header, "for=192.0.2.1")];
            assert_eq!(seen("203.0.113.9", &[], &said), "203.0.113.9", "{header}");
            assert_eq!(seen("203.0.113.9", &["10.0.0.0/8"], &said), "203.0.113.9", "{header}");
        }
    }

    #[test]
    fn of_what_trusted_proxies_say_the_nearest_stranger_counts() {
        let trusted = ["10.0.0.0/8", "2001:db8:ffff::/48"];
        for (said, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            // The client has written what stands in front.
            ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
            ("1.1.1.1, 192.0.2.7, 10.1.2.3", "192.0.2.7"),
            ("10.9.9.9, 192.0.2.7, 2001:db8:ffff::1", "192.0.2.7"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            // Within the operator's own network.
            ("10.7.7.7, 10.1.2.3", "10.7.7.7"),
            ("192.0.2.7, unknown", "10.0.0.1"),
            ("192.0.2.7, , 10.1.2.3", "10.1.2.3"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &trusted, &[("x-forwarded-for", said)]), expected, "{said}");
        }
        let two = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(seen("::ffff:10.0.0.1", &trusted, &two), "192.0.2.7", "the last header's");
        assert_eq!(seen("10.0.0.1", &trusted, &[]), "10.0.0.1");
    }

    #[test]
    fn forwarded_says_it_as_well_and_who_says_two_things_says_nothing() {
        let trusted = ["10.0.0.0/8"];
        for (said, expected) in [
            ("for=192.0.2.7", "192.0.2.7"),
            ("for=1.1.1.1, For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1", "2001:db8::7"),
            ("proto=https", "10.0.0.1"),
            ("for=_hidden", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &trusted, &[("forwarded", said)]), expected, "{said}");
        }
        let both = |one| [("x-forwarded-for", "192.0.2.7"), ("forwarded", one)];
        assert_eq!(seen("10.0.0.1", &trusted, &both("for=192.0.2.7")), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &trusted, &both("for=1.1.1.1")), "10.0.0.1");
    }

    #[test]
    fn a_merchants_server_says_for_whom_it_asks_and_nobody_else_does() {
        let mut headers = HeaderMap::new();
        let server = Access::Secret { key_id: uuid::Uuid::nil() };
        let mut extensions = Extensions::new();
        extensions.insert(Peer("203.0.113.9".parse().unwrap()));
        let of = |headers: &HeaderMap, access| {
            Client::of(&extensions, headers, &[]).network(access).map(|network| network.to_string())
        };
        assert_eq!(of(&headers, server), None);
        assert_eq!(of(&headers, Access::Public).as_deref(), Some("203.0.113.9"));
        headers.insert(BUYER, "192.0.2.7".parse().unwrap());
        assert_eq!(of(&headers, server).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(&headers, Access::Public).as_deref(), Some("203.0.113.9"));
    }
}
