//! Mail that nobody carries anywhere.

use std::sync::Mutex;

use async_trait::async_trait;
use emporia::mail::{MailError, Mailer, Message};

use super::{TestApp, eventually};

/// Keeps what is sent.
#[derive(Default)]
pub struct Mailbox(Mutex<Vec<Message>>);

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, _: uuid::Uuid, message: &Message) -> Result<(), MailError> {
        self.0.lock().expect("no holder panics").push(message.clone());
        Ok(())
    }
}

impl Mailbox {
    /// How many mails have been sent.
    pub fn count(&self) -> usize {
        self.0.lock().expect("no holder panics").len()
    }
}

/// What a mail to a customer asks to be sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The customer's global id.
    pub id: String,
    pub token: String,
}

impl TestApp {
    /// Waits until nothing is under way that nobody waits for.
    pub async fn quiet(&self) {
        eventually("everything is done", async || self.app.tasks.is_empty().then_some(())).await;
        emporia::worker::drain(&self.app).await.expect("the worker's work");
    }

    /// Everything that has been sent to an address.
    pub async fn mails(&self, to: &str) -> Vec<Message> {
        self.quiet().await;
        self.mailbox.0.lock().expect("no holder panics").iter().filter(|mail| mail.to == to).cloned().collect()
    }

    /// What the last mail to an address, of a shop without a storefront, asks to be sent back.
    pub async fn proof(&self, to: &str) -> Proof {
        let mail = self.mails(to).await.pop().unwrap_or_else(|| panic!("no mail to {to}"));
        let part = |name: &str| {
            let line = mail.text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {}", mail.text)).to_owned()
        };
        Proof { id: part("Customer: "), token: part("Token: ") }
    }
}
