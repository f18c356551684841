//! Whom the server runs as. PostgreSQL refuses root, so a root shell's server runs as somebody else.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow};
use sha2::{Digest, Sha256};

/// An unprivileged account of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: String,
    pub uid: u32,
    gid: u32,
}

/// Where clusters go that belong below a directory that the server's account may not enter, like /root.
pub const FALLBACK: &str = "/var/lib/emporia-dev";

/// Who the server runs as: `None` is whoever runs this.
pub fn server_user() -> anyhow::Result<Option<User>> {
    if effective_uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    let user = ["postgres", "nobody"].iter().find_map(|name| User::named(&accounts, name));
    user.map(Some).ok_or_else(|| anyhow!("PostgreSQL does not run as root, and there is no user postgres or nobody"))
}

pub fn effective_uid() -> u32 {
    // SAFETY: geteuid has no arguments, cannot fail and touches no memory.
    unsafe { libc::geteuid() }
}

/// The cluster's directory: below the data directory, unless the server could not get there.
pub fn place(data_dir: &Path, user: Option<&User>) -> PathBuf {
    match user.filter(|user| !user.may_enter(data_dir)) {
        None => data_dir.join("postgres"),
        Some(_) => {
            let digest = Sha256::digest(data_dir.as_os_str().as_encoded_bytes());
            let name: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            Path::new(FALLBACK).join(name)
        }
    }
}

impl User {
    fn named(accounts: &str, name: &str) -> Option<Self> {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_it = fields.next() == Some(name);
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            is_it.then(|| Self { name: name.to_owned(), uid, gid })
        })
    }

    /// Makes a command run as this user.
    pub fn run<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.uid(self.uid).gid(self.gid)
    }

    /// Gives this user a file or directory.
    pub fn own(&self, path: &Path) -> anyhow::Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("giving {} to the user {}", path.display(), self.name))
    }

    fn may_enter(&self, dir: &Path) -> bool {
        dir.ancestors().all(|dir| {
            let Ok(meta) = dir.metadata() else { return false };
            let needed = match meta {
                _ if meta.uid() == self.uid => 0o100,
                _ if meta.gid() == self.gid => 0o010,
                _ => 0o001,
            };
            meta.mode() & needed != 0
        })
    }
}

/// A command without the caller's PostgreSQL settings, from a directory that everyone may be in.
pub fn clean(program: PathBuf, user: Option<&User>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    command.current_dir("/").env("LC_ALL", "C").stdin(std::process::Stdio::null());
    if let Some(user) = user {
        user.run(&mut command);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104:PG:/var:/bin/sh\n";
        let user = User::named(accounts, "postgres").unwrap();
        assert_eq!((user.uid, user.gid), (101, 104));
        assert_eq!(User::named(accounts, "nobody"), None);
    }

    #[test]
    fn a_cluster_moves_out_of_directories_that_its_user_may_not_enter() {
        let stranger = User { name: "stranger".to_owned(), uid: 4_000_000, gid: 4_000_000 };
        assert_eq!(place(Path::new("/usr"), Some(&stranger)), Path::new("/usr/postgres"));
        assert_eq!(place(Path::new("/nowhere"), None), Path::new("/nowhere/postgres"));
        assert!(place(Path::new("/nowhere"), Some(&stranger)).starts_with(FALLBACK));
    }
}
