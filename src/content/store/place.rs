//! A read model over collections, products and pages: what links need to know of them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::content::model::{Place, Resource, ResourceKind};
use crate::db::TenantConn;
use crate::db::schema::{collections, pages, products};

/// Handle and visibility of these things; those that no longer exist are left out.
pub async fn places(conn: &mut TenantConn<'_>, resources: &[Resource]) -> QueryResult<Vec<(Resource, Place)>> {
    let mut found = Vec::with_capacity(resources.len());
    for kind in ResourceKind::EVERY {
        let ids: Vec<Uuid> = resources.iter().filter(|one| one.kind == kind).map(|one| one.id).collect();
        if ids.is_empty() {
            continue;
        }
        let rows = of_kind(conn, kind, &ids).await?;
        found.extend(
            rows.into_iter().map(|(id, handle, visible_from)| (Resource { kind, id }, Place { handle, visible_from })),
        );
    }
    Ok(found)
}

type Row = (Uuid, String, Option<DateTime<Utc>>);

async fn of_kind(conn: &mut TenantConn<'_>, kind: ResourceKind, ids: &[Uuid]) -> QueryResult<Vec<Row>> {
    let tenant = conn.tenant();
    match kind {
        ResourceKind::Collection => {
            collections::table
                .filter(collections::tenant_id.eq(tenant).and(collections::id.eq_any(ids)))
                .select((collections::id, collections::handle, collections::published_at))
                .load(conn)
                .await
        }
        ResourceKind::Page => {
            pages::table
                .filter(pages::tenant_id.eq(tenant).and(pages::id.eq_any(ids)))
                .select((pages::id, pages::handle, pages::published_at))
                .load(conn)
                .await
        }
        ResourceKind::Product => {
            let rows: Vec<(Row, String)> = products::table
                .filter(products::tenant_id.eq(tenant).and(products::id.eq_any(ids)))
                .select(((products::id, products::handle, products::published_at), products::status))
                .load(conn)
                .await?;
            // Only an active product is for shoppers, whatever its date says.
            let visible = |(id, handle, from): Row, status: String| (id, handle, from.filter(|_| status == "ACTIVE"));
            Ok(rows.into_iter().map(|(row, status)| visible(row, status)).collect())
        }
    }
}
