//! Who carries mail: a server by SMTP, a directory for development, or nobody.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use uuid::Uuid;

use super::compose::compose;
use super::{MailError, Mailer, Message};

/// For each step of a conversation with a mail server.
const STEP: Duration = Duration::from_secs(10);

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// The URL is one that the settings' check has let through.
    pub fn new(url: &str, from: &Mailbox) -> Self {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).expect("checked with the settings");
        Self { transport: transport.timeout(Some(STEP)).build(), from: from.clone() }
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
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Hopeless(told(&error))),
            Err(error) => Err(MailError::NotNow(told(&error))),
        }
    }
}

/// What the log may tell of it. A server's own words tend to name the recipient.
fn told(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_client() => "the mail is none that can be sent by SMTP".to_owned(),
        None => format!("the mail server cannot be spoken with: {error}"),
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
