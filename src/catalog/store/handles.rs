//! Who has which handle.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::TenantConn;
use crate::db::schema::{collections, products};

/// The products that have these handles.
pub async fn product_handles(conn: &mut TenantConn<'_>, handles: &[String]) -> QueryResult<HashMap<String, Uuid>> {
    let rows: Vec<(String, Uuid)> = products::table
        .filter(products::tenant_id.eq(conn.tenant()))
        .filter(products::handle.eq_any(handles))
        .select((products::handle, products::id))
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The collections that have these handles.
pub async fn collection_handles(conn: &mut TenantConn<'_>, handles: &[String]) -> QueryResult<HashMap<String, Uuid>> {
    let rows: Vec<(String, Uuid)> = collections::table
        .filter(collections::tenant_id.eq(conn.tenant()))
        .filter(collections::handle.eq_any(handles))
        .select((collections::handle, collections::id))
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}
