//! From where somebody tries: what comes from one network is counted together, whatever accounts it is about.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};

use super::{Attempts, Bound};
use crate::ids::TenantId;

/// What is counted as one place: an IPv4 address; of an IPv6 address its first 64 bits, which is the least that a
/// provider gives to one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            v4 => v4,
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

impl Attempts {
    /// Runs `work` if it is admitted: none when there were too many of this network at this shop. It counts when it begins;
    /// if what it comes to does not count, that is taken back. What came from nobody knows where is not counted.
    pub async fn from_network<T>(
        &self,
        bound: &Bound,
        (tenant, network): (TenantId, Option<Network>),
        counts: impl Fn(&T) -> bool,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        match network {
            Some(network) => self.counted(bound, (tenant, &network.to_string()), counts, work).await,
            None => Some(work.await),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_counts_as_its_first_64_bits() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(Network::from(address.parse::<IpAddr>().unwrap()).to_string(), network);
        }
    }
}
