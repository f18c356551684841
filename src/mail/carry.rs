//! Who carries mail: a server by SMTP, a directory for development, or nobody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use uuid::Uuid;

use super::compose::compose;
use super::{MailError, Mailer, Message};
use crate::outside::{Breaker, Failed, NotDone, Outside, Policy, Target};

/// For each step of a conversation with a mail server.
const STEP: Duration = Duration::from_secs(10);
/// One attempt: the job that carries a mail makes further ones.
const POLICY: Policy = Policy {
    timeout: Duration::from_secs(60),
    attempts: 1,
    wait: Duration::ZERO,
    breaker: Breaker { failures: 5, rest: TimeDelta::seconds(5), longest_rest: TimeDelta::minutes(2) },
};

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    target: Target,
}

impl Smtp {
    /// The URL is one that the settings' check has let through.
    pub fn new(url: &str, from: &Mailbox, outside: &Outside) -> Self {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).expect("checked with the settings");
        let (transport, target) = (transport.timeout(Some(STEP)).build(), outside.target("smtp", POLICY));
        Self { transport, from: from.clone(), target }
    }

    /// Whether this is a URL of a mail server, and if not, why.
    pub fn check(url: &str) -> Result<(), String> {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map(drop).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, id: Uuid, message: &Message) -> Result<(), MailError> {
        let mail = compose(id, message, &self.from)?;
        let sent = self.target.call(|| async {
            match self.transport.send(mail.clone()).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(Failed::Refused(MailError::Hopeless(told(&error)))),
                // The server is there: it is this mail that it does not take now.
                Err(error) if error.status().is_some() => Err(Failed::Refused(MailError::NotNow(told(&error)))),
                // Nothing was asked of the server: anybody can give an address that it could not be told.
                Err(error) if error.is_client() && !message.to.is_ascii() => {
                    Err(Failed::Refused(MailError::Hopeless(told(&error))))
                }
                Err(error) if error.is_client() => Err(Failed::Refused(MailError::NotNow(told(&error)))),
                Err(error) => Err(Failed::Away(MailError::NotNow(told(&error)))),
            }
        });
        sent.await.map_err(|not_done| match not_done {
            NotDone::Refused(error) | NotDone::Away(error) => error,
            late => MailError::NotNow(format!("the mail server: {late}")),
        })
    }
}

/// What the merchant may be told of it: neither a server's own words, which tend to name the recipient, nor where it is.
fn told(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_client() => "the mail is none that can be sent by SMTP".to_owned(),
        None => {
            tracing::warn!(%error, "the mail server cannot be spoken with");
            "the mail server cannot be spoken with".to_owned()
        }
    }
}

/// A directory, in which every mail is a file that mail programs open: for development.
pub struct Directory {
    path: PathBuf,
    from: Mailbox,
}

impl Directory {
    pub fn new(path: &Path, from: &Mailbox) -> Self {
        Self { path: path.to_owned(), from: from.clone() }
    }

    fn keep(&self, mail: &[u8]) -> std::io::Result<()> {
        use std::io::Write;
        std::fs::create_dir_all(&self.path)?;
        // The next number that is free: they stand in the order in which they came.
        let so_far = std::fs::read_dir(&self.path)?.count();
        for number in so_far + 1.. {
            let file = std::fs::File::create_new(self.path.join(format!("{number:06}.eml")));
            match file {
                Ok(mut file) => return file.write_all(mail),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Mailer for Directory {
    async fn send(&self, id: Uuid, message: &Message) -> Result<(), MailError> {
        let mail = compose(id, message, &self.from)?.formatted();
        self.keep(&mail).map_err(|error| MailError::NotNow(format!("{}: {error}", self.path.display())))?;
        tracing::info!(directory = %self.path.display(), subject = message.subject, "a mail is in the directory");
        Ok(())
    }
}

/// Nobody, where nothing is set up.
pub struct Nowhere;

#[async_trait]
impl Mailer for Nowhere {
    async fn send(&self, _: Uuid, _: &Message) -> Result<(), MailError> {
        Err(MailError::Hopeless("no mail server is set up: set SMTP_URL".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_mail_is_a_file_of_its_own() {
        let directory = std::env::temp_dir().join(format!("emporia-mail-{}", std::process::id()));
        let from = "no-reply@shops.example".parse().unwrap();
        let mailer = Directory::new(&directory, &from);
        for subject in ["first", "second"] {
            let message = Message {
                to: "ada@shop.example".to_owned(),
                from_name: "A shop".to_owned(),
                reply_to: None,
                subject: subject.to_owned(),
                text: "Hello".to_owned(),
                html: None,
            };
            mailer.send(Uuid::nil(), &message).await.unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap();
        assert!(read("000001.eml").contains("Subject: first") && read("000002.eml").contains("Subject: second"));
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_url_says_how_mail_is_handed_over() {
        for url in ["smtp://127.0.0.1:1025", "smtps://ada:secret@mail.example", "smtp://mail.example?tls=required"] {
            assert_eq!(Smtp::check(url), Ok(()), "{url}");
        }
        for url in ["mail.example", "http://mail.example", "smtp://mail.example?tls=maybe"] {
            assert!(Smtp::check(url).is_err(), "{url}");
        }
    }
}
