//! Automatic persisted queries: a client sends a document's SHA-256 alone, and the document only when it is not
//! known yet. Stored per tenant for a day, so many bytes of new ones a day.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_graphql::Value;

use super::answer::Refused;
use super::params::Params;
use crate::cache::Shared;
use crate::graphql::error::Code;
use crate::graphql::limits::Limits;
use crate::ids::TenantId;
use crate::trusted_document::model::DocumentHash;

const TTL: Duration = Duration::from_secs(24 * 3600);
/// As long as a document is kept: there are never more than two windows' documents.
const WINDOW: Duration = TTL;
/// Bytes of new documents a tenant may store in a window, in each process: ten times what a large storefront has.
const NEW_PER_WINDOW: usize = 4 << 20;
/// What an entry takes beside the document's text.
const PER_DOCUMENT: usize = 256;

/// Counts the bytes that tenants store, so that nobody fills the shared store.
pub struct PersistedQueries(Mutex<(Instant, HashMap<TenantId, usize>)>);

impl Default for PersistedQueries {
    fn default() -> Self {
        Self(Mutex::new((Instant::now(), HashMap::new())))
    }
}

/// The document that the `persistedQuery` extension of a request names.
pub fn named(params: &Params) -> Result<Option<DocumentHash>, Refused> {
    let Some(Value::Object(asked)) = params.extensions.as_ref().and_then(|all| all.get("persistedQuery")) else {
        return Ok(None);
    };
    let is_known_version = asked.get("version") == Some(&Value::from(1));
    match asked.get("sha256Hash") {
        Some(Value::String(hash)) if is_known_version => hash.parse().ok().map(Some),
        _ => None,
    }
    .ok_or_else(|| {
        let text = "`extensions.persistedQuery` needs `version: 1` and `sha256Hash`, 64 lowercase hex digits";
        Refused::bad_request(text)
    })
}

/// The stored document, if there is one.
pub async fn find(shared: &dyn Shared, tenant: TenantId, hash: DocumentHash) -> Option<String> {
    shared.get(&key(tenant, hash)).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "persisted queries cannot be read");
        None
    })
}

/// Refuses a hash that is not the document's.
pub fn check(hash: DocumentHash, text: &str) -> Result<(), Refused> {
    if DocumentHash::of(text) == hash {
        Ok(())
    } else {
        Err(Refused::bad_request("`sha256Hash` is not the document's"))
    }
}

fn key(tenant: TenantId, hash: DocumentHash) -> String {
    format!("emporia:{{{tenant}}}:apq:{hash}")
}

impl PersistedQueries {
    /// Stores a document that has been prepared. A store that fails costs the client one more request.
    pub async fn store(&self, shared: &dyn Shared, tenant: TenantId, hash: DocumentHash, text: &str) {
        let key = key(tenant, hash);
        let is_small = text.len() as u64 <= Limits::STANDARD.bytes;
        if is_small
            && matches!(shared.get(&key).await, Ok(None))
            && self.admit(tenant, text.len())
            && let Err(error) = shared.set(&key, text, TTL).await
        {
            tracing::warn!(%error, "a persisted query could not be stored");
        }
    }

    fn admit(&self, tenant: TenantId, bytes: usize) -> bool {
        let mut counts = self.0.lock().expect("no holder panics");
        if counts.0.elapsed() > WINDOW {
            *counts = (Instant::now(), HashMap::new());
        }
        let stored = counts.1.entry(tenant).or_default();
        let with_this = stored.saturating_add(bytes + PER_DOCUMENT);
        let admitted = with_this <= NEW_PER_WINDOW;
        if admitted {
            *stored = with_this;
        }
        admitted
    }
}

/// The message is the one that clients look for.
pub fn not_found() -> Refused {
    Refused::document(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_stores_only_so_many_bytes_of_new_documents_a_day() {
        let counts = PersistedQueries::default();
        let [a, b] = [1, 2].map(|n| TenantId(uuid::Uuid::from_u128(n)));
        assert_eq!((0..2000).filter(|_| counts.admit(a, 64 << 10)).count(), 63);
        assert_eq!((0..2000).filter(|_| counts.admit(a, 4 << 10)).count(), 11, "smaller ones still fit");
        assert!(counts.admit(b, 64 << 10), "another tenant is not held back by that");
    }
}
