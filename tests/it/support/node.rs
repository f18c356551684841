//! Scripts that run on Node.js, with their packages.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

/// A directory below target/ with the packages of `tests/<name>/package-lock.json`, installed once and again when
/// the lock file changes. `scripts` (paths in the repository) are copied beside them, so that they find them.
pub async fn installed(name: &str, scripts: &[&str]) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let source = root.join("tests").join(name);
    let cached = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    tokio::fs::create_dir_all(&cached).await.expect("a directory below target/");
    let lock = tokio::fs::read(source.join("package-lock.json")).await.expect("the lock file");
    let is_current = tokio::fs::read(cached.join("installed")).await.is_ok_and(|installed| installed == lock);
    for file in ["package.json", "package-lock.json"] {
        tokio::fs::copy(source.join(file), cached.join(file)).await.expect("a copy");
    }
    for script in scripts {
        let script = root.join(script);
        tokio::fs::copy(&script, cached.join(script.file_name().expect("a file"))).await.expect("a copy");
    }
    if !is_current {
        let npm = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&cached)
            .stdin(Stdio::null())
            .output()
            .await
            .expect("these tests need Node.js 20 or later with npm; install it, then run them again");
        assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
        tokio::fs::write(cached.join("installed"), lock).await.expect("a note");
    }
    cached
}

/// Runs a script; answers whether it was content, and what it said.
pub async fn run(script: PathBuf, arguments: &[&str]) -> (bool, String) {
    let done = Command::new("node")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("these tests need Node.js 20 or later");
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (done.status.success(), said)
}
