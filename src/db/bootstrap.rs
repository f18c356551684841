//! Roles and database, made once per cluster by `emporia migrate --bootstrap ADMIN_URL`.
//!
//! Needs CREATEROLE and CREATEDB, not a superuser; only the backup role's BYPASSRLS may be beyond the admin, in
//! which case a note names the statement for someone who can.

use anyhow::Context;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::connect::connect;

/// The roles the migrations and policies speak of.
pub const ROLES: [&str; 4] = ["emporia_owner", "emporia_app", "emporia_platform", "emporia_backup"];

/// What to make.
pub struct Bootstrap<'a> {
    pub database: &'a str,
    /// A password for each of [`ROLES`]; `None` leaves the role without one (trust or peer authentication).
    pub passwords: [Option<&'a str>; 4],
}

/// What whoever asked for it should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The role was there and stays as it is, its password included.
    Unchanged(&'static str),
    /// The role was made without a password.
    WithoutPassword(&'static str),
    /// A statement that the admin was not allowed to run.
    LeftOver(String),
}

/// The statements, in order; those for existing roles and databases are left out when run.
pub fn role_sql(role: &str, password: Option<&str>) -> String {
    let password = password.map(|text| format!(" PASSWORD {}", literal(text))).unwrap_or_default();
    format!("CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE{password}")
}

/// Everything that [`run`] does on an empty cluster, for someone else to run.
pub fn script(database: &str) -> Vec<String> {
    let roles = ROLES.into_iter().map(|role| role_sql(role, Some("…")));
    let rest = ["ALTER ROLE emporia_backup BYPASSRLS".to_owned(), database_sql(database)];
    roles.chain(rest).collect()
}

/// In UTF-8 and sorted by bytes, whatever the cluster's own settings: see docs/adr/0014.
fn database_sql(database: &str) -> String {
    let database = identifier(database);
    format!(
        "CREATE DATABASE {database} OWNER emporia_owner \
         TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
    )
}

/// Makes what is missing.
pub async fn run(admin_url: &str, wanted: &Bootstrap<'_>) -> anyhow::Result<Vec<Note>> {
    let mut conn = connect("connecting as the admin", admin_url).await?;
    let mut notes = Vec::new();
    // Passwords stand in the statements below. Only a superuser may keep them out of the server's log.
    for quiet in ["SET log_statement = 'none'", "SET log_min_duration_statement = -1"] {
        let _ = conn.batch_execute(quiet).await;
    }
    for (role, password) in ROLES.into_iter().zip(wanted.passwords) {
        if exists(&mut conn, "pg_roles WHERE rolname", role).await? {
            notes.push(Note::Unchanged(role));
            continue;
        }
        conn.batch_execute(&role_sql(role, password)).await.with_context(|| format!("creating role {role}"))?;
        if password.is_none() {
            notes.push(Note::WithoutPassword(role));
        }
    }
    let bypass = "ALTER ROLE emporia_backup BYPASSRLS";
    if !exists(&mut conn, "pg_roles WHERE rolbypassrls AND rolname", "emporia_backup").await?
        && conn.batch_execute(bypass).await.is_err()
    {
        notes.push(Note::LeftOver(bypass.to_owned()));
    }
    if !exists(&mut conn, "pg_database WHERE datname", wanted.database).await? {
        // An admin that is not a superuser may only hand a database to a role it is a member of.
        let _ = conn.batch_execute("GRANT emporia_owner TO CURRENT_USER").await;
        conn.batch_execute(&database_sql(wanted.database))
            .await
            .with_context(|| format!("creating database {}", wanted.database))?;
    }
    Ok(notes)
}

#[expect(clippy::disallowed_methods, reason = "catalogue look-ups on the admin's connection; names are constants")]
async fn exists(conn: &mut AsyncPgConnection, where_name: &str, name: &str) -> anyhow::Result<bool> {
    #[derive(QueryableByName)]
    struct One {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        #[expect(dead_code, reason = "only the row's presence counts")]
        one: i32,
    }
    let sql = format!("SELECT 1 AS one FROM {where_name} = $1");
    let rows: Vec<One> = diesel::sql_query(sql).bind::<diesel::sql_types::Text, _>(name).load(conn).await?;
    Ok(!rows.is_empty())
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn identifier(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
