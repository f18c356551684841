//! Places for what is dear, or for what nobody waits for: bounded for the process, and for each tenant to a part of that,
//! so that what is done for one shop, or to it, does not keep the others out. The last of all are for those who have none.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::TenantId;

/// So many places, cheap to clone.
#[derive(Clone)]
pub struct Places(Arc<Mutex<Shares>>);

/// Who has how many of so many, whatever they are.
pub struct Shares {
    most: usize,
    /// Of one tenant.
    share: usize,
    /// The last ones, for tenants' first.
    kept: usize,
    all: usize,
    by: HashMap<TenantId, usize>,
}

impl Shares {
    /// So many, of which one tenant has `share` at most, and the last `kept` are for tenants that have none.
    pub fn new(most: usize, share: usize, kept: usize) -> Self {
        Self { most, share, kept, all: 0, by: HashMap::new() }
    }

    /// Whether the tenant may have one more.
    pub fn may(&self, tenant: TenantId) -> bool {
        let own = self.of(tenant);
        let room = if own == 0 { self.most } else { self.most - self.kept };
        self.all < room && own < self.share
    }

    pub fn give(&mut self, tenant: TenantId) {
        self.all += 1;
        *self.by.entry(tenant).or_default() += 1;
    }

    pub fn take_back(&mut self, tenant: TenantId) {
        self.all -= 1;
        if let Entry::Occupied(mut own) = self.by.entry(tenant) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }

    pub fn is_full(&self) -> bool {
        self.all >= self.most
    }

    /// How many the tenant has.
    pub fn of(&self, tenant: TenantId) -> usize {
        self.by.get(&tenant).copied().unwrap_or_default()
    }

    /// How many are had, and by how many tenants.
    #[cfg(test)]
    pub fn had(&self) -> (usize, usize) {
        (self.all, self.by.len())
    }
}

/// Taken until it is dropped.
pub struct Place {
    of: Places,
    tenant: TenantId,
}

impl Places {
    /// So many in all. A quarter of them, at least one, is the most that one tenant has; the last quarter is for tenants'
    /// first ones.
    pub fn new(most: usize) -> Self {
        Self::with(most, (most / 4).max(1), most / 4)
    }

    /// So many for each tenant, whatever the others have.
    pub fn for_each(share: usize) -> Self {
        Self::with(usize::MAX, share, 0)
    }

    fn with(most: usize, share: usize, kept: usize) -> Self {
        Self(Arc::new(Mutex::new(Shares::new(most, share, kept))))
    }

    /// A place for something of this tenant's, if there is one.
    pub fn take(&self, tenant: TenantId) -> Option<Place> {
        let mut taken = self.taken();
        if !taken.may(tenant) {
            return None;
        }
        taken.give(tenant);
        Some(Place { of: self.clone(), tenant })
    }

    /// Whether the tenant has one.
    pub fn has(&self, tenant: TenantId) -> bool {
        self.taken().of(tenant) > 0
    }

    /// How many tenants have one.
    #[cfg(test)]
    pub fn holders(&self) -> usize {
        self.taken().had().1
    }

    fn taken(&self) -> MutexGuard<'_, Shares> {
        // Nothing panics between two changes of it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.taken().take_back(self.tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId(uuid::Uuid::from_u128(n))
    }

    fn taken_by(places: &Places, tenant: TenantId) -> Vec<Place> {
        std::iter::from_fn(|| places.take(tenant)).collect()
    }

    #[test]
    fn a_tenant_takes_a_quarter_and_who_has_none_finds_one() {
        let places = Places::new(16);
        let crowds: Vec<Vec<Place>> = (1..=5).map(|n| taken_by(&places, tenant(n))).collect();
        assert_eq!(crowds.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 4, 1, 1]);
        let quiet: Vec<Place> = (6..).map_while(|n| places.take(tenant(n))).collect();
        assert_eq!(quiet.len(), 2, "as many as there are");
        drop(crowds);
        assert_eq!(taken_by(&places, tenant(6)).len(), 3, "one it has");
        drop(quiet);
        assert!(places.taken().had() == (0, 0), "nobody is remembered who has none");
    }

    #[test]
    fn of_few_places_each_is_somebodys() {
        let places = Places::new(1);
        let place = places.take(tenant(1)).expect("the one");
        assert!(places.take(tenant(1)).is_none() && places.take(tenant(2)).is_none());
        drop(place);
        assert!(places.take(tenant(2)).is_some());
    }
}
