//! One cluster's life.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::binaries::{Binaries, major_of_cluster};
use super::pidfile::{self, Running};
use super::user::{FALLBACK, User, clean, effective_uid, place, server_user};
use crate::dev::progress;

/// The cluster's superuser.
pub const ADMIN: &str = "emporia_admin";

/// A crash may have left a log to be replayed.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// How often [`Cluster::ended`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Small, and honest about crashes: a lost power supply costs the last moments, never the database.
const SETTINGS: &str = "\
# Written by `emporia dev` when it made this cluster.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 64MB
max_wal_size = 256MB
wal_level = minimal
max_wal_senders = 0
synchronous_commit = off
jit = off
log_min_messages = warning
timezone = 'UTC'
";

/// A running server. Stopped when dropped, whoever started it.
pub struct Cluster {
    dir: PathBuf,
    user: Option<User>,
    binaries: Binaries,
    /// Unless an earlier process started it.
    child: Option<Child>,
    pub port: u16,
}

impl Cluster {
    /// The directory of the cluster that belongs to a data directory.
    pub fn dir(data_dir: &Path) -> anyhow::Result<PathBuf> {
        Ok(place(data_dir, server_user()?.as_ref()))
    }

    /// Whether a data directory has a cluster.
    pub fn exists(data_dir: &Path) -> anyhow::Result<bool> {
        Ok(Self::dir(data_dir)?.join("data/PG_VERSION").exists())
    }

    /// Refuses a cluster that is not of the user whom the server would run as: it runs as the owner or not at all.
    pub fn check_owner(data_dir: &Path) -> anyhow::Result<()> {
        if !Self::exists(data_dir)? {
            return Ok(());
        }
        let owner = Self::dir(data_dir)?.join("data").metadata().context("looking at the cluster")?.uid();
        let wanted = server_user()?.map_or_else(effective_uid, |user| user.uid);
        if owner != wanted {
            bail!(
                "the cluster in {} belongs to the user with id {owner}, and the server would run as {wanted}: run as that user, or name another --data-dir",
                data_dir.display()
            );
        }
        Ok(())
    }

    /// Makes the cluster where there is none, and starts it where it does not run. Its owner has been checked.
    pub fn start(data_dir: &Path, admin_password: &str) -> anyhow::Result<Self> {
        let user = server_user()?;
        let dir = place(data_dir, user.as_ref());
        let data = dir.join("data");
        let exists = data.is_dir();
        let binaries = Binaries::find(if exists { Some(major_of_cluster(&data)?) } else { None })?;
        let mut cluster = Self { dir, user, binaries, child: None, port: 0 };
        if !exists {
            progress(&format!("creating a PostgreSQL {} cluster", cluster.binaries.major));
            cluster.init(admin_password)?;
        }
        match cluster.wait_for_running() {
            Some(running) => {
                progress("taking over the PostgreSQL that an earlier run left behind");
                cluster.port = running.port;
            }
            None => cluster.launch()?,
        }
        Ok(cluster)
    }

    /// Stops whatever server runs on the cluster of a data directory.
    pub fn stop_any(data_dir: &Path) -> anyhow::Result<()> {
        let user = server_user()?;
        let dir = place(data_dir, user.as_ref());
        let data = dir.join("data");
        let Some(Running { port, .. }) = pidfile::running(&data) else { return Ok(()) };
        let binaries = Binaries::find(Some(major_of_cluster(&data)?))?;
        drop(Self { dir, user, binaries, child: None, port });
        Ok(())
    }

    /// Removes the cluster of a data directory, which must not run. A directory of this name that holds something
    /// else is left as it is.
    pub fn remove(data_dir: &Path) -> anyhow::Result<()> {
        let dir = Self::dir(data_dir)?;
        let data = dir.join("data");
        if data.exists() && !data.join("PG_VERSION").exists() {
            bail!("{} is not a cluster that emporia made: name another --data-dir", data.display());
        }
        remove_dir(&data)?;
        remove_dir(&dir.join("data.new"))?;
        for file in ["port", "server.log", "password"] {
            let _ = std::fs::remove_file(dir.join(file));
        }
        // Unless there is more in it, which is not ours.
        let _ = std::fs::remove_dir(&dir);
        Ok(())
    }

    pub fn url(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Made aside and moved into place when whole: an interrupted first start leaves nothing half.
    fn init(&self, admin_password: &str) -> anyhow::Result<()> {
        make_private_dir(&self.dir)?;
        let (fresh, password_file) = (self.dir.join("data.new"), self.dir.join("password"));
        remove_dir(&fresh)?;
        let _ = std::fs::remove_file(&password_file);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&password_file)?;
        file.write_all(admin_password.as_bytes())?;
        if let Some(user) = &self.user {
            user.own(&self.dir)?;
            user.own(&password_file)?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(&fresh).arg("--pwfile").arg(&password_file);
        initdb.args(["-U", ADMIN, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"]);
        let done = succeed(&mut initdb);
        let _ = std::fs::remove_file(&password_file);
        done?;
        let mut conf = std::fs::OpenOptions::new().append(true).open(fresh.join("postgresql.conf"))?;
        conf.write_all(SETTINGS.as_bytes()).context("writing postgresql.conf")?;
        std::fs::rename(&fresh, self.data()).context("moving the new cluster into place")
    }

    /// A server that is running already; one that is just starting or stopping is waited for.
    fn wait_for_running(&self) -> Option<Running> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let running = pidfile::running(&self.data())?;
            if running.is_ready || Instant::now() > deadline {
                return Some(running);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts the server on the port it had last, or on a free one.
    fn launch(&mut self) -> anyhow::Result<()> {
        let remembered = std::fs::read_to_string(self.dir.join("port")).ok().and_then(|text| text.trim().parse().ok());
        let mut ports = remembered.into_iter().filter(|port| is_free(*port)).collect::<Vec<u16>>();
        ports.extend([free_port()?, free_port()?]);
        for port in ports {
            // Nobody is there (see `wait_for_running`). A killed server's file is left to PostgreSQL, which first sees
            // to it that none of that server's processes is left.
            if pidfile::is_misleading(&self.data()) {
                let _ = std::fs::remove_file(self.data().join("postmaster.pid"));
            }
            if self.launch_on(port)? {
                self.port = port;
                return std::fs::write(self.dir.join("port"), port.to_string()).context("remembering the port");
            }
        }
        bail!("PostgreSQL does not start; its last words:\n{}", self.last_words())
    }

    /// Comes when the server has ended, though nobody here has stopped it.
    pub async fn ended(&self) {
        // Twice, since a look may fail for want of a file descriptor.
        let mut missed = 0;
        while missed < 2 {
            tokio::time::sleep(LOOK_EVERY).await;
            missed = if pidfile::running(&self.data()).is_some() { 0 } else { missed + 1 };
        }
    }

    /// The end of the server's log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        tail(&log.lines().collect::<Vec<_>>())
    }

    /// Answers whether it accepts connections. A child of this process, so that its end can be awaited, in a process
    /// group of its own, so that a terminal's Ctrl-C does not reach it before its clients have gone.
    fn launch_on(&mut self, port: u16) -> anyhow::Result<bool> {
        let log = std::fs::OpenOptions::new().append(true).create(true).open(self.log()).context("opening its log")?;
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).args(["-p", &port.to_string()]).process_group(0);
        let child = postgres.stdout(log.try_clone()?).stderr(log).spawn().context("running postgres")?;
        let child = self.child.insert(child);
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            if child.try_wait()?.is_some() {
                return Ok(false);
            }
            if pidfile::running(&self.dir.join("data")).is_some_and(|running| running.is_ready) {
                return Ok(true);
            }
            if Instant::now() > deadline {
                child.kill()?;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        for mode in ["fast", "immediate"] {
            let Some(running) = pidfile::running(&self.data()) else { break };
            let mut stop = self.command("pg_ctl");
            let stopped = succeed(stop.args(["stop", "-s", "-w", "-t", "20", "-m", mode, "-D"]).arg(self.data()));
            if self.child.is_none() {
                pidfile::wait_for_end(running.pid, &self.data());
            }
            if stopped.is_ok() {
                break;
            }
            if mode == "immediate" {
                return stopped;
            }
        }
        if let Some(child) = &mut self.child {
            child.wait().context("waiting for its end")?;
        }
        Ok(())
    }

    fn command(&self, name: &str) -> Command {
        clean(self.binaries.path(name), self.user.as_ref())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            crate::cli::say(format_args!("emporia: stopping PostgreSQL: {error:#}"));
        }
    }
}

fn tail(lines: &[&str]) -> String {
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// Runs a command to its end; its words are the error.
fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("running {name}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    bail!("{name} failed ({}): {}", output.status, tail(&said.trim().lines().collect::<Vec<_>>()))
}

fn make_private_dir(dir: &Path) -> anyhow::Result<()> {
    if let Some(parent) = dir.parent() {
        std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        if parent == Path::new(FALLBACK) {
            // Whatever the umask says: the server's user has to get through.
            std::fs::set_permissions(parent, PermissionsExt::from_mode(0o755))
                .with_context(|| format!("opening {}", parent.display()))?;
        }
    }
    match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("making {}", dir.display()))
        }
        _ => Ok(()),
    }
}

/// Removes a directory with all that is in it, if it is there.
fn remove_dir(dir: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", dir.display()))
        }
        _ => Ok(()),
    }
}

fn is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}
