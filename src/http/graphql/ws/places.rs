//! How many sockets may be open, and streams of events, which last as long: in the process, for each tenant, and of
//! those that have not said yet who they are. The last are few, and the one that waits longest makes room for the
//! next. Storefronts, whose keys everybody can read, have half of it: however many somebody opens as a shopper, who works
//! for the shop gets in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::config::HttpConfig;
use crate::ids::TenantId;
use crate::places::{self, Place};
use crate::tenant::model::Access;

/// Sockets that wait for `connection_init` at once.
const MAX_WAITING: usize = 500;

/// Counts what is open.
pub struct Places {
    sockets: Arc<Semaphore>,
    of_storefronts: Arc<Semaphore>,
    of_tenants: places::Places,
    of_tenants_storefronts: places::Places,
    operations: places::Places,
    waiting: Arc<Mutex<Waiting>>,
}

/// In the order of their coming.
#[derive(Default)]
struct Waiting {
    came: u64,
    sockets: VecDeque<(u64, CancellationToken)>,
}

/// A place until `connection_init`; given back when left or dropped.
pub struct WaitingPlace {
    number: u64,
    displaced: CancellationToken,
    waiting: Arc<Mutex<Waiting>>,
}

/// A socket's place in the process; given back when dropped.
pub struct SocketPlace {
    _place: OwnedSemaphorePermit,
    _as_storefront: Option<OwnedSemaphorePermit>,
}

/// A socket's place among its tenant's; given back when dropped.
pub struct TenantSocketPlace {
    _place: Place,
    _as_storefront: Option<Place>,
}

impl Places {
    pub fn new(config: &HttpConfig) -> Self {
        let sockets = Arc::new(Semaphore::new(config.max_sockets));
        let of_storefronts = Arc::new(Semaphore::new(config.max_sockets.div_ceil(2)));
        let of_tenants = places::Places::for_each(config.max_sockets_per_tenant);
        let of_tenants_storefronts = places::Places::for_each(config.max_sockets_per_tenant.div_ceil(2));
        let operations = places::Places::for_each(config.max_operations_per_tenant);
        Self { sockets, of_storefronts, of_tenants, of_tenants_storefronts, operations, waiting: Arc::default() }
    }

    pub fn to_wait(&self) -> WaitingPlace {
        let displaced = CancellationToken::new();
        let mut waiting = self.waiting.lock().expect("no holder panics");
        waiting.came += 1;
        let number = waiting.came;
        waiting.sockets.push_back((number, displaced.clone()));
        if waiting.sockets.len() > MAX_WAITING
            && let Some((_, longest)) = waiting.sockets.pop_front()
        {
            longest.cancel();
        }
        WaitingPlace { number, displaced, waiting: self.waiting.clone() }
    }

    /// Where sockets find room: for who counts them.
    pub fn room(&self) -> &Arc<Semaphore> {
        &self.sockets
    }

    /// One of the process's.
    pub fn for_socket(&self, access: Access) -> Option<SocketPlace> {
        let take = |places: &Arc<Semaphore>| places.clone().try_acquire_owned().ok();
        let as_storefront = if access.is_storefront() { Some(take(&self.of_storefronts)?) } else { None };
        Some(SocketPlace { _place: take(&self.sockets)?, _as_storefront: as_storefront })
    }

    /// One of the tenant's sockets.
    pub fn for_tenant(&self, tenant: TenantId, access: Access) -> Option<TenantSocketPlace> {
        let storefronts = &self.of_tenants_storefronts;
        let as_storefront = if access.is_storefront() { Some(storefronts.take(tenant)?) } else { None };
        Some(TenantSocketPlace { _place: self.of_tenants.take(tenant)?, _as_storefront: as_storefront })
    }

    /// One of the operations on the tenant's sockets.
    pub fn for_operation(&self, tenant: TenantId) -> Option<Place> {
        self.operations.take(tenant)
    }
}

impl WaitingPlace {
    /// Waits until the place is needed for another.
    pub async fn displaced(&self) {
        self.displaced.cancelled().await;
    }

    pub fn leave(&self) {
        self.waiting.lock().expect("no holder panics").sockets.retain(|(number, _)| *number != self.number);
    }
}

impl Drop for WaitingPlace {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env};

    fn places() -> Places {
        let env = [
            ("DATABASE_URL", "postgres://a/x"),
            ("DATABASE_PLATFORM_URL", "postgres://b/x"),
            ("WS_MAX_SOCKETS", "3"),
            ("WS_MAX_SOCKETS_PER_TENANT", "2"),
        ];
        Places::new(&Config::read(&Env::from_pairs(env)).expect("settings").http)
    }

    const STAFF: Access = Access::Secret { key_id: uuid::Uuid::nil() };

    #[test]
    fn a_process_and_a_tenant_hold_only_so_many_sockets_and_get_them_back() {
        let places = places();
        let [a, b] = [1, 2].map(|n| TenantId(uuid::Uuid::from_u128(n)));
        let held: Vec<_> = (0..2).map(|_| places.for_tenant(a, STAFF).expect("a place")).collect();
        assert!(places.for_tenant(a, STAFF).is_none() && places.for_tenant(b, STAFF).is_some());
        drop(held);
        assert!(places.for_tenant(a, STAFF).is_some());
        assert_eq!(places.of_tenants.holders(), 0, "nothing is kept of tenants without sockets");
        let held: Vec<_> = (0..3).map(|_| places.for_socket(STAFF).expect("a place")).collect();
        assert!(places.for_socket(STAFF).is_none() && places.for_socket(Access::Public).is_none());
        drop(held);
        assert!(places.for_socket(STAFF).is_some());
    }

    #[test]
    fn shoppers_leave_half_of_it_to_those_who_work_for_the_shop() {
        let places = places();
        let tenant = TenantId(uuid::Uuid::from_u128(1));
        let shoppers: Vec<_> = std::iter::from_fn(|| places.for_socket(Access::Public)).collect();
        let of_tenant: Vec<_> = std::iter::from_fn(|| places.for_tenant(tenant, Access::Public)).collect();
        assert_eq!((shoppers.len(), of_tenant.len()), (2, 1));
        assert!(places.for_socket(STAFF).is_some() && places.for_tenant(tenant, STAFF).is_some());
        drop((shoppers, of_tenant));
        assert!(places.for_socket(Access::Public).is_some() && places.for_tenant(tenant, Access::Public).is_some());
    }

    #[test]
    fn who_waits_longest_makes_room() {
        let places = places();
        let first = places.to_wait();
        let second = places.to_wait();
        let third = places.to_wait();
        let crowd: Vec<_> = (0..MAX_WAITING - 3).map(|_| places.to_wait()).collect();
        first.leave();
        let _in_its_place = places.to_wait();
        assert!([&first, &second].iter().all(|place| !place.displaced.is_cancelled()));
        let _one_too_many = places.to_wait();
        assert!(second.displaced.is_cancelled() && !third.displaced.is_cancelled());
        drop(crowd);
        assert_eq!(places.waiting.lock().unwrap().sockets.len(), 3);
        assert_eq!(places.sockets.available_permits(), 3, "no socket of those with a key");
    }
}
