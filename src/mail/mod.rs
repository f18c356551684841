//! Outgoing mail: what is said ([`Message`]), and who carries it ([`Mailer`]).
//!
//! Mail is posted after what it tells of is committed, by a task of its own: nobody waits for a mail server, and nobody
//! learns by the time of an answer whether there was somebody to write to.

mod carry;
mod compose;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use carry::{Directory, Nowhere, Smtp};

use crate::app::App;

/// Tries at handing one over, and the first of the waits between them, each twice as long as the one before.
const TRIES: u32 = 4;
const WAIT: Duration = Duration::from_secs(2);

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The address alone: `ada@shop.example`.
    pub to: String,
    /// The name that stands before the sender's address; the shop's.
    pub from_name: String,
    /// Where answers go; none: to the sender's address.
    pub reply_to: Option<String>,
    pub subject: String,
    pub text: String,
    /// The same for programs that show HTML.
    pub html: Option<String>,
}

/// Why a mail did not go.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MailError {
    /// It never will: an address that is none.
    #[error("it cannot be sent: {0}")]
    Hopeless(String),
    /// It may the next time.
    #[error("it was not sent: {0}")]
    NotNow(String),
}

/// Hands mail over to whoever carries it on.
#[async_trait]
pub trait Mailer: Send + Sync {
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}

/// What is set up.
pub fn mailer(config: &crate::config::MailConfig) -> Arc<dyn Mailer> {
    match (&config.directory, &config.smtp_url) {
        (Some(directory), _) => Arc::new(Directory::new(directory, &config.from)),
        (None, Some(url)) => Arc::new(Smtp::new(url, &config.from)),
        (None, None) => Arc::new(Nowhere),
    }
}

/// Posts a mail; one that does not go is tried again for half a minute, and then noted in the log. A process that stops
/// waits for it like for everything that is under way.
pub fn post(app: &App, message: Message) {
    let mailer = app.mailer.clone();
    app.tasks.spawn(async move {
        for attempt in 1..=TRIES {
            match mailer.send(&message).await {
                Ok(()) => return,
                Err(MailError::NotNow(error)) if attempt < TRIES => {
                    tracing::warn!(error, attempt, "a mail has to wait");
                    tokio::time::sleep(WAIT * 2_u32.pow(attempt - 1)).await;
                }
                // To whom stays out of the log.
                Err(error) => return tracing::error!(%error, subject = message.subject, "a mail was not sent"),
            }
        }
    });
}
