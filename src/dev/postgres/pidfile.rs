//! What `postmaster.pid` says, and whether it is still true.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::dev::processes::command_line;

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
    is_server(running.pid, data).then_some(running)
}

/// Whether the file is a killed server's, and its number another process's by now: PostgreSQL would take that one for
/// the server.
pub fn is_misleading(data: &Path) -> bool {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    parse(&text).is_some_and(|found| command_line(found.pid).is_some() && !is_server(found.pid, data))
}

/// Waits until the process has gone that a server on this data directory was; the file goes a moment earlier.
pub fn wait_for_end(pid: u32, data: &Path) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while is_server(pid, data) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_server(pid: u32, data: &Path) -> bool {
    command_line(pid).is_some_and(|command| command.contains(&*data.to_string_lossy()))
}

/// Its lines: pid, data directory, start time, port, socket directory, address, shared memory, state.
fn parse(text: &str) -> Option<Running> {
    let mut lines = text.lines().map(str::trim);
    let pid = lines.next()?.parse().ok()?;
    let port = lines.nth(2)?.parse().ok()?;
    let is_ready = lines.nth(3).is_some_and(|state| state == "ready");
    Some(Running { pid, port, is_ready })
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
