//! A PostgreSQL of a test's own, which it may stop as often as it likes, and a hot standby of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

use super::{steady_port, within};

/// Nothing takes longer unless it is broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a cluster is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Transactions are rolled back, connections ended.
    Fast,
    /// As after a crash: nothing is written down, the log is replayed.
    Immediate,
}

pub struct Cluster {
    dir: PathBuf,
    port: u16,
    waits_for_disk: bool,
    server: Child,
}

impl Cluster {
    pub async fn start(waits_for_disk: bool) -> Self {
        Self::made("init_postgres \"$@\"", &[], waits_for_disk).await
    }

    /// A hot standby that follows this one.
    pub async fn standby(&self) -> Self {
        Self::made("init_standby \"$@\"", &[&self.port.to_string()], false).await
    }

    async fn made(command: &str, more: &[&str], waits_for_disk: bool) -> Self {
        let port = steady_port();
        // Not below a directory that the server's user may not enter.
        let dir = std::env::temp_dir().join(format!("emporia-cluster-{port}"));
        let made = library(command, &[&[dir.to_str().expect("a path")], more].concat()).status().expect("bash");
        assert!(made.success(), "no cluster: {made}");
        let server = launch(&dir, port, waits_for_disk);
        let mut it = Self { dir, port, waits_for_disk, server };
        it.ready().await;
        it
    }

    /// Stops it and starts it again in the same place.
    pub async fn restart(&mut self, stop: Stop) {
        self.stop(stop).await;
        self.start_again().await;
    }

    /// Starts it in the same place after it was stopped.
    pub async fn start_again(&mut self) {
        self.server = launch(&self.dir, self.port, self.waits_for_disk);
        self.ready().await;
    }

    pub async fn stop(&mut self, stop: Stop) {
        self.signal(stop);
        let server = std::cell::RefCell::new(&mut self.server);
        within(PATIENCE, "PostgreSQL has stopped", async || server.borrow_mut().try_wait().expect("a child")).await;
    }

    fn signal(&self, stop: Stop) {
        let signal = match stop {
            Stop::Fast => libc::SIGINT,
            Stop::Immediate => libc::SIGQUIT,
        };
        let pid = i32::try_from(self.server.id()).expect("a process id");
        // SAFETY: sends a signal to the child, which has not been waited for.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    async fn ready(&mut self) {
        let url = self.admin_url("postgres");
        within(PATIENCE, "PostgreSQL answers", async || AsyncPgConnection::establish(&url).await.ok()).await;
    }

    pub fn url(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/emporia", self.port)
    }

    pub fn admin_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// A connection that sees every tenant.
    pub async fn admin(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(&self.admin_url("emporia")).await.expect("the admin")
    }

    /// What a statement answers, a JSON object a row.
    pub async fn rows(&self, sql: &str) -> Vec<Value> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            row: String,
        }
        let sql = format!("SELECT row_to_json(asked)::text AS row FROM ({sql}) asked");
        let rows: Vec<Row> = diesel::sql_query(&sql).load(&mut self.admin().await).await.expect(&sql);
        rows.iter().map(|row| serde_json::from_str(&row.row).expect("JSON")).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if matches!(self.server.try_wait(), Ok(None)) {
            self.signal(Stop::Immediate);
            let _ = self.server.wait();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// In the foreground and in this process's group: what ends the test ends it.
fn launch(dir: &Path, port: u16, waits_for_disk: bool) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(dir.join("postgres.log")).expect("a log");
    let fsync = format!("fsync={}", if waits_for_disk { "on" } else { "off" });
    let (dir, port) = (dir.to_str().expect("a path"), port.to_string());
    let arguments = [dir, &port, "-c", "max_connections=200", "-c", &fsync];
    library("become_postgres \"$@\"", &arguments).stderr(log).spawn().expect("bash")
}

/// A command of scripts/lib.sh, which knows where the programs are and as whom they run.
fn library(command: &str, arguments: &[&str]) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("set -euo pipefail; . scripts/lib.sh; {command}"), "cluster"]).args(arguments);
    bash.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).stdout(Stdio::null());
    bash
}
