//! Migrations, embedded in the binary, and the roles they expect.

use anyhow::{Context, anyhow};
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connect::connect;

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Runs what is pending, as the owner. Answers the versions that were run. Needs a multi-threaded runtime.
pub async fn run(owner_url: &str) -> anyhow::Result<Vec<String>> {
    let mut conn = connect("connecting with DATABASE_OWNER_URL", owner_url).await?;
    // Two processes that start at once migrate one after the other.
    conn.batch_execute("SELECT pg_advisory_lock(7203845)").await.context("taking the migration lock")?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let versions = harness.run_pending_migrations(MIGRATIONS).map_err(|error| anyhow!("migrating: {error}"))?;
    // The platform's role may see what has run, so that a process can refuse to start on an older database; pg_dump
    // copies every table or none.
    let mut conn = connect("connecting with DATABASE_OWNER_URL", owner_url).await?;
    conn.batch_execute("GRANT SELECT ON __diesel_schema_migrations TO emporia_platform, emporia_backup")
        .await
        .context("granting a look at the migrations")?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

/// The versions that this binary knows, oldest first.
pub fn versions() -> anyhow::Result<Vec<String>> {
    let all = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(|error| anyhow!("reading: {error}"))?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}
