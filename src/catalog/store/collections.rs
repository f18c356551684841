//! Collections.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::{
    Audience, Collection, CollectionCondition, CollectionConditions, CollectionSort, Image, WholeCollection,
};
use crate::db::keyset::{by, moment, text};
use crate::db::schema::{collection_products, collections};
use crate::db::search::{self, Expression, holds, literal};
use crate::db::{TenantConn, TenantTx, unkept};
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = collections, check_for_backend(diesel::pg::Pg))]
pub(super) struct CollectionRow {
    pub(super) id: Uuid,
    pub(super) handle: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) description_html: String,
    pub(super) image_url: Option<String>,
    pub(super) image_alt: Option<String>,
    pub(super) seo_title: Option<String>,
    pub(super) seo_description: Option<String>,
    pub(super) published_at: Option<DateTime<Utc>>,
    pub(super) updated_at: DateTime<Utc>,
}

impl From<CollectionRow> for Collection {
    fn from(row: CollectionRow) -> Self {
        let alt_text = row.image_alt;
        Self {
            id: row.id,
            handle: row.handle,
            title: row.title,
            description: row.description,
            description_html: row.description_html,
            image: row.image_url.map(|url| Image { id: None, url, alt_text, width: None, height: None }),
            seo_title: row.seo_title,
            seo_description: row.seo_description,
            published_at: row.published_at,
            updated_at: row.updated_at,
        }
    }
}

type Rows<'a> = diesel::helper_types::IntoBoxed<
    'a,
    diesel::dsl::Select<collections::table, diesel::dsl::AsSelect<CollectionRow, diesel::pg::Pg>>,
    diesel::pg::Pg,
>;

fn visible(conn: &TenantConn<'_>, audience: Audience) -> Rows<'static> {
    let query = collections::table.select(CollectionRow::as_select()).into_boxed();
    let query = query.filter(collections::tenant_id.eq(conn.tenant()));
    match audience {
        Audience::Shopper { now } => query.filter(collections::published_at.le(now)),
        Audience::Merchant => query,
    }
}

/// The collection with this id, if the audience may see it.
pub async fn collection_by_id(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    id: Uuid,
) -> QueryResult<Option<Collection>> {
    let query = visible(conn, audience).filter(collections::id.eq(id));
    let row: Option<CollectionRow> = query.first(conn).await.optional()?;
    Ok(row.map(Collection::from))
}

/// The collection with this handle, if the audience may see it.
pub async fn collection_by_handle(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    handle: &str,
) -> QueryResult<Option<Collection>> {
    let query = visible(conn, audience).filter(collections::handle.eq(handle));
    let row: Option<CollectionRow> = query.first(conn).await.optional()?;
    Ok(row.map(Collection::from))
}

/// The collections of these products with their products, whoever may see them, by id.
pub async fn collections_of_products(
    conn: &mut TenantConn<'_>,
    product_ids: &[Uuid],
) -> QueryResult<Vec<(Uuid, Collection)>> {
    use collection_products as cp;
    let rows: Vec<(Uuid, CollectionRow)> = cp::table
        .inner_join(
            collections::table.on(collections::tenant_id.eq(cp::tenant_id).and(collections::id.eq(cp::collection_id))),
        )
        .filter(cp::tenant_id.eq(conn.tenant()))
        .filter(cp::product_id.eq_any(product_ids))
        .order((cp::product_id, cp::collection_id))
        .select((cp::product_id, CollectionRow::as_select()))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(product_id, row)| (product_id, row.into())).collect())
}

/// A page of the collections that meet the conditions.
pub async fn collections_list(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    conditions: &CollectionConditions,
    sort: CollectionSort,
    page: &PageQuery,
) -> QueryResult<Vec<Collection>> {
    let mut query = visible(conn, audience).limit(page.limit);
    for condition in conditions {
        let condition = search::expression(condition, &expression);
        // Several together are of as many shapes as callers think of.
        query = if conditions.len() > 1 { query.filter(unkept(condition)) } else { query.filter(condition) };
    }
    let query = match sort {
        CollectionSort::Id => by!(query, page, collections::id),
        CollectionSort::Title => by!(query, page, collections::title, collections::id, text),
        CollectionSort::UpdatedAt => by!(query, page, collections::updated_at, collections::id, moment),
    };
    let rows: Vec<CollectionRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(Collection::from).collect())
}

fn expression(condition: &CollectionCondition) -> Expression<collections::table> {
    use CollectionCondition::{Handle, Id, Title, UpdatedBefore, UpdatedSince};
    match condition {
        Title(text) => holds!(collections::title, text),
        Handle(text) if text.is_prefix => Box::new(collections::handle.like(format!("{}%", literal(&text.value)))),
        Handle(text) => Box::new(collections::handle.eq(text.value.clone())),
        Id(id) => Box::new(collections::id.eq(*id)),
        UpdatedSince(at) => Box::new(collections::updated_at.ge(*at)),
        UpdatedBefore(at) => Box::new(collections::updated_at.lt(*at)),
    }
}

/// Puts a collection in; answers false when the handle is taken.
pub async fn insert_collection(tx: &mut TenantTx<'_>, collection: &WholeCollection) -> QueryResult<bool> {
    use collections as c;
    let inserted = diesel::insert_into(c::table)
        .values((
            c::tenant_id.eq(tx.tenant()),
            c::id.eq(collection.id),
            c::handle.eq(&collection.handle),
            c::title.eq(&collection.title),
            c::description_html.eq(&collection.description_html),
            c::description.eq(&collection.description),
            c::image_url.eq(collection.image_url.as_deref()),
            c::image_alt.eq(collection.image_alt.as_deref()),
            c::seo_title.eq(collection.seo_title.as_deref()),
            c::seo_description.eq(collection.seo_description.as_deref()),
            c::published_at.eq(collection.published_at),
            c::created_at.eq(collection.at),
            c::updated_at.eq(collection.at),
        ))
        .on_conflict((c::tenant_id, c::handle))
        .do_nothing()
        .execute(tx)
        .await?;
    Ok(inserted == 1)
}

/// Notes that these collections changed.
pub async fn touch_collections(tx: &mut TenantTx<'_>, now: DateTime<Utc>, ids: &[Uuid]) -> QueryResult<usize> {
    diesel::update(collections::table)
        .filter(collections::tenant_id.eq(tx.tenant()))
        .filter(collections::id.eq_any(ids))
        .set(collections::updated_at.eq(now))
        .execute(tx)
        .await
}
