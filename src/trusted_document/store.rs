//! The documents' rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{DocumentHash, NewDocument, TrustedDocument};
use crate::clock::Entropy;
use crate::db::schema::trusted_documents as documents;
use crate::db::{TenantConn, TenantTx, insert_rows, keyset};
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = documents, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    hash: Vec<u8>,
    name: Option<String>,
    body: String,
    created_at: DateTime<Utc>,
}

impl Row {
    fn read(self) -> QueryResult<TrustedDocument> {
        let Self { id, hash, name, body, created_at } = self;
        let hash = hash
            .try_into()
            .map_err(|_| diesel::result::Error::DeserializationError("a hash of another length".into()))?;
        Ok(TrustedDocument { id, hash: DocumentHash(hash), name, text: body, created_at })
    }
}

/// The text under a hash.
pub async fn text(conn: &mut TenantConn<'_>, hash: DocumentHash) -> QueryResult<Option<String>> {
    documents::table
        .filter(documents::tenant_id.eq(conn.tenant()))
        .filter(documents::hash.eq(hash.0.to_vec()))
        .select(documents::body)
        .first(conn)
        .await
        .optional()
}

pub async fn by_hashes(conn: &mut TenantConn<'_>, hashes: &[DocumentHash]) -> QueryResult<Vec<TrustedDocument>> {
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
    let rows: Vec<Row> = documents::table
        .filter(documents::tenant_id.eq(conn.tenant()))
        .filter(documents::hash.eq_any(hashes))
        .order(documents::id)
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The documents with these ids.
pub async fn by_ids(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<TrustedDocument>> {
    let rows: Vec<Row> = documents::table
        .filter(documents::tenant_id.eq(conn.tenant()))
        .filter(documents::id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// A page of documents in the order in which they were added.
pub async fn page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<TrustedDocument>> {
    let query = documents::table
        .filter(documents::tenant_id.eq(conn.tenant()))
        .select(Row::as_select())
        .limit(page.limit)
        .into_boxed();
    let rows: Vec<Row> = keyset::by!(query, page, documents::id).load(conn).await?;
    rows.into_iter().map(Row::read).collect()
}

pub async fn count(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    documents::table.filter(documents::tenant_id.eq(conn.tenant())).count().get_result(conn).await
}

/// Adds documents; those that are there already stay as they are.
pub async fn insert(
    tx: &mut TenantTx<'_>,
    new: &[NewDocument],
    entropy: &Entropy,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    insert_rows!(tx.tenant(), documents, new, |new| {
        id: entropy.uuid_v7(now),
        hash: DocumentHash::of(&new.text).0.to_vec(),
        name: new.name.as_deref(),
        body: new.text.as_str(),
        created_at: now,
    })
    .on_conflict_do_nothing()
    .execute(tx)
    .await
}

/// Removes documents; answers the hashes of those that were there.
pub async fn delete(tx: &mut TenantTx<'_>, hashes: &[DocumentHash]) -> QueryResult<Vec<Vec<u8>>> {
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
    diesel::delete(documents::table.filter(documents::tenant_id.eq(tx.tenant())).filter(documents::hash.eq_any(hashes)))
        .returning(documents::hash)
        .get_results(tx)
        .await
}
