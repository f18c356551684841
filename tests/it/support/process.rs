//! The binary as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

/// A running `emporia`; killed when dropped.
pub struct Process(Child);

impl Process {
    /// `emporia worker` with these settings and no others.
    pub fn worker(settings: &[(&str, &str)]) -> Self {
        Self::start("worker", settings, Stdio::null())
    }

    /// `emporia worker` with METRICS_LISTEN on a free port; answers which, once they can be read.
    pub fn worker_with_metrics(settings: &[(&str, &str)]) -> (Self, SocketAddr) {
        Self::listening("worker", settings, "metrics_address").expect("it said where its metrics are")
    }

    /// `emporia serve` on a free port; answers where, once it listens.
    pub fn serve(settings: &[(&str, &str)]) -> (Self, SocketAddr) {
        Self::try_serve(settings).expect("it said where it listens before it ended")
    }

    /// The same; none when it ends at once, for want of a server that it needs.
    pub fn try_serve(settings: &[(&str, &str)]) -> Option<(Self, SocketAddr)> {
        Self::listening("serve", &[settings, &[("LISTEN", "127.0.0.1:0")]].concat(), "address")
    }

    /// Starts it, and answers what it logs under this name.
    fn listening(command: &str, settings: &[(&str, &str)], name: &str) -> Option<(Self, SocketAddr)> {
        let mut it = Self::start(command, settings, Stdio::piped());
        let mut log = BufReader::new(it.0.stdout.take().expect("its log")).lines();
        let address = log.find_map(|line| {
            let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
            line[name].as_str()?.parse().ok()
        });
        // Read on, or the process would wait for someone to do so.
        std::thread::spawn(move || log.for_each(drop));
        Some((it, address?))
    }

    fn start(command: &str, settings: &[(&str, &str)], stdout: Stdio) -> Self {
        let mut emporia = Command::new(env!("CARGO_BIN_EXE_emporia"));
        emporia.arg(command).env_clear().envs(settings.iter().copied());
        Self(emporia.stdout(stdout).spawn().expect("emporia"))
    }

    /// Ends it by SIGKILL: it has no chance to finish anything.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        let pid = i32::try_from(self.0.id()).expect("a process id");
        // SAFETY: sends a signal to the child, which has not been waited for.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0);
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child")
    }

    fn end(&mut self) {
        self.0.kill().expect("a process of our own");
        self.0.wait().expect("its end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
