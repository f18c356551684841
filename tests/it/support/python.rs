//! Python with packages, in an environment below target/.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;

/// The Python of an environment with what the requirements list, installed once and again when they change. None where
/// there is no Python that can make such an environment, except in CI, which must not do without.
pub async fn installed(name: &str, requirements: &Path) -> Option<PathBuf> {
    let wanted = tokio::fs::read(requirements).await.expect("the requirements");
    let environment = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (python, note) = (environment.join("bin/python"), environment.join("installed"));
    if tokio::fs::read(&note).await.is_ok_and(|installed| installed == wanted) {
        return Some(python);
    }
    let mut venv = Command::new("python3");
    let made = venv.args(["-m", "venv", "--clear"]).arg(&environment).stdin(Stdio::null()).output().await;
    if !made.is_ok_and(|made| made.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "there is no python3 with venv, and CI must not do without");
        eprintln!("there is no python3 with venv (on Debian: python3-venv): {name} is not tried");
        return None;
    }
    let pip = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(requirements)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("pip");
    assert!(pip.status.success(), "pip install: {}", said(&pip));
    tokio::fs::write(note, wanted).await.expect("a note");
    Some(python)
}

fn said(done: &Output) -> String {
    [&done.stdout, &done.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}
