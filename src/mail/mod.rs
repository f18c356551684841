//! Outgoing mail: what is said ([`Message`]), and who carries it ([`Mailer`]).
//!
//! Mail is posted in the transaction of what it tells of ([`post_in_tx`]), and carried by a job: nobody waits for a mail
//! server, none is told of what did not happen, and none is lost. Where a worker dies between the server's taking a mail
//! and the note of it, that mail goes a second time, under the same `Message-ID`: mail programs show it once.

mod carry;
mod compose;
pub mod graphql;
pub mod letter;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use carry::{Directory, Nowhere, Smtp};

use crate::app::App;
use crate::db::{QueryResult, TenantTx};
use crate::job::{self, Class, Failure, Job, NewJob, Run, Spec};
use crate::outside::Outside;

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The id is the mail's, however often it is sent.
    async fn send(&self, id: Uuid, message: &Message) -> Result<(), MailError>;
}

/// What is set up.
pub fn mailer(config: &crate::config::MailConfig, outside: &Outside) -> Arc<dyn Mailer> {
    match (&config.directory, &config.smtp_url) {
        (Some(directory), _) => Arc::new(Directory::new(directory, &config.from)),
        (None, Some(url)) => Arc::new(Smtp::new(url, &config.from, outside)),
        (None, None) => Arc::new(Nowhere),
    }
}

/// A mail on its way: a job.
#[derive(Debug, Serialize, Deserialize)]
pub struct Delivery(Message);

#[async_trait]
impl Job for Delivery {
    const SPEC: Spec = Spec {
        kind: "mail",
        class: Class::Quick,
        // Somebody waits for it.
        rank: 10,
        // For about two days.
        attempts: 20,
        first_wait: Duration::from_secs(10),
        longest_wait: Duration::from_secs(4 * 60 * 60),
        timeout: Duration::from_secs(60),
    };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        match run.app.mailer.send(run.id, &self.0).await {
            Ok(()) => Ok(()),
            Err(error @ MailError::Hopeless(_)) => Err(Failure::Never(error.to_string())),
            Err(error @ MailError::NotNow(_)) => Err(Failure::Again(error.to_string())),
        }
    }
}

/// Posts a mail in the transaction of what it tells of.
pub async fn post_in_tx(tx: &mut TenantTx<'_>, app: &App, message: Message) -> QueryResult<()> {
    let now = app.clock.now();
    job::enqueue_in_tx(tx, now, &app.entropy, &NewJob::now(Delivery(message), now)).await?;
    Ok(())
}
