//! `emporia staff …`: the first owner of a shop, whom nobody in it can invite.

use std::io::Read;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use serde_json::json;

use super::tenant::find;
use super::{operator, out, say};
use crate::app::App;
use crate::error::ServiceError;
use crate::identity::model::NewStaff;
use crate::identity::rule::StaffRule;
use crate::identity::service::{password_set_by_operator, password_token_show, staff_create};

#[derive(Subcommand)]
pub enum StaffCommand {
    /// Take a member in, and show a token by which they choose a password.
    Create(CreateArgs),
}

#[derive(Args)]
pub struct CreateArgs {
    /// The tenant's id or handle.
    tenant: String,
    /// The address by which they sign in.
    #[arg(long)]
    email: String,
    /// What they are called.
    #[arg(long)]
    name: String,
    /// owner, admin, editor, viewer, or a role of the shop's own.
    #[arg(long)]
    role: String,
    /// Read their password from standard input (its first line) instead of showing a token.
    #[arg(long)]
    password_stdin: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub async fn staff(command: StaffCommand) -> anyhow::Result<()> {
    let StaffCommand::Create(args) = command;
    let password = args.password_stdin.then(password).transpose()?;
    create(&operator().await?, args, password).await
}

async fn create(app: &App, args: CreateArgs, password: Option<String>) -> anyhow::Result<()> {
    let CreateArgs { tenant, email, name, role, json, password_stdin: _ } = args;
    let db = app.db.tenant(find(app, &tenant).await?);
    if let Some(password) = &password {
        // Before there is somebody who could not be made again.
        crate::identity::rule::check_password(password, &[])?;
    }
    let member = staff_create(app, &db, &NewStaff { email, name, role }).await.map_err(plain)?;
    let token = match &password {
        Some(password) => {
            password_set_by_operator(app, &db, member.id, password).await.map_err(plain)?;
            None
        }
        None => Some(password_token_show(app, &db, member.id).await?),
    };
    let token = token.as_ref().map(|token| token.reveal());
    let link = app.config.http.staff_url.as_ref().zip(token);
    let link = link.map(|(url, token)| format!("{url}/password-reset#token={token}"));
    if json {
        return out(&json!({
            "staff_id": member.id,
            "email": member.email,
            "role": member.role,
            "password_token": token,
            "password_link": link,
        })
        .to_string());
    }
    out(&format!("staff member    {}\nemail           {}", member.id, member.email))?;
    if let Some(token) = token {
        out(&format!("password token  {token}"))?;
        if let Some(link) = link {
            out(&format!("link            {link}"))?;
        }
        say(format_args!("For staffPasswordReset, once, within three days. It is not shown again."));
    }
    Ok(())
}

/// The first line of standard input.
fn password() -> anyhow::Result<String> {
    // More than any password has.
    const MAX: u64 = 4096;
    let mut text = String::new();
    std::io::stdin().take(MAX).read_to_string(&mut text).context("reading the password from standard input")?;
    let line = text.lines().next().filter(|line| !line.is_empty());
    line.map(str::to_owned).context("there is no password on standard input")
}

fn plain(error: ServiceError<StaffRule>) -> anyhow::Error {
    match error {
        ServiceError::Rule(rule) => anyhow!(rule),
        ServiceError::Fault(fault) => fault.into(),
    }
}
