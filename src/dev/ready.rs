//! What a started `emporia dev` says: a summary for people, a file for scripts.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Serialize;

use super::home::write_private;

#[derive(Serialize)]
pub struct Ready {
    pub graphql_url: String,
    pub graphiql_url: String,
    pub publishable_key: String,
    pub secret_key: String,
    /// Who signs in to the demo store, and with what (`staffSignIn`).
    pub staff_email: String,
    pub staff_password: String,
    /// As the requests' role.
    pub database_url: String,
    /// As the tables' owner.
    pub database_owner_url: String,
    pub data_dir: PathBuf,
    pub pid: u32,
}

impl Ready {
    /// The summary; `cluster` is where PostgreSQL keeps its files.
    pub fn print(&self, cluster: &Path) -> anyhow::Result<()> {
        let elsewhere = if cluster.starts_with(&self.data_dir) {
            String::new()
        } else {
            format!(" (PostgreSQL's files: {})", cluster.display())
        };
        let text = format!(
            "\n\
             \x20 Emporia is ready.\n\n\
             \x20 GraphiQL          {graphiql}\n\
             \x20 GraphQL           {graphql}\n\
             \x20 Publishable key   {publishable}\n\
             \x20 Secret key        {secret}\n\
             \x20 Owner             {email} with {password}\n\
             \x20 Data              {data}{elsewhere}\n\n\
             \x20 Try:\n\n\
             curl -s {graphql} -H 'content-type: application/json' -H 'x-api-key: {publishable}' \
             -d '{{\"query\":\"{{ products(first: 3) {{ nodes {{ title handle }} }} }}\"}}'\n\n\
             \x20 Ctrl-C stops everything; --reset starts over.\n",
            graphiql = self.graphiql_url,
            graphql = self.graphql_url,
            publishable = self.publishable_key,
            secret = self.secret_key,
            email = self.staff_email,
            password = self.staff_password,
            data = self.data_dir.display(),
        );
        // Whoever reads may have gone; the API serves on.
        let _ = writeln!(std::io::stdout(), "{text}");
        Ok(())
    }
}

/// A file that exists while everything answers.
pub struct ReadyFile(PathBuf);

impl ReadyFile {
    /// One that a killed run left behind would tell lies. Its directory must be there, which is better said now than
    /// once everything answers.
    pub fn at(path: PathBuf) -> anyhow::Result<Self> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(parent.is_dir(), "--ready-file {}: there is no directory {}", path.display(), parent.display());
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing the old {}", path.display()))
            }
            _ => Ok(Self(path)),
        }
    }

    pub fn write(&self, ready: &Ready) -> anyhow::Result<()> {
        write_private(&self.0, &serde_json::to_vec_pretty(ready)?)
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
