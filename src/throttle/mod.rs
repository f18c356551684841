//! How much of the API a tenant uses, and each of its clients.
//!
//! An operation's estimated cost ([`crate::graphql::limits::cost`]) is poured into leaky buckets before it is executed: its
//! tenant's, whose size its plan says, and its client's, which is half as large, so that one client alone does not take what
//! the shop's others need. A storefront's key is anybody's: of those who come with it, one network has a quarter, and all
//! together have three quarters. When any of them would overflow, the operation is refused and nothing is poured. What it
//! turns out not to have cost is taken out again.
//!
//! The buckets are in Redis, for all processes. Where Redis does not answer, each process fills buckets of its own: a shop
//! may then use as much of each as it may of all, rather than be refused what it has paid for.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Value, value};

use crate::attempts::Network;
use crate::cache::{Bucket, MemoryShared, Poured, Rate, Shared, WINDOW_SECONDS};
use crate::clock::Clock;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::metrics::Counter;
use crate::tenant::model::Access;

/// Pours and takes out. One per process; cheap to clone.
#[derive(Clone)]
pub struct Throttle {
    shared: Arc<dyn Shared>,
    /// Where the other does not answer.
    own: Arc<MemoryShared>,
    /// Operations whose cost this process counted alone.
    unshared: Counter,
}

/// Who uses the API: a key, a member of the staff, an operator; of a storefront's key, from one network.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    pub access: Access,
    pub network: Option<Network>,
}

/// How full a client's bucket is; where its tenant's leaves less, that counts. In points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub maximum_available: u64,
    pub currently_available: u64,
    /// Points a second.
    pub restore_rate: u32,
}

/// An operation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// What it would have cost, in points.
    pub requested: u64,
    /// After which it would be let in if nobody came meanwhile; none: it costs more than a bucket holds.
    pub wait: Option<Duration>,
    pub status: Status,
}

/// An operation's cost has been poured.
#[derive(Debug)]
pub struct Charged {
    buckets: Vec<Bucket>,
    /// Points.
    poured: u64,
    status: Status,
}

impl Throttle {
    pub fn new(shared: Arc<dyn Shared>, clock: Arc<dyn Clock>, unshared: Counter) -> Self {
        Self { shared, own: MemoryShared::by(clock), unshared }
    }

    /// Pours what an operation is estimated to cost, in points.
    pub async fn charge(
        &self,
        tenant: TenantId,
        rate: Rate,
        client: Client,
        points: u64,
    ) -> Result<Charged, Throttled> {
        let buckets = buckets(tenant, rate, client);
        let Ok(poured) = self.pour(&buckets, thousandths(points)).await else {
            // Not even the process's own.
            let status = status(&buckets, &[0, 0, 0]);
            return Ok(Charged { buckets, poured: 0, status });
        };
        let status = status(&buckets, &poured.levels);
        if poured.fits {
            return Ok(Charged { buckets, poured: points, status });
        }
        let mut waits = buckets.iter().zip(&poured.levels).map(|(bucket, level)| {
            let over = (level + points.saturating_mul(1000)).saturating_sub(bucket.capacity());
            (points <= bucket.rate.capacity()).then(|| Duration::from_millis(bucket.rate.millis(over)))
        });
        // Which never fits is before all that take long.
        let wait = waits.try_fold(Duration::ZERO, |longest, wait| Some(longest.max(wait?)));
        Err(Throttled { requested: points, wait, status })
    }

    /// Takes out what an operation did not cost.
    pub async fn give_back(&self, unused: Unused) {
        let Unused { buckets, points } = unused;
        // What stays in leaks all the same.
        let _ = self.pour(&buckets, -thousandths(points)).await;
    }

    async fn pour(&self, buckets: &[Bucket], thousandths: i64) -> Result<Poured, Fault> {
        match self.shared.pour(buckets, thousandths).await {
            Ok(poured) => Ok(poured),
            Err(fault) => {
                tracing::debug!(%fault, "the cost of operations is counted in this process alone");
                self.unshared.inc();
                self.own.pour(buckets, thousandths).await
            }
        }
    }
}

/// What an operation was charged and did not cost.
#[derive(Debug)]
pub struct Unused {
    buckets: Vec<Bucket>,
    points: u64,
}

impl Charged {
    pub fn status(&self) -> Status {
        self.status
    }

    /// How full the bucket is once the operation has turned out to cost so many points, and what is to be given back. What
    /// it cost beyond the estimate is left to us.
    pub fn settle(self, actual: u64) -> (Status, Option<Unused>) {
        let Self { buckets, poured, mut status } = self;
        let points = poured.saturating_sub(actual);
        status.currently_available = (status.currently_available + points).min(status.maximum_available);
        (status, (points > 0).then_some(Unused { buckets, points }))
    }
}

impl Status {
    /// As `extensions.cost.throttleStatus`.
    pub fn to_value(self) -> Value {
        value!({
            "maximumAvailable": self.maximum_available,
            "currentlyAvailable": self.currently_available,
            "restoreRate": self.restore_rate,
        })
    }

    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): what may be used within a window, and
    /// what is left of it for how many seconds, until all is restored.
    pub fn headers(self) -> [(&'static str, String); 2] {
        let Self { maximum_available, currently_available, restore_rate } = self;
        let restored_in = (maximum_available - currently_available).div_ceil(u64::from(restore_rate));
        [
            ("ratelimit-policy", format!("\"cost\";q={maximum_available};w={WINDOW_SECONDS}")),
            ("ratelimit", format!("\"cost\";r={currently_available};t={restored_in}")),
        ]
    }
}

fn thousandths(points: u64) -> i64 {
    i64::try_from(points.saturating_mul(1000)).unwrap_or(i64::MAX)
}

/// The client's, that of all who come with a storefront's key if it is one of those, and the tenant's.
fn buckets(tenant: TenantId, rate: Rate, client: Client) -> Vec<Bucket> {
    let of_tenant = format!("emporia:{{{tenant}}}:cost");
    let mut of_client = format!("{of_tenant}:{}", client.access.actor());
    if let Some(network) = client.network {
        let _ = write!(of_client, ":{network}");
    }
    if client.access.is_storefront() {
        let of_storefronts = Bucket { key: format!("{of_tenant}:storefronts"), rate: rate.quarters(3) };
        return vec![
            Bucket { key: of_client, rate: rate.quarters(1) },
            of_storefronts,
            Bucket { key: of_tenant, rate },
        ];
    }
    vec![Bucket { key: of_client, rate: rate.quarters(2) }, Bucket { key: of_tenant, rate }]
}

fn status(buckets: &[Bucket], levels: &[u64]) -> Status {
    let left = |(bucket, level): (&Bucket, &u64)| bucket.capacity().saturating_sub(*level) / 1000;
    Status {
        maximum_available: buckets[0].rate.capacity(),
        currently_available: buckets.iter().zip(levels).map(left).min().unwrap_or_default(),
        restore_rate: buckets[0].rate.restored(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::ManualClock;

    const TENANT: TenantId = TenantId(Uuid::nil());

    fn of_key(key: u128) -> Client {
        Client { access: Access::Secret { key_id: Uuid::from_u128(key) }, network: None }
    }

    fn throttle() -> Throttle {
        let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
        Throttle::new(MemoryShared::by(clock.clone()), clock, Counter::default())
    }

    fn rate() -> Rate {
        Rate::per_second(2).expect("a rate")
    }

    #[tokio::test]
    async fn a_client_takes_half_and_all_together_the_whole() {
        let throttle = throttle();
        let charged = throttle.charge(TENANT, rate(), of_key(1), 20).await.expect("a client's whole");
        let status = Status { maximum_available: 20, currently_available: 0, restore_rate: 1 };
        assert_eq!(charged.status(), status);
        let refused = throttle.charge(TENANT, rate(), of_key(1), 10).await.expect_err("no more of it");
        assert_eq!(refused.requested, 10);
        assert_eq!(refused.wait, Some(Duration::from_secs(10)));
        throttle.charge(TENANT, rate(), of_key(2), 18).await.expect("another's");
        let refused = throttle.charge(TENANT, rate(), of_key(3), 10).await.expect_err("the tenant's");
        assert_eq!(refused.status, Status { maximum_available: 20, currently_available: 2, restore_rate: 1 });
        assert_eq!(refused.wait, Some(Duration::from_secs(4)), "the shop's leaks twice as fast");
        throttle.charge(TenantId(Uuid::from_u128(1)), rate(), of_key(3), 20).await.expect("another tenant's");
    }

    #[tokio::test]
    async fn what_was_not_used_is_given_back() {
        let throttle = throttle();
        let charged = throttle.charge(TENANT, rate(), of_key(1), 20).await.expect("room");
        let (status, unused) = charged.settle(5);
        assert_eq!(status.currently_available, 15);
        throttle.give_back(unused.expect("some")).await;
        let charged = throttle.charge(TENANT, rate(), of_key(1), 15).await.expect("room again");
        let (status, unused) = charged.settle(400);
        assert!(unused.is_none() && status.currently_available == 0, "{status:?}");
    }

    #[tokio::test]
    async fn what_no_bucket_holds_is_never_let_in() {
        let refused = throttle().charge(TENANT, rate(), of_key(1), 21).await.expect_err("more than it holds");
        assert_eq!(refused.wait, None);
        assert_eq!(refused.status.currently_available, 20);
    }

    #[tokio::test]
    async fn shoppers_leave_a_quarter_to_who_runs_the_shop() {
        let (throttle, rate) = (throttle(), Rate::per_second(4).expect("a rate"));
        let shopper = |n: u8| Client {
            access: Access::Publishable { key_id: Uuid::nil() },
            network: Some(Network::from(std::net::IpAddr::from([192, 0, 2, n]))),
        };
        for n in 1..=3 {
            throttle.charge(TENANT, rate, shopper(n), 20).await.expect("a network's quarter");
            assert!(throttle.charge(TENANT, rate, shopper(n), 1).await.is_err(), "and no more");
        }
        let refused = throttle.charge(TENANT, rate, shopper(4), 1).await.expect_err("all networks together");
        assert_eq!(refused.status, Status { maximum_available: 20, currently_available: 0, restore_rate: 1 });
        throttle.charge(TENANT, rate, of_key(1), 20).await.expect("the shop's own");
    }

    #[test]
    fn shoppers_of_one_key_are_told_apart_by_their_networks() {
        let access = Access::Publishable { key_id: Uuid::nil() };
        let network = |address: &str| Some(Network::from(address.parse::<std::net::IpAddr>().expect("an address")));
        let key = |network| buckets(TENANT, rate(), Client { access, network })[0].key.clone();
        assert_ne!(key(network("192.0.2.1")), key(network("192.0.2.2")));
        let tenant = "emporia:{00000000-0000-0000-0000-000000000000}:cost";
        assert!(key(None).starts_with(&format!("{tenant}:key:")), "one hash tag for both: {}", key(None));
    }

    #[test]
    fn headers_say_what_is_left_and_when_all_is_back() {
        let status = Status { maximum_available: 2_000, currently_available: 1_499, restore_rate: 100 };
        let [policy, limit] = status.headers();
        assert_eq!(policy, ("ratelimit-policy", "\"cost\";q=2000;w=20".to_owned()));
        assert_eq!(limit, ("ratelimit", "\"cost\";r=1499;t=6".to_owned()));
    }
}
