//! Where PostgreSQL and Redis are: URLs that this build can speak to. Their passwords are never repeated.

use super::RedisTls;
use super::read::Reader;
use crate::db::endpoint::Endpoint;

/// A role of the database, and the variable that says where it connects.
pub(super) struct Role {
    pub variable: &'static str,
    pub name: &'static str,
    meaning: &'static str,
}

pub(super) const APP: Role = Role {
    variable: "DATABASE_URL",
    name: "emporia_app",
    meaning: "as emporia_app: requests. Not a superuser, an owner or a role with BYPASSRLS",
};
pub(super) const REPLICA: Role = Role {
    variable: "DATABASE_REPLICA_URL",
    name: "emporia_app",
    meaning: "as emporia_app, of a server that follows the other: storefronts' reads of catalogue and content",
};
pub(super) const PLATFORM: Role = Role {
    variable: "DATABASE_PLATFORM_URL",
    name: "emporia_platform",
    meaning: "as emporia_platform: tenants, keys and the worker's bell",
};
pub(super) const OWNER: Role = Role {
    variable: "DATABASE_OWNER_URL",
    name: "emporia_owner",
    meaning: "as emporia_owner: migrate; tenant, key, payment and import take it where DATABASE_PLATFORM_URL is not set",
};
pub(super) const BACKUP: Role = Role {
    variable: "DATABASE_BACKUP_URL",
    name: "emporia_backup",
    meaning: "as emporia_backup: for pg_dump; migrate --bootstrap takes the role's password from it",
};

impl Role {
    fn example(&self) -> String {
        format!("postgres://{}:…@host/emporia", self.name)
    }
}

const REDIS: (&str, &str) = ("REDIS_URL", "redis://host:6379");

impl Reader<'_> {
    /// The role's URL as it is set, whatever it is.
    pub fn role(&mut self, role: &Role) -> Option<String> {
        self.secret(role.variable, &role.example(), role.meaning)
    }

    /// The role's URL, which has to be there; empty where a mistake has been noted.
    pub fn database_url(&mut self, role: &Role) -> String {
        let value = self.role(role);
        self.require(value).and_then(|value| self.checked_url(role, value)).unwrap_or_default()
    }

    /// The role's URL if it is set.
    pub fn database_url_if_set(&mut self, role: &Role) -> Option<String> {
        self.role(role).and_then(|value| self.checked_url(role, value))
    }

    fn checked_url(&mut self, role: &Role, value: String) -> Option<String> {
        let (name, example) = (role.variable, role.example());
        let is_url = value.starts_with("postgres://") || value.starts_with("postgresql://");
        let mistake = match Endpoint::parse(&value) {
            _ if !is_url => format!("is not a URL like {example}"),
            Err(why) => format!("is not a URL like {example}: {why}"),
            Ok(_) => return Some(value),
        };
        self.mistake(format!("{name} {mistake}"));
        None
    }

    /// Redis's URL; required of processes that have siblings, which would not hear of each other without it.
    pub fn redis_url(&mut self, is_single_process: bool) -> Option<String> {
        let (name, example) = REDIS;
        let meaning = "cache and notices between processes; required unless --single-process";
        let value = self.secret(name, example, meaning);
        if !is_single_process {
            self.must_be_set();
        }
        let Some(value) = value else {
            if !is_single_process {
                self.mistake(format!(
                    "{name} is missing; for example {example}. Without Redis say --single-process: separate processes \
                     would lose events"
                ));
            }
            return None;
        };
        if redis::Client::open(value.as_str()).is_err() {
            self.mistake(format!("{name} is not a URL like redis://host:6379 or rediss://host:6379"));
            return None;
        }
        Some(value)
    }

    /// The certificates for a `rediss://` URL.
    pub fn redis_tls(&mut self) -> RedisTls {
        let roots = self.pem_file(
            "REDIS_CA_FILE",
            "/etc/emporia/redis-ca.pem",
            "PEM file of who may sign Redis's certificate; without it those whom the system trusts",
        );
        let certificate =
            self.pem_file("REDIS_CERT_FILE", "/etc/emporia/client.pem", "PEM file of a client's certificate");
        let key = self.pem_file("REDIS_KEY_FILE", "/etc/emporia/client-key.pem", "PEM file of its key");
        if certificate.is_some() != key.is_some() {
            self.mistake("REDIS_CERT_FILE and REDIS_KEY_FILE go together".to_owned());
        }
        RedisTls { roots, client: certificate.zip(key) }
    }

    fn pem_file(&mut self, name: &'static str, example: &str, meaning: &'static str) -> Option<Vec<u8>> {
        let path = self.optional(name, example, meaning)?;
        let read = std::fs::read(&path);
        read.map_err(|error| self.mistake(format!("{name}: {path} cannot be read: {error}"))).ok()
    }
}
