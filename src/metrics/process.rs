//! The process as its operating system sees it: by the names that Prometheus' own clients use. Linux tells it; others do
//! not, and then it is not there.

use std::fmt::Write;
use std::fs;

/// Writes what is known.
pub fn write(text: &mut String) {
    let mut gauge = |name: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} gauge\n{name} {value}");
        }
    };
    gauge("process_resident_memory_bytes", "Resident memory", resident());
    gauge("process_open_fds", "Open file descriptors", open_files());
    gauge("process_max_fds", "How many may be open", max_files());
    gauge("process_threads", "Threads", status("Threads:"));
    if let Some(seconds) = cpu_seconds() {
        let name = "process_cpu_seconds";
        let _ = writeln!(text, "# HELP {name} Processor time.\n# TYPE {name} counter\n{name}_total {seconds}");
    }
}

/// A number of /proc/self/status.
fn status(name: &str) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn resident() -> Option<f64> {
    Some(status("VmRSS:")? * 1024.0)
}

fn open_files() -> Option<f64> {
    u32::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok().map(f64::from)
}

fn max_files() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    // SAFETY: asks for a constant of the system.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    (ticks > 0).then(|| (user + system) / ticks as f64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn linux_tells_everything() {
        let mut text = String::new();
        super::write(&mut text);
        assert_eq!(text.lines().filter(|line| line.starts_with("# TYPE")).count(), 5, "{text}");
    }
}
