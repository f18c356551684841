//! Where PostgreSQL's server programs are: no two systems put them in the same place.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The migrations use `UNIQUE NULLS NOT DISTINCT`.
const OLDEST: u32 = 15;

/// One installation of the server.
#[derive(Clone, Debug)]
pub struct Binaries {
    dir: PathBuf,
    pub major: u32,
}

impl Binaries {
    /// The first usable installation; of exactly this major version where a cluster exists already.
    pub fn find(wanted: Option<u32>) -> anyhow::Result<Self> {
        Self::choose(&candidates().into_iter().filter_map(Self::at).collect::<Vec<_>>(), wanted)
    }

    fn choose(found: &[Self], wanted: Option<u32>) -> anyhow::Result<Self> {
        let usable = |one: &&Self| wanted.map_or(one.major >= OLDEST, |wanted| one.major == wanted);
        if let Some(one) = found.iter().find(usable) {
            return Ok(one.clone());
        }
        let others: Vec<String> = found.iter().map(|one| format!("{} in {}", one.major, one.dir.display())).collect();
        let seen = if others.is_empty() { String::new() } else { format!(" (found only {})", others.join(", ")) };
        match wanted {
            Some(wanted) => bail!(
                "the data directory belongs to PostgreSQL {wanted}, which is not installed{seen}: install it, or start over with --reset"
            ),
            None if found.is_empty() => bail!(
                "PostgreSQL {OLDEST} or newer is needed and its server was not found: apt-get install postgresql, dnf install postgresql-server, or brew install postgresql@17"
            ),
            None => bail!(
                "PostgreSQL {OLDEST} or newer is needed{seen}: https://apt.postgresql.org and https://yum.postgresql.org have it for older systems"
            ),
        }
    }

    fn at(dir: PathBuf) -> Option<Self> {
        if !["initdb", "pg_ctl", "postgres"].iter().all(|name| dir.join(name).is_file()) {
            return None;
        }
        let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { dir, major })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The major version that a cluster's directory was made by.
pub fn major_of_cluster(data: &Path) -> anyhow::Result<u32> {
    let path = data.join("PG_VERSION");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    text.trim().parse().with_context(|| format!("{} holds no version", path.display()))
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Directories to look in, the user's choice before the system's, newer before older.
fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    dirs.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    for (parent, prefix, below) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        dirs.extend(newest_first(parent, prefix).into_iter().map(|dir| dir.join(below)));
    }
    dirs
}

fn newest_first(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    let digits = |path: &PathBuf| -> u32 {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        major_of(name.trim_start_matches(|c: char| !c.is_ascii_digit())).unwrap_or_default()
    };
    dirs.sort_by_key(|path| std::cmp::Reverse(digits(path)));
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Binaries> {
        majors.iter().map(|major| Binaries { dir: format!("/pg/{major}").into(), major: *major }).collect()
    }

    #[test]
    fn the_first_that_is_new_enough_is_taken_and_a_clusters_own_version_where_there_is_one() {
        let major = |wanted| Binaries::choose(&installed(&[9, 14, 17, 15]), wanted).map(|found| found.major).unwrap();
        assert_eq!((major(None), major(Some(14))), (17, 14));
    }

    #[test]
    fn where_only_older_ones_are_it_is_said_who_has_newer_ones() {
        let refusal = |majors: &[u32]| Binaries::choose(&installed(majors), None).unwrap_err().to_string();
        let said = refusal(&[9, 14]);
        assert!(said.contains("14 in /pg/14") && said.contains("apt.postgresql.org"), "{said}");
        assert!(refusal(&[]).contains("apt-get install postgresql"));
    }

    #[test]
    fn newer_versions_are_looked_at_before_older_ones() {
        let parent = std::env::temp_dir().join(format!("emporia-versions-{}", std::process::id()));
        for name in ["9.6", "14", "17", "lib"] {
            std::fs::create_dir_all(parent.join(name)).unwrap();
        }
        let found = newest_first(parent.to_str().unwrap(), "");
        std::fs::remove_dir_all(&parent).unwrap();
        assert_eq!(found, ["17", "14", "9.6", "lib"].map(|name| parent.join(name)));
    }

    #[test]
    fn the_major_version_is_read_from_what_the_server_says() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("who knows"), None);
    }
}
