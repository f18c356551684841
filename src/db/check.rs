//! What must hold before a process serves or a command works: URLs that name one database, roles that row-level security
//! binds, texts in Unicode, and no pending migration. Each role connects once for all of it.

use anyhow::{Context, anyhow, bail};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::connect::connect;
use super::migrate;
use super::platform::Identity;
use crate::config::DatabaseConfig;

const APP: &str = "DATABASE_URL";
const PLATFORM: &str = "DATABASE_PLATFORM_URL";
const REPLICA: &str = "DATABASE_REPLICA_URL";

/// Everything, for a process that serves or works.
pub async fn process(config: &DatabaseConfig) -> anyhow::Result<()> {
    let mut app = named(APP, &config.url).await?;
    ensure_bound(APP, &mut app).await?;
    let mut platform = named(PLATFORM, &config.platform_url).await?;
    ensure_bound(PLATFORM, &mut platform).await?;
    ensure_one_database(config, &mut app, &mut platform).await?;
    ensure_texts(&mut platform).await?;
    ensure_migrated(&mut platform).await
}

/// For an operator's command, who may be the owner where tenants and keys are concerned, and never where their rows are.
pub async fn command(config: &DatabaseConfig) -> anyhow::Result<()> {
    let mut platform = named(PLATFORM, &config.platform_url).await?;
    ensure_migrated(&mut platform).await?;
    let mut app = named(APP, &config.url).await?;
    ensure_bound(APP, &mut app).await?;
    ensure_one_database(config, &mut app, &mut platform).await
}

async fn named(variable: &str, url: &str) -> anyhow::Result<AsyncPgConnection> {
    connect(&format!("connecting with {variable}"), url).await
}

/// Refuses a role that sees more than one tenant's rows.
async fn ensure_bound(variable: &str, conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    match role(conn).await?.refusal() {
        Some(reason) => bail!("{variable} connects as {reason}: row-level security would not bind it"),
        None => Ok(()),
    }
}

/// Refuses URLs of different databases: tenants would be made in one, and their rows be looked for in another. A replica
/// that does not answer now is not judged: reads do without it.
async fn ensure_one_database(
    config: &DatabaseConfig,
    app: &mut AsyncPgConnection,
    platform: &mut AsyncPgConnection,
) -> anyhow::Result<()> {
    let tenants = identity(APP, app).await?;
    if identity(PLATFORM, platform).await? != tenants {
        bail!("{APP} and {PLATFORM} name different databases: both roles work on one");
    }
    let Some(url) = &config.replica_url else { return Ok(()) };
    let replica = async { identity(REPLICA, &mut named(REPLICA, url).await?).await };
    match replica.await {
        Ok(replica) if replica != tenants => {
            bail!("{REPLICA} names another database than {APP}, not a copy that follows it")
        }
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the replica could not be looked at; the primary answers");
            Ok(())
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the system's catalogue, on a connection without a tenant")]
async fn identity(variable: &str, conn: &mut AsyncPgConnection) -> anyhow::Result<String> {
    let asked: QueryResult<Identity> = diesel::sql_query(Identity::SQL).get_result(conn).await;
    Ok(asked.with_context(|| format!("asking which database {variable} names"))?.identity)
}

/// Refuses a database whose texts cannot be compared in every script.
async fn ensure_texts(conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let Texts { encoding, has_unicode } = encoding(conn).await.context("asking for the database's encoding")?;
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
async fn ensure_migrated(conn: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let applied = applied(conn).await.context("asking which migrations have run")?;
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
