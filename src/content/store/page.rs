//! Pages.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::Audience;
use crate::content::model::{NewPage, Page, PageSort};
use crate::db::schema::pages;
use crate::db::{TenantConn, TenantTx};
use crate::page::{Cursor, PageQuery};

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

/// Narrows to what lies strictly behind a cursor, in the order of a column and then of the id.
macro_rules! beyond {
    ($query:expr, $column:expr, $value:expr, $id:expr, $downwards:expr) => {{
        let (value, id) = ($value, $id);
        if $downwards {
            $query.filter($column.lt(value.clone()).or($column.eq(value).and(pages::id.lt(id))))
        } else {
            $query.filter($column.gt(value.clone()).or($column.eq(value).and(pages::id.gt(id))))
        }
    }};
}

/// A page of pages; `words` must all occur in the title.
pub async fn pages_page(
    conn: &mut TenantConn<'_>,
    audience: Audience,
    sort: PageSort,
    words: &[String],
    page: &PageQuery,
) -> QueryResult<Vec<Page>> {
    let mut query = visible(conn, audience).limit(page.limit);
    for word in words {
        query = query.filter(pages::title.ilike(format!("%{}%", word.replace(['\\', '%', '_'], ""))));
    }
    for (cursor, downwards) in [(&page.after, page.descending), (&page.before, !page.descending)] {
        let Some(Cursor { value, id }) = cursor.clone() else { continue };
        let value = value.unwrap_or_default();
        query = match sort {
            PageSort::Id if downwards => query.filter(pages::id.lt(id)),
            PageSort::Id => query.filter(pages::id.gt(id)),
            PageSort::Title => beyond!(query, pages::title, value, id, downwards),
            PageSort::UpdatedAt => {
                let moment = value.parse().ok().and_then(DateTime::<Utc>::from_timestamp_micros).unwrap_or_default();
                beyond!(query, pages::updated_at, moment, id, downwards)
            }
        };
    }
    query = match (sort, page.descending) {
        (PageSort::Id, false) => query.order(pages::id.asc()),
        (PageSort::Id, true) => query.order(pages::id.desc()),
        (PageSort::Title, false) => query.order((pages::title.asc(), pages::id.asc())),
        (PageSort::Title, true) => query.order((pages::title.desc(), pages::id.desc())),
        (PageSort::UpdatedAt, false) => query.order((pages::updated_at.asc(), pages::id.asc())),
        (PageSort::UpdatedAt, true) => query.order((pages::updated_at.desc(), pages::id.desc())),
    };
    let rows: Vec<PageRow> = query.load(conn).await?;
    Ok(rows.into_iter().map(Page::from).collect())
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
