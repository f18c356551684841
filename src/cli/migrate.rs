//! `emporia migrate`: the one command that works as the tables' owner.

use clap::Args;

use super::say;
use crate::config::{Env, MigrateConfig};
use crate::db::bootstrap::{self, Bootstrap, Note};
use crate::db::connect::Unreachable;
use crate::db::migrate;

#[derive(Args)]
pub struct MigrateArgs {
    /// First make the roles and the database, as this admin (CREATEROLE and CREATEDB; a superuser is not needed).
    /// Names and passwords are taken from DATABASE_OWNER_URL, DATABASE_URL, DATABASE_PLATFORM_URL and
    /// DATABASE_BACKUP_URL; a role whose URL is not set, or holds no password, gets none. Roles that are there already
    /// stay as they are.
    #[arg(long, value_name = "ADMIN_URL")]
    bootstrap: Option<String>,
}

pub async fn migrate(args: MigrateArgs) -> anyhow::Result<()> {
    let config = MigrateConfig::read(&Env::process(), args.bootstrap.is_some())?;
    if let Some(admin_url) = &args.bootstrap {
        let passwords = config.passwords.each_ref().map(Option::as_deref);
        let wanted = Bootstrap { database: &config.database, passwords };
        let notes = bootstrap::run(admin_url, &wanted).await.map_err(|error| {
            if error.is::<Unreachable>() {
                return error;
            }
            let sql = bootstrap::script(&config.database).join(";\n  ");
            anyhow::anyhow!("{error:#}\nSomeone who is allowed to may run this instead, with passwords:\n  {sql};")
        })?;
        notes.iter().for_each(tell);
    }
    let versions = migrate::run(&config.owner_url).await?;
    match versions.as_slice() {
        [] => say(format_args!("the database is up to date")),
        versions => versions.iter().for_each(|version| say(format_args!("migrated {version}"))),
    }
    Ok(())
}

fn tell(note: &Note) {
    match note {
        Note::Unchanged(role) => say(format_args!("note: {role} was there already and is unchanged, its password too")),
        Note::WithoutPassword(role) => say(format_args!("note: {role} has no password, since no URL holds one for it")),
        Note::LeftOver(sql) => {
            say(format_args!("note: the admin may not run this; pg_dump as emporia_backup needs it: {sql};"));
        }
    }
}
