//! Adding, removing and finding trusted documents.

use super::model::{DocumentHash, MAX_DOCUMENTS, NewDocument, TrustedDocument};
use super::rule::TrustedDocumentRule;
use super::store;
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantDb};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::page::PageQuery;

/// Trusts documents from now on; answers all of them, those that were trusted already included.
pub async fn documents_add(
    app: &App,
    db: &TenantDb,
    new: Vec<NewDocument>,
) -> ServiceResult<Vec<TrustedDocument>, TrustedDocumentRule> {
    let now = app.clock.now();
    let hashes: Vec<DocumentHash> = new.iter().map(|document| DocumentHash::of(&document.text)).collect();
    db.write(async |tx| {
        store::insert(tx, &new, &app.entropy, now).await?;
        if store::count(tx.conn()).await? > MAX_DOCUMENTS {
            return Err(ServiceError::Rule(TrustedDocumentRule::Full));
        }
        Ok(store::by_hashes(tx.conn(), &hashes).await?)
    })
    .await
}

/// Trusts documents no longer: within a few seconds no process answers to their ids. Answers those that were trusted.
pub async fn documents_remove(db: &TenantDb, hashes: Vec<DocumentHash>) -> Result<Vec<DocumentHash>, Fault> {
    let removed: Vec<Vec<u8>> = db.write(async |tx| Ok::<_, Fault>(store::delete(tx, &hashes).await?)).await?;
    Ok(removed.into_iter().filter_map(|hash| hash.try_into().ok()).map(DocumentHash).collect())
}

/// The text under a hash, where the tenant trusts it.
pub async fn document_text(db: &TenantDb, hash: DocumentHash) -> Result<Option<String>, Fault> {
    db.read(async |conn| Ok(store::text(conn, hash).await?)).await
}

/// A page of documents in the order in which they were added.
pub async fn documents_page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<TrustedDocument>> {
    store::page(conn, page).await
}
