//! How much of the API a tenant uses, and each of its clients.
//!
//! An operation's estimated cost ([`crate::graphql::limits::cost`]) is poured into leaky buckets before it is executed: its
//! tenant's, whose size its plan says, and its client's, which is half as large, so that one client alone does not take what
//! the shop's others need. A storefront's key is anybody's: of those who come with it, one network has a quarter, and all
//! together have three quarters. When any of them would overflow, the operation is refused and nothing is poured. What it
//! turns out not to have cost is taken out again.
//!
//! The buckets are in Redis, for all processes. As long as a process knows that there is plenty, it lets in on account, and
//! pours afterwards what was used ([`account`]): only where it gets tight does an operation wait for Redis. Where Redis does
//! not answer, each process fills buckets of its own: a shop may then use as much of each as it may of all, rather than be
//! refused what it has paid for.

mod account;
mod status;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::attempts::Network;
use crate::cache::{Bucket, MemoryShared, Poured, Rate, Shared};
use crate::clock::Clock;
use crate::ids::TenantId;
use crate::metrics::Counter;
use crate::tenant::model::Access;

use account::{Accounts, Due};
pub use status::Status;

/// Pours and takes out. One per process; cheap to clone.
#[derive(Clone)]
pub struct Throttle {
    shared: Arc<dyn Shared>,
    /// Where the other does not answer.
    own: Arc<MemoryShared>,
    accounts: Arc<Accounts>,
    clock: Arc<dyn Clock>,
    /// Operations whose cost this process counted alone.
    unshared: Counter,
}

/// Who uses the API: a key, a member of the staff, an operator; of a storefront's key, from one network.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    pub access: Access,
    pub network: Option<Network>,
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

/// An operation's estimated cost has been poured, or is on account. Dropped without having been settled, it cost that.
pub struct Charged {
    throttle: Throttle,
    tenant: TenantId,
    buckets: Vec<Bucket>,
    /// Points.
    estimated: u64,
    is_on_account: bool,
    status: Status,
}

impl Throttle {
    pub fn new(shared: Arc<dyn Shared>, clock: Arc<dyn Clock>, unshared: Counter) -> Self {
        Self { shared, own: MemoryShared::by(clock.clone()), accounts: Arc::default(), clock, unshared }
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
        let wanted = points.saturating_mul(1000);
        if let Some(levels) = self.accounts.admit(tenant, &buckets, wanted, self.now()) {
            let status = Status::of(&buckets, &levels);
            return Ok(self.charged(tenant, buckets, points, true, status));
        }
        let due = self.accounts.take_due(tenant, &buckets);
        let Some((poured, levels)) = self.pour(tenant, &buckets, due, wanted).await else {
            // Not even the process's own.
            let status = Status::of(&buckets, &[0, 0, 0]);
            return Ok(self.charged(tenant, buckets, 0, false, status));
        };
        let status = Status::of(&buckets, &levels);
        if poured.fits {
            return Ok(self.charged(tenant, buckets, points, false, status));
        }
        let mut waits = buckets.iter().zip(&poured.levels).map(|(bucket, level)| {
            let over = level.saturating_add(wanted).saturating_sub(bucket.capacity());
            (points <= bucket.rate.capacity()).then(|| Duration::from_millis(bucket.rate.millis(over)))
        });
        // Which never fits is before all that take long.
        let wait = waits.try_fold(Duration::ZERO, |longest, wait| Some(longest.max(wait?)));
        Err(Throttled { requested: points, wait, status })
    }

    fn charged(
        &self,
        tenant: TenantId,
        buckets: Vec<Bucket>,
        estimated: u64,
        is_on_account: bool,
        status: Status,
    ) -> Charged {
        Charged { throttle: self.clone(), tenant, buckets, estimated, is_on_account, status }
    }

    /// Pours, and notes what there is since; answers it also with what this process has let in beside it.
    async fn pour(&self, tenant: TenantId, buckets: &[Bucket], due: Due, wanted: u64) -> Option<(Poured, Vec<u64>)> {
        let unheard = Unheard(Some((self, tenant, buckets, due)));
        let used = due.net();
        let poured = match self.shared.pour(buckets, used, wanted).await {
            Ok(poured) => Ok(poured),
            Err(fault) => {
                tracing::debug!(%fault, "the cost of operations is counted in this process alone");
                self.unshared.inc();
                self.own.pour(buckets, used, wanted).await
            }
        };
        let poured = poured.ok()?;
        let levels = unheard.told(&poured.levels);
        Some((poured, levels))
    }

    /// Pours what is due of a client until nothing is.
    async fn pour_due(self, tenant: TenantId, buckets: Vec<Bucket>) {
        while let Some(due) = self.accounts.next_due(tenant, &buckets) {
            self.pour(tenant, &buckets, due, 0).await;
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }
}

/// What is being poured. Where nobody waits for its end, or it has none, it is taken to be in the buckets all the same.
struct Unheard<'a>(Option<(&'a Throttle, TenantId, &'a [Bucket], Due)>);

impl Unheard<'_> {
    fn told(mut self, levels: &[u64]) -> Vec<u64> {
        self.note(Some(levels))
    }

    fn note(&mut self, levels: Option<&[u64]>) -> Vec<u64> {
        let Some((throttle, tenant, buckets, due)) = self.0.take() else { return Vec::new() };
        throttle.accounts.note(tenant, buckets, due, levels, throttle.now())
    }
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        self.note(None);
    }
}

impl Charged {
    /// How full the bucket is when it was charged.
    pub fn status(&self) -> Status {
        self.status
    }

    /// How full the bucket is once the operation has turned out to cost so many points. What it cost beyond the estimate is
    /// left to us. Nobody waits for what is to be poured or taken out.
    pub fn settle(mut self, actual: u64) -> Status {
        let unused = self.estimated.saturating_sub(actual);
        self.end(unused);
        let Status { maximum_available, currently_available, .. } = self.status;
        Status { currently_available: (currently_available + unused).min(maximum_available), ..self.status }
    }

    fn end(&mut self, unused: u64) {
        let buckets = std::mem::take(&mut self.buckets);
        // Outside of a runtime the process is ending.
        let (false, Ok(runtime)) = (buckets.is_empty(), Handle::try_current()) else { return };
        let (throttle, tenant) = (self.throttle.clone(), self.tenant);
        let charged = (thousandths(self.estimated), self.is_on_account);
        if throttle.accounts.settle(tenant, &buckets, charged, thousandths(unused), throttle.now()) {
            runtime.spawn(throttle.pour_due(tenant, buckets));
        }
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        self.end(0);
    }
}

impl fmt::Debug for Charged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, estimated, is_on_account, status, .. } = self;
        write!(f, "Charged({tenant}, {estimated} points, on account: {is_on_account}, {status:?})")
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
