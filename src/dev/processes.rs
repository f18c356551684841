//! What this machine says of processes that are not this one's children.

use std::path::Path;
use std::process::Command;

/// The command line of a process; empty when it has ended and its parent has not noticed. `None`: there is no such
/// process.
pub fn command_line(pid: u32) -> Option<String> {
    if Path::new("/proc/self").exists() {
        let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = Command::new("ps").args(["-p", &pid.to_string(), "-o", "command="]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a process of this number runs.
pub fn is_alive(pid: u32) -> bool {
    command_line(pid).is_some_and(|command| !command.trim().is_empty())
}
