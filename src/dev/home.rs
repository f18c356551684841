//! The data directory: one process at a time, secrets that only their owner reads.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::postgres::{Cluster, effective_uid};
use super::progress;
use crate::clock::Entropy;

const LOCK: &str = "lock";
const SECRETS: &str = "secrets.json";

/// The directory, locked for as long as this lives.
pub struct Home {
    dir: PathBuf,
    _lock: File,
}

/// What must stay the same from one start to the next.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// The passwords of the cluster's roles.
    pub admin: String,
    pub owner: String,
    pub app: String,
    pub platform: String,
    pub backup: String,
    /// The demo store's keys.
    pub publishable_key: Option<String>,
    pub secret_key: Option<String>,
    /// Of the demo store's owner.
    pub staff_password: Option<String>,
    /// Where the API listened last.
    pub port: Option<u16>,
    /// The address that the demo store's images were given; none before the store is whole.
    pub demo_url: Option<String>,
}

impl Home {
    /// Makes the directory where there is none, and takes it for this process. Another user's is left as it is.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        if !dir.exists() {
            std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
            // Inside a repository it would be committed by the first `git add .`.
            std::fs::write(dir.join(".gitignore"), "*\n").context("writing .gitignore")?;
        }
        let dir = dir.canonicalize().with_context(|| format!("the data directory {}", dir.display()))?;
        check_owner(&dir)?;
        let path = dir.join(LOCK);
        let mut lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = lock.as_mut().map_err(|error| anyhow::anyhow!("opening {}: {error}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                bail!(
                    "another `emporia dev` (process {}) uses {}: stop it, or name another --data-dir",
                    pid.trim(),
                    dir.display()
                );
            }
            Err(TryLockError::Error(error)) => bail!("locking {}: {error}", path.display()),
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { dir, _lock: lock? })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes what `emporia dev` made in the directory, and nothing else that may be there.
    pub fn reset(&self) -> anyhow::Result<()> {
        progress("throwing the old database away");
        Cluster::stop_any(&self.dir)?;
        Cluster::remove(&self.dir)?;
        match std::fs::remove_file(self.secrets_path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("removing the secrets"),
            _ => Ok(()),
        }
    }

    /// The secrets of the last start, or new ones.
    pub fn secrets(&self) -> anyhow::Result<Secrets> {
        let path = self.secrets_path();
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged: start over with --reset", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if Cluster::exists(&self.dir)? {
                    bail!(
                        "{} is gone, and with it the passwords of the database in {}: start over with --reset, which throws that database away",
                        path.display(),
                        Cluster::dir(&self.dir)?.display()
                    );
                }
                let secrets = Secrets::new(&Entropy::from_os());
                self.keep(&secrets)?;
                Ok(secrets)
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    pub fn keep(&self, secrets: &Secrets) -> anyhow::Result<()> {
        write_private(&self.secrets_path(), &serde_json::to_vec_pretty(secrets)?)
    }

    fn secrets_path(&self) -> PathBuf {
        self.dir.join(SECRETS)
    }
}

/// A password that nobody guesses.
pub fn random_password(entropy: &Entropy) -> String {
    URL_SAFE_NO_PAD.encode(entropy.bytes::<24>())
}

impl Secrets {
    fn new(entropy: &Entropy) -> Self {
        let password = || random_password(entropy);
        Self {
            admin: password(),
            owner: password(),
            app: password(),
            platform: password(),
            backup: password(),
            publishable_key: None,
            secret_key: None,
            staff_password: None,
            port: None,
            demo_url: None,
        }
    }
}

/// What an earlier start left must be this user's: root could write over it, and then its owner could not read it.
fn check_owner(dir: &Path) -> anyhow::Result<()> {
    for file in [LOCK, SECRETS].map(|name| dir.join(name)) {
        let (Ok(found), ours) = (file.symlink_metadata(), effective_uid()) else { continue };
        if found.uid() != ours {
            bail!(
                "{} belongs to the user with id {}, and this one's is {ours}: run as that user, or name another --data-dir",
                file.display(),
                found.uid()
            );
        }
    }
    Cluster::check_owner(dir)
}

/// Writes a file that only its owner reads: whole, or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        std::fs::rename(&fresh, path)
    })();
    written.with_context(|| format!("writing {}", path.display()))
}
