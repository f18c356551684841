//! Outgoing mail.

use std::path::PathBuf;

use lettre::message::Mailbox;

use super::read::Reader;
use crate::mail::Smtp;

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// `SMTP_URL`: the mail server; none: no mail is sent.
    pub smtp_url: Option<String>,
    /// `MAIL_FROM`: the sender's address. The name before it is the shop's.
    pub from: Mailbox,
    /// `MAIL_DIR`: where mails are put as files instead; for development.
    pub directory: Option<PathBuf>,
}

impl MailConfig {
    pub(super) fn read_with(r: &mut Reader<'_>) -> Self {
        r.section("Mail");
        let smtp_url = r.secret(
            "SMTP_URL",
            "smtp://user:…@mail.example:587?tls=required",
            "the server that mail is handed to; smtps:// for TLS from the start. Without it no mail is sent",
        );
        let smtp_url = smtp_url.filter(|url| match Smtp::check(url) {
            Ok(()) => true,
            Err(why) => {
                r.mistake(format!("SMTP_URL is not a URL like smtp://user:…@mail.example:587?tls=required: {why}"));
                false
            }
        });
        let from = Mailbox::new(None, "no-reply@localhost".parse().expect("an address"));
        let from = r.parsed("MAIL_FROM", from, "an address like no-reply@shops.example", "the sender's address");
        let directory =
            r.optional("MAIL_DIR", "/tmp/mail", "for development: mails are put here as files, and none is sent");
        Self { smtp_url, from, directory: directory.map(PathBuf::from) }
    }
}
