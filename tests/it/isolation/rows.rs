//! All rows of a tenant, to see whether any of them changes.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use emporia::ids::TenantId;

use crate::support::TestApp;
use crate::tenancy::tenant_tables;

/// All rows of a tenant, table by table, the platform's about it included.
pub struct Rows(String);

#[derive(QueryableByName, Debug, PartialEq, Eq)]
pub struct Digest {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    digest: String,
}

impl Rows {
    pub async fn of(app: &TestApp, tenant: TenantId) -> Self {
        let own = tenant_tables(&app.db).await.into_iter().map(|table| (table, "tenant_id"));
        let platform = ["api_keys", "outbox_ready"].map(|table| (format!("platform.{table}"), "tenant_id"));
        let all = own.chain(platform).chain([("platform.tenants".to_owned(), "id")]);
        let digests = all.map(|(table, column)| {
            format!(
                "SELECT '{table}' AS name, coalesce(md5(string_agg(t::text, '\\n' ORDER BY t::text)), '') AS digest \
                 FROM {table} t WHERE {column} = '{tenant}'"
            )
        });
        Self(digests.collect::<Vec<_>>().join(" UNION ALL "))
    }

    /// As the superuser, whom no policy binds.
    pub async fn read(&self, superuser: &mut AsyncPgConnection) -> Vec<Digest> {
        diesel::sql_query(&self.0).load(superuser).await.expect("all rows")
    }
}
