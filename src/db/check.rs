//! What must hold before a process serves: URLs that name one database, roles that row-level security binds, texts in Unicode, and no pending
//! migration.

use anyhow::{Context, anyhow, bail};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::connect::connect;
use super::migrate;
use super::platform::Identity;
use crate::config::DatabaseConfig;

/// Refuses roles that see more than one tenant's rows.
pub async fn roles(config: &DatabaseConfig) -> anyhow::Result<()> {
    tenants_role(config).await?;
    bound("DATABASE_PLATFORM_URL", &config.platform_url).await
}

/// Refuses a role for tenants' rows that sees more than one tenant's. Of the platform's, an operator may be the owner.
pub async fn tenants_role(config: &DatabaseConfig) -> anyhow::Result<()> {
    bound("DATABASE_URL", &config.url).await
}

async fn bound(variable: &str, url: &str) -> anyhow::Result<()> {
    let mut conn = connect(&format!("connecting with {variable}"), url).await?;
    match role(&mut conn).await?.refusal() {
        Some(reason) => bail!("{variable} connects as {reason}: row-level security would not bind it"),
        None => Ok(()),
    }
}

/// Refuses URLs of different databases: tenants would be made in one, and their rows be looked for in another. A replica
/// that does not answer now is not judged: reads do without it.
pub async fn one_database(config: &DatabaseConfig) -> anyhow::Result<()> {
    let identity = async |variable: &str, url: &str| {
        let mut conn = connect(&format!("connecting with {variable}"), url).await?;
        identity(&mut conn).await.with_context(|| format!("asking which database {variable} names"))
    };
    let tenants = identity("DATABASE_URL", &config.url).await?;
    if identity("DATABASE_PLATFORM_URL", &config.platform_url).await? != tenants {
        bail!("DATABASE_URL and DATABASE_PLATFORM_URL name different databases: both roles work on one");
    }
    let Some(replica) = &config.replica_url else { return Ok(()) };
    match identity("DATABASE_REPLICA_URL", replica).await {
        Ok(replica) if replica != tenants => {
            bail!("DATABASE_REPLICA_URL names another database than DATABASE_URL, not a copy that follows it")
        }
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the replica could not be looked at; the primary answers");
            Ok(())
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the system's catalogue, on a connection without a tenant")]
async fn identity(conn: &mut AsyncPgConnection) -> QueryResult<String> {
    Ok(diesel::sql_query(Identity::SQL).get_result::<Identity>(conn).await?.identity)
}

/// Refuses a database whose texts cannot be compared in every script.
pub async fn texts(config: &DatabaseConfig) -> anyhow::Result<()> {
    let mut conn = connect("connecting with DATABASE_PLATFORM_URL", &config.platform_url).await?;
    let Texts { encoding, has_unicode } = encoding(&mut conn).await.context("asking for the database's encoding")?;
    if encoding != "UTF8" {
        bail!("the database is encoded in {encoding}: make one in UTF8, as `emporia migrate --bootstrap` does");
    }
    if !has_unicode {
        bail!("the PostgreSQL server is built without ICU: searching texts needs its collation \"und-x-icu\"");
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Texts {
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Bool)]
    has_unicode: bool,
}

#[expect(clippy::disallowed_methods, reason = "the system's catalogue, on a connection without a tenant")]
async fn encoding(conn: &mut AsyncPgConnection) -> QueryResult<Texts> {
    diesel::sql_query(
        "SELECT current_setting('server_encoding') AS encoding,
                EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu'
                           AND collnamespace = 'pg_catalog'::regnamespace) AS has_unicode",
    )
    .get_result(conn)
    .await
}

/// Refuses a database that this binary's migrations have not all reached.
pub async fn migrated(config: &DatabaseConfig) -> anyhow::Result<()> {
    let mut conn = connect("connecting with DATABASE_PLATFORM_URL", &config.platform_url).await?;
    let applied = applied(&mut conn).await.context("asking which migrations have run")?;
    let pending = migrate::versions()?.into_iter().filter(|version| !applied.contains(version)).count();
    match pending {
        0 => Ok(()),
        n => Err(anyhow!("the database lacks {n} migration(s): run `emporia migrate` first")),
    }
}

/// What a role could do about row-level security.
#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_superuser: bool,
    #[diesel(sql_type = Bool)]
    bypasses: bool,
    #[diesel(sql_type = Bool)]
    is_owner: bool,
    #[diesel(sql_type = Bool)]
    is_member: bool,
}

impl Role {
    fn refusal(&self) -> Option<String> {
        let Self { name, .. } = self;
        match self {
            Self { is_superuser: true, .. } => Some(format!("the superuser {name}")),
            Self { bypasses: true, .. } => Some(format!("{name}, which has BYPASSRLS")),
            Self { is_owner: true, .. } => Some(format!("{name}, which owns the tables (or is a member of who does)")),
            Self { is_member: true, .. } => Some(format!("{name}, a member of a superuser or of a BYPASSRLS role")),
            _ => None,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the system's catalogue, on a connection without a tenant")]
async fn role(conn: &mut AsyncPgConnection) -> QueryResult<Role> {
    diesel::sql_query(
        "SELECT r.rolname::text AS name, r.rolsuper AS is_superuser, r.rolbypassrls AS bypasses,
                EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                         WHERE n.nspname IN ('public', 'platform') AND c.relkind IN ('r', 'p')
                           AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS is_owner,
                EXISTS (SELECT FROM pg_roles o WHERE (o.rolsuper OR o.rolbypassrls)
                           AND pg_has_role(r.oid, o.oid, 'MEMBER')) AS is_member
           FROM pg_roles r WHERE r.rolname = current_user",
    )
    .get_result(conn)
    .await
}

#[expect(clippy::disallowed_methods, reason = "diesel's own table, on a connection without a tenant")]
async fn applied(conn: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let there = "SELECT coalesce(to_regclass('public.__diesel_schema_migrations')::text, '') AS version";
    let table: Row = diesel::sql_query(there).get_result(conn).await?;
    if table.version.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> =
        diesel::sql_query("SELECT version::text FROM public.__diesel_schema_migrations").load(conn).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
