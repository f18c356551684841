//! Pages.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::Audience;
use crate::content::model::{NewPage, Page, PageCondition, PageSort};
use crate::db::keyset::{by, moment, text};
use crate::db::schema::pages;
use crate::db::search::{self, Expression, holds, literal};
use crate::db::{TenantConn, TenantTx};
use crate::page::PageQuery;
use crate::search::Query;

#[derive(Queryable, Selectable)]
#[diesel(table_name = pages, check_for_backend(Pg))]
struct PageRow {
    id: Uuid,
    handle: String,
    title: String,
    body_html: String,
    seo_title: Option<String>,
    seo_description: Option<String>,
    published_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<PageRow> for Page {
    fn from(row: PageRow) -> Self {
        Self {
            id: row.id,
            handle: row.handle,
            title: row.title,
            body_html: row.body_html,
            seo_title: row.seo_title,
            seo_description: row.seo_description,
            published_at: row.published_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

type Pages<'a> =
    diesel::helper_types::IntoBoxed<'a, diesel::dsl::Select<pages::table, diesel::dsl::AsSelect<PageRow, Pg>>, Pg>;

/// The tenant's pages that the audience may see.
fn visible<'a>(conn: &TenantConn<'_>, audience: Audience) -> Pages<'a> {
    let query = pages::table.select(PageRow::as_select()).into_boxed().filter(pages::tenant_id.eq(conn.tenant()));
    match audience {
        Audience::Shopper { now } => query.filter(pages::published_at.le(now)),
        Audience::Merchant => query,
    }
}

pub async fn page_by_id(conn: &mut TenantConn<'_>, audience: Audience, id: Uuid) -> QueryResult<Option<Page>> {
    let row: Option<PageRow> = visible(conn, audience).filter(pages::id.eq(id)).first(conn).await.optional()?;
    Ok(row.map(Page::from))
}

pub async fn page_by_handle(conn: &mut TenantConn<'_>, audience: Audience, handle: &str) -> QueryResult<Option<Page>> {
    let query = visible(conn, audience).filter(pages::handle.eq(handle));
    let row: Option<PageRow> = query.first(conn).await.optional()?;
    Ok(row.map(Page::from))
}

/// A page of the pages that meet the conditions.
pub async fn pages_page(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    sort: PageSort,
    conditions: &[Query<PageCondition>],
    page: &PageQuery,
) -> QueryResult<Vec<Page>> {
    let mut query = visible(conn, audience).limit(page.limit);
    for condition in conditions {
        query = query.filter(search::expression(condition, &expression));
    }
    let query = match sort {
        PageSort::Id => by!(query, page, pages::id),
        PageSort::Title => by!(query, page, pages::title, pages::id, text),
        PageSort::UpdatedAt => by!(query, page, pages::updated_at, pages::id, moment),
    };
    let rows: Vec<PageRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(Page::from).collect())
}

fn expression(condition: &PageCondition) -> Expression<pages::table> {
    use PageCondition::{CreatedBefore, CreatedSince, Handle, Id, Title, UpdatedBefore, UpdatedSince};
    match condition {
        Title(text) => holds!(pages::title, text),
        Handle(text) if text.is_prefix => Box::new(pages::handle.like(format!("{}%", literal(&text.value)))),
        Handle(text) => Box::new(pages::handle.eq(text.value.clone())),
        Id(id) => Box::new(pages::id.eq(*id)),
        CreatedSince(at) => Box::new(pages::created_at.ge(*at)),
        CreatedBefore(at) => Box::new(pages::created_at.lt(*at)),
        UpdatedSince(at) => Box::new(pages::updated_at.ge(*at)),
        UpdatedBefore(at) => Box::new(pages::updated_at.lt(*at)),
    }
}

/// Puts a page in; answers false when the handle is taken.
pub async fn insert_page(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    handle: &str,
    page: &NewPage,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let inserted = diesel::insert_into(pages::table)
        .values((
            pages::tenant_id.eq(tx.tenant()),
            pages::id.eq(id),
            pages::handle.eq(handle),
            pages::title.eq(&page.title),
            pages::body_html.eq(&page.body_html),
            pages::seo_title.eq(&page.seo_title),
            pages::seo_description.eq(&page.seo_description),
            pages::published_at.eq(page.published_at),
            pages::created_at.eq(now),
            pages::updated_at.eq(now),
        ))
        .on_conflict((pages::tenant_id, pages::handle))
        .do_nothing()
        .execute(tx)
        .await?;
    Ok(inserted == 1)
}
