//! Places for what is dear, or for what nobody waits for: bounded for the process, and for each tenant to a part of that,
//! so that what is done for one shop, or to it, does not keep the others out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::TenantId;

/// So many places, cheap to clone.
#[derive(Clone)]
pub struct Places(Arc<Inner>);

struct Inner {
    most: usize,
    /// Of one tenant.
    share: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by: HashMap<TenantId, usize>,
}

/// Taken until it is dropped.
pub struct Place {
    of: Places,
    tenant: TenantId,
}

impl Places {
    /// So many in all, and a quarter of them, at least one, for one tenant.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner { most, share: (most / 4).max(1), taken: Mutex::default() }))
    }

    /// A place for something of this tenant's, if there is one.
    pub fn take(&self, tenant: TenantId) -> Option<Place> {
        let mut taken = self.taken();
        if taken.all >= self.0.most {
            return None;
        }
        let own = taken.by.entry(tenant).or_default();
        if *own >= self.0.share {
            return None;
        }
        *own += 1;
        taken.all += 1;
        Some(Place { of: self.clone(), tenant })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing panics between two changes of it.
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.of.taken();
        taken.all -= 1;
        if let Entry::Occupied(mut own) = taken.by.entry(self.tenant) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: TenantId = TenantId(uuid::Uuid::from_u128(1));
    const BOLT: TenantId = TenantId(uuid::Uuid::from_u128(2));

    #[test]
    fn a_tenant_takes_a_quarter_and_all_take_all() {
        let places = Places::new(8);
        let own: Vec<Place> = (0..2).map(|_| places.take(ACME).expect("a place")).collect();
        assert!(places.take(ACME).is_none(), "no tenant takes more than its share");
        let others = (10..).map(|n| places.take(TenantId(uuid::Uuid::from_u128(n)))).map_while(|place| place);
        let others: Vec<Place> = others.collect();
        assert_eq!(others.len(), 6);
        assert!(places.take(BOLT).is_none(), "there are no more than there are");
        drop(own);
        assert!(places.take(ACME).is_some() && places.take(BOLT).is_some());
        drop(others);
        assert!(places.taken().by.is_empty() && places.taken().all == 0, "nobody is remembered who has none");
    }
}
