//! What `postmaster.pid` says, and whether it is still true.

use std::path::Path;
use std::process::Command;

/// A server that wrote the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Running {
    pub pid: u32,
    pub port: u16,
    pub is_ready: bool,
}

/// The server that runs on this data directory. A file that a killed server left behind is not believed: its number
/// may have been given to another process since.
pub fn running(data: &Path) -> Option<Running> {
    let running = parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)?;
    let command = command_line(running.pid)?;
    command.contains(&*data.to_string_lossy()).then_some(running)
}

/// Its lines: pid, data directory, start time, port, socket directory, address, shared memory, state.
fn parse(text: &str) -> Option<Running> {
    let mut lines = text.lines().map(str::trim);
    let pid = lines.next()?.parse().ok()?;
    let port = lines.nth(2)?.parse().ok()?;
    let is_ready = lines.nth(3).is_some_and(|state| state == "ready");
    Some(Running { pid, port, is_ready })
}

/// The command line of a living process.
fn command_line(pid: u32) -> Option<String> {
    if Path::new("/proc/self").exists() {
        let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = Command::new("ps").args(["-p", &pid.to_string(), "-o", "command="]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_in_every_state_of_the_server() {
        let text = "4711\n/data\n1700000000\n5433\n\n127.0.0.1\n  1234 5\nready   \n";
        assert_eq!(parse(text), Some(Running { pid: 4711, port: 5433, is_ready: true }));
        let starting = "4711\n/data\n1700000000\n5433\n\n";
        assert_eq!(parse(starting), Some(Running { pid: 4711, port: 5433, is_ready: false }));
        assert_eq!(parse(""), None);
    }
}
