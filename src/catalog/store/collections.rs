//! Collections.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::catalog::model::WholeCollection;
use crate::db::TenantTx;
use crate::db::schema::collections;

pub async fn insert_collection(tx: &mut TenantTx<'_>, collection: &WholeCollection) -> QueryResult<usize> {
    use collections as c;
    diesel::insert_into(c::table)
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
        .execute(tx)
        .await
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
