//! Batching: many resolvers ask for one thing each, one statement answers them all.
//!
//! Loaders belong to a request's snapshot, never to the schema: shared ones would batch two tenants together. They
//! are made on first use, one per key type; a slice adds one by implementing [`BatchKey`] in its `loaders.rs`.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use crate::db::QueryResult;
use dataloader::BatchFn;
use dataloader::cached::Loader;

use super::budget::Budget;
use crate::db::{TenantConn, TenantRead};
use crate::error::Fault;

/// A key that is looked up in batches. A newtype per question: `VariantsOfProduct(product_id)`.
pub trait BatchKey: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// What a key leads to; cloned to everyone who asked, so an `Arc` or something as cheap.
    type Value: Clone + Send + Sync + 'static;

    /// Answers the keys in one statement (or two). A key without an answer is left out.
    fn load(
        conn: &mut TenantConn<'_>,
        keys: &[Self],
    ) -> impl Future<Output = QueryResult<HashMap<Self, Self::Value>>> + Send;
}

/// At most this many keys a statement: a page, with room to spare.
const MAX_BATCH: usize = 1000;
/// How often a loader steps back before it loads, so that siblings can add their keys.
const YIELDS: usize = 3;

type Answer<K> = Result<Option<<K as BatchKey>::Value>, Fault>;

struct Batch<K> {
    read: Arc<TenantRead>,
    key: PhantomData<K>,
}

impl<K: BatchKey> BatchFn<K, Answer<K>> for Batch<K> {
    async fn load(&mut self, keys: &[K]) -> HashMap<K, Answer<K>> {
        match self.read.read(async |conn| K::load(conn, keys).await).await {
            Ok(mut found) => keys.iter().map(|key| (key.clone(), Ok(found.remove(key)))).collect(),
            Err(fault) => keys.iter().map(|key| (key.clone(), Err(fault.clone()))).collect(),
        }
    }
}

type LoaderOf<K> = Loader<K, Answer<K>, Batch<K>>;

/// The loaders of one snapshot.
pub struct Loaders {
    read: Arc<TenantRead>,
    budget: Arc<Budget>,
    by_key: Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>,
}

impl Loaders {
    pub(super) fn new(read: Arc<TenantRead>, budget: Arc<Budget>) -> Self {
        Self { read, budget, by_key: Mutex::default() }
    }

    /// What the key leads to; asked together with every other key of its type.
    pub async fn load<K: BatchKey>(&self, key: K) -> Result<Option<K::Value>, Fault> {
        self.budget.spend().await;
        let loader = self.loader::<K>();
        loader.load(key).await
    }

    /// Puts an answer in that another statement brought along, so that nobody asks for it again.
    pub async fn prime<K: BatchKey>(&self, key: K, value: K::Value) {
        self.loader::<K>().prime(key, Ok(Some(value))).await;
    }

    fn loader<K: BatchKey>(&self) -> LoaderOf<K> {
        let mut by_key = self.by_key.lock().expect("no holder panics");
        let loader = by_key.entry(TypeId::of::<K>()).or_insert_with(|| {
            let batch = Batch::<K> { read: self.read.clone(), key: PhantomData };
            Box::new(LoaderOf::<K>::new(batch).with_max_batch_size(MAX_BATCH).with_yield_count(YIELDS))
        });
        loader.downcast_ref::<LoaderOf<K>>().expect("stored under its own type").clone()
    }
}
