//! The use cases of customers.
//!
//! What depends on whether an address has an account is done by a task of its own, after the answer: see [`App::do_later`].

mod account;
mod addresses;
mod network;
mod password;
mod session;
mod sign_up;
mod staff;

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use account::{AccountChange, customer_update};
pub use addresses::{
    AddressChange, address_book, customer_address_create, customer_address_delete, customer_address_update,
    customer_default_address_update,
};
pub use network::{ask_for_mail, guess};
pub use password::{Answered, customer_activate, customer_recover, customer_reset};
pub use session::{
    customer_access_token_create, customer_access_token_delete, customer_access_token_renew, customer_of_token,
    forget_in_tx,
};
pub use sign_up::{SignUp, customer_create};
pub use staff::{
    CustomerEntry, EntryChange, customer_change, customer_delete, customer_enter, customer_tags_change, customers_page,
};

use super::link;
use super::model::{AccessToken, Customer, Email, SignedIn, TOKEN_LIFE};
use super::rule::{CustomerResult, Refusal};
use super::secret::Secret;
use super::store;
use crate::app::App;
use crate::attempts::Bound;
use crate::db::{QueryResult, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError};
use crate::mail;
use crate::mail::letter::{Letter, Reader, Way, Writer};
use crate::order;
use crate::password::{PasswordError, Whose};
use crate::places::Place;
use crate::shop;

/// What every use case works with.
#[derive(Clone)]
pub struct Desk {
    pub app: App,
    pub db: TenantDb,
}

/// Wrong passwords of one account.
pub const PASSWORDS: Bound = Bound { name: "customer-password", most: 10, window: Duration::from_secs(15 * 60) };
/// Mails to one address that somebody has asked for.
pub const MAILS: Bound = Bound { name: "customer-mail", most: 5, window: Duration::from_secs(60 * 60) };

impl Desk {
    fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    fn new_id(&self) -> Uuid {
        self.app.entropy.uuid_v7(self.now())
    }

    fn new_secret(&self) -> Secret {
        Secret::from_random(self.app.entropy.bytes())
    }

    /// Counts an attempt about this address; refuses when there were too many.
    async fn admit(&self, bound: &Bound, email_key: &str, field: &[&str]) -> CustomerResult<()> {
        if self.app.attempts.admit(bound, self.db.tenant(), email_key).await {
            return Ok(());
        }
        refuse(Refusal::Throttled { minutes: bound.window.as_secs() / 60 }, field)
    }

    /// The attempt was no guess.
    async fn succeeded(&self, bound: &Bound, email_key: &str) {
        self.app.attempts.succeeded(bound, self.db.tenant(), email_key).await;
    }

    /// Whose passwords are hashed and checked here.
    fn whose(&self) -> Whose {
        Whose::Customer(self.db.tenant())
    }

    /// A place among what nobody waits for.
    fn place(&self, field: &[&str]) -> CustomerResult<Place> {
        self.app.later.take(self.db.tenant()).map_or_else(|| refuse(Refusal::Busy, field), Ok)
    }

    async fn hash(&self, password: &str, field: &[&str]) -> CustomerResult<String> {
        let hashed = self.app.passwords.hash(self.whose(), password, &self.app.entropy).await;
        hashed.map_err(|error| unchecked(error, field))
    }
}

fn refuse<T>(refusal: Refusal, field: &[&str]) -> CustomerResult<T> {
    Err(ServiceError::Rule(vec![refusal.at(field)]))
}

fn unchecked(error: PasswordError, field: &[&str]) -> ServiceError<Vec<super::rule::CustomerRule>> {
    match error {
        PasswordError::Busy => ServiceError::Rule(vec![Refusal::Busy.at(field)]),
        PasswordError::Fault(fault) => ServiceError::Fault(fault),
    }
}

/// Posts a letter with a token, in the transaction of what it tells of.
async fn write_to_in_tx(
    tx: &mut TenantTx<'_>,
    desk: &Desk,
    letter: Letter,
    to: &Email,
    (id, token): (Uuid, &Secret),
) -> QueryResult<()> {
    post_letter_in_tx(tx, desk, letter, to, |storefront| link::way(storefront, letter, id, token.reveal())).await
}

/// Tells a customer of what was done with their account.
async fn tell_in_tx(tx: &mut TenantTx<'_>, desk: &Desk, letter: Letter, to: &Email) -> QueryResult<()> {
    post_letter_in_tx(tx, desk, letter, to, |_| Way::None).await
}

async fn post_letter_in_tx(
    tx: &mut TenantTx<'_>,
    desk: &Desk,
    letter: Letter,
    to: &Email,
    way: impl FnOnce(Option<&str>) -> Way,
) -> QueryResult<()> {
    // A tenant without a shop is not finished: nobody shops there.
    let Some(shop) = shop::store::shop(tx.conn()).await? else { return Ok(()) };
    let to = Reader { address: &to.address, name: None };
    let mail = letter.write(Writer::from(&shop), to, &way(shop.storefront_url.as_deref()), &[]);
    mail::post_in_tx(tx, &desk.app, mail).await
}

/// Signs a locked customer in.
async fn sign_in_tx(tx: &mut TenantTx<'_>, desk: &Desk, customer: &Customer) -> Result<SignedIn, Fault> {
    let now = desk.now();
    let token = AccessToken { secret: desk.new_secret(), expires_at: now + TOKEN_LIFE };
    store::insert_token(tx, desk.new_id(), customer.id, &token, now).await?;
    store::keep_newest(tx, customer.id).await?;
    // Only whoever has proved the address has what was bought with it.
    if customer.verified_at.is_some() {
        let (entropy, key) = (&desk.app.entropy, &customer.email.key);
        order::service::join_customer_in_tx(tx, now, entropy, customer.id, key).await?;
    }
    Ok(SignedIn { customer_id: customer.id, token })
}
