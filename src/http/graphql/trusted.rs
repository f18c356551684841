//! Trusted documents at the edge: what a request names by `documentId`, and what a tenant's publishable keys may send.
//!
//! A text that was found is remembered for a few seconds, so that a storefront's requests do not ask for it again and
//! again, and what is trusted no longer is soon forgotten. What was not found is not remembered: a document may be used
//! as soon as it is trusted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::answer::Refused;
use crate::db::TenantDb;
use crate::error::Fault;
use crate::graphql::error::Code;
use crate::ids::TenantId;
use crate::trusted_document::model::{DocumentHash, parse_document_id};
use crate::trusted_document::service::document_text;

/// How long a document is answered to after it has been removed.
const TTL: Duration = Duration::from_secs(5);
/// Bytes of texts that a process remembers.
const CACHED_BYTES: u64 = 16 << 20;
/// What an entry takes beside its text.
const PER_DOCUMENT: u64 = 200;

type Key = (TenantId, DocumentHash);
type Found = (Arc<str>, Instant);

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Found> for Weight {
    fn weight(&self, _: &Key, (text, _): &Found) -> u64 {
        PER_DOCUMENT + text.len() as u64
    }
}

/// The texts that were found lately.
pub struct TrustedDocuments(Cache<Key, Found, Weight>);

impl Default for TrustedDocuments {
    fn default() -> Self {
        Self(Cache::with_weighter(4_000, CACHED_BYTES, Weight))
    }
}

impl TrustedDocuments {
    /// The text under a hash, where the tenant trusts it.
    pub async fn find(&self, db: &TenantDb, hash: DocumentHash) -> Result<Option<Arc<str>>, Fault> {
        let key = (db.tenant(), hash);
        if let Some(text) = self.remembered(&key, Instant::now()) {
            return Ok(Some(text));
        }
        let asked = Instant::now();
        let Some(text) = document_text(db, hash).await? else { return Ok(None) };
        let text: Arc<str> = text.into();
        self.0.insert(key, (text.clone(), asked));
        Ok(Some(text))
    }

    fn remembered(&self, key: &Key, now: Instant) -> Option<Arc<str>> {
        let (text, asked) = self.0.get(key)?;
        (now.saturating_duration_since(asked) < TTL).then_some(text)
    }
}

/// What a `documentId` names.
pub fn named(id: &str) -> Result<DocumentHash, Refused> {
    parse_document_id(id).map_err(|_| {
        Refused::bad_request("`documentId` is not `sha256:` and 64 lowercase hex digits, the SHA-256 of the document")
    })
}

/// Nothing is trusted under this id.
pub fn not_trusted(hash: DocumentHash) -> Refused {
    let text = format!("no document with the id sha256:{hash} is trusted: add it with `trustedDocumentsAdd`");
    Refused::document(Code::PersistedQueryNotFound, text)
}

/// The shop wants its trusted documents alone.
pub fn required() -> Refused {
    let text = "the shop answers publishable keys' trusted documents alone, and this is none of them: send the \
        `documentId` of one";
    Refused::new(StatusCode::FORBIDDEN, text).forbidden()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_remembered_for_five_seconds() {
        let documents = TrustedDocuments::default();
        let key = (TenantId(uuid::Uuid::nil()), DocumentHash::of("{ shop { name } }"));
        let asked = Instant::now();
        documents.0.insert(key, ("{ shop { name } }".into(), asked));
        assert!(documents.remembered(&key, asked + Duration::from_millis(4_999)).is_some());
        assert!(documents.remembered(&key, asked + TTL).is_none());
        let other = (TenantId(uuid::Uuid::max()), key.1);
        assert!(documents.remembered(&other, asked).is_none(), "another tenant trusts for itself");
    }
}
