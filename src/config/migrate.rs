//! What `emporia migrate` needs to know: the owner's URL, and for the bootstrap each role's password.

use url::Url;

use super::env::Env;
use super::read::{ConfigErrors, Reader};
use super::servers::{APP, BACKUP, OWNER, PLATFORM, Role};

/// The settings of the one command that works as the tables' owner.
pub struct MigrateConfig {
    /// `DATABASE_OWNER_URL`: the role that owns the tables (`emporia_owner`).
    pub owner_url: String,
    /// The database's name, from the owner's URL.
    pub database: String,
    /// The passwords in the roles' URLs, in the order of [`ROLES`](crate::db::bootstrap::ROLES).
    pub passwords: [Option<String>; 4],
}

/// In the order of [`ROLES`](crate::db::bootstrap::ROLES).
const IN_ORDER: [&Role; 4] = [&OWNER, &APP, &PLATFORM, &BACKUP];

impl MigrateConfig {
    /// Reads from the given variables; only a bootstrap looks at the roles' names and passwords.
    pub fn read(env: &Env, bootstrap: bool) -> Result<Self, ConfigErrors> {
        let mut r = env.reader();
        let owner_url = r.database_url(&OWNER);
        let mut config = Self { owner_url, database: "emporia".to_owned(), passwords: [const { None }; 4] };
        if bootstrap {
            for (index, role) in IN_ORDER.into_iter().enumerate() {
                if index == 0 && config.owner_url.is_empty() {
                    continue; // The mistake has been noted.
                }
                let Some(url) = role_url(&mut r, role) else { continue };
                config.passwords[index] = url.password().map(percent_decoded);
                if index == 0 {
                    config.database = percent_decoded(url.path().trim_start_matches('/'));
                }
            }
            if config.database.is_empty() {
                r.mistake("DATABASE_OWNER_URL names no database".to_owned());
            }
        }
        r.finish(config)
    }
}

/// The variable's URL when it is set; it must name the role that the migrations speak of.
fn role_url(r: &mut Reader<'_>, role: &Role) -> Option<Url> {
    let url = Url::parse(&r.role(role)?);
    let (variable, role) = (role.variable, role.name);
    match url {
        Ok(url) if url.username() == role => Some(url),
        Ok(url) => {
            r.mistake(format!("{variable} names the role \"{}\"; the migrations expect {role}", url.username()));
            None
        }
        Err(_) => {
            r.mistake(format!("{variable} is not a URL like postgres://{role}:…@host/emporia"));
            None
        }
    }
}

fn percent_decoded(text: &str) -> String {
    // A query string's rules, kept from reading `+` as a blank.
    let text = format!("v={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::bootstrap::ROLES;

    #[test]
    fn the_roles_are_those_of_the_migrations() {
        assert_eq!(IN_ORDER.map(|role| role.name), ROLES);
    }

    #[test]
    fn a_bootstrap_takes_names_and_passwords_from_the_urls() {
        let env = Env::from_pairs([
            ("DATABASE_OWNER_URL", "postgres://emporia_owner:a%2Bb+c@host/shops"),
            ("DATABASE_URL", "postgres://emporia_app:x@host/shops"),
        ]);
        let config = MigrateConfig::read(&env, true).ok().unwrap();
        assert_eq!(config.database, "shops");
        assert_eq!(config.passwords, [Some("a+b+c".to_owned()), Some("x".to_owned()), None, None]);
    }

    #[test]
    fn other_roles_than_the_migrations_know_are_refused() {
        let env =
            Env::from_pairs([("DATABASE_OWNER_URL", "postgres://root@host/shops"), ("DATABASE_URL", "host=localhost")]);
        assert_eq!(MigrateConfig::read(&env, true).err().unwrap().0.len(), 2);
        assert!(MigrateConfig::read(&env, false).is_ok());
    }
}
