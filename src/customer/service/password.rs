//! What comes back from a mail: a confirmed address, a new password.

use uuid::Uuid;

use super::{Desk, MAILS, PASSWORDS, refuse, sign_in_tx, unchecked, write_to_in_tx};
use crate::customer::model::{Customer, Email, RESET_LIFE, SignedIn};
use crate::customer::rule::{Checks, CustomerResult, Refusal};
use crate::customer::secret::Secret;
use crate::customer::store::{self, EMAIL_TAKEN, LetterKind, NewLetter};
use crate::db::error::constraint;
use crate::error::{Fault, ServiceError};
use crate::mail::letter::Letter;
use crate::password::Verdict;

/// Mails a link that leads to a new password, if the address has an account. Everyone is answered alike.
pub async fn customer_recover(desk: &Desk, email: &str) -> CustomerResult<()> {
    let mut checks = Checks::within(&[]);
    let email = checks.email("email", email);
    checks.end()?;
    let Some(email) = email else { return Ok(()) };
    desk.admit(&MAILS, &email.key, &["email"]).await?;
    let place = desk.place(&["email"])?;
    desk.app.do_later(place, "a password's recovery", recover(desk.clone(), email));
    Ok(())
}

async fn recover(desk: Desk, email: Email) -> Result<(), Fault> {
    let (now, token) = (desk.now(), desk.new_secret());
    desk.db
        .write(async |tx| {
            let Some(customer) = store::by_email(tx.conn(), &email.key).await? else { return Ok::<_, Fault>(()) };
            let (kind, expires_at) = (LetterKind::Reset, now + RESET_LIFE);
            let new =
                NewLetter { customer_id: customer.id, kind, to: &customer.email, token: token.hash(), expires_at };
            store::put_letter(tx, &new, now).await?;
            write_to_in_tx(tx, &desk, Letter::CustomerPasswordReset, &customer.email, (customer.id, &token)).await?;
            Ok(())
        })
        .await
}

/// What a mail's link says, and where the input has it.
pub struct Answered<'a> {
    /// None: the id given is no customer's.
    pub id: Option<Uuid>,
    pub token: Secret,
    pub password: &'a str,
    pub token_at: &'a [&'a str],
    /// The input object that has the password.
    pub password_within: &'a [&'a str],
}

impl Answered<'_> {
    fn password_at(&self) -> Vec<&str> {
        self.password_within.iter().copied().chain(["password"]).collect()
    }

    fn check(&self) -> CustomerResult<Uuid> {
        let mut checks = Checks::within(self.password_within);
        checks.password("password", self.password);
        checks.end()?;
        self.id.map_or_else(|| refuse(Refusal::TokenInvalid, self.token_at), Ok)
    }
}

/// Gives a customer the password that whoever got the mail chooses. It ends everything that they were signed in with, and
/// whatever else was mailed to them.
pub async fn customer_reset(desk: &Desk, answered: &Answered<'_>) -> CustomerResult<SignedIn> {
    let (id, token, now) = (answered.check()?, answered.token.hash(), desk.now());
    // A hash is dear: not for a token that is nobody's.
    let kind = LetterKind::Reset;
    let is_waiting =
        desk.db.read(async |conn| Ok::<_, Fault>(store::waiting_letter(conn, id, kind, token, now).await?));
    if !is_waiting.await? {
        return refuse(Refusal::TokenInvalid, answered.token_at);
    }
    let hash = desk.hash(answered.password, &answered.password_at()).await?;
    let (signed_in, key) = desk
        .db
        .write(async |tx| {
            let found = store::lock(tx, id).await?;
            let sent_to = store::take_letter(tx, id, kind, token, now).await?;
            let (Some((mut customer, _)), Some(sent_to)) = (found, sent_to) else {
                return refuse(Refusal::TokenInvalid, answered.token_at);
            };
            // It proves the address to which it was sent, which may not be theirs any more.
            if sent_to.key != customer.email.key {
                return refuse(Refusal::TokenInvalid, answered.token_at);
            }
            customer.verified_at = Some(now);
            customer.updated_at = now.max(customer.updated_at);
            store::update_customer(tx, &customer).await?;
            store::set_password(tx, id, &hash).await?;
            store::delete_tokens_of(tx, id).await?;
            store::drop_letters(tx, id).await?;
            Ok((sign_in_tx(tx, desk, &customer).await?, customer.email.key))
        })
        .await?;
    // Whoever guessed at the password before does not keep its owner out.
    desk.succeeded(&PASSWORDS, &key).await;
    Ok(signed_in)
}

/// Confirms an address: of who signs up, with the password that they choose; or of a customer who would like to have
/// another one, with the password that the account has. That one is known to its owner alone, so that nobody gets an
/// address confirmed by whom it belongs to.
pub async fn customer_activate(desk: &Desk, answered: &Answered<'_>) -> CustomerResult<SignedIn> {
    let (id, token, now) = (answered.check()?, answered.token.hash(), desk.now());
    let (is_signup, is_letter) = desk
        .db
        .read(async |conn| {
            let is_signup = store::waiting_signup(conn, id, token, now).await?;
            Ok::<_, Fault>((is_signup, store::waiting_letter(conn, id, LetterKind::Email, token, now).await?))
        })
        .await?;
    match (is_signup, is_letter) {
        (true, _) => open_account(desk, answered, id).await,
        (false, true) => move_account(desk, answered, id).await,
        (false, false) => refuse(Refusal::TokenInvalid, answered.token_at),
    }
}

async fn open_account(desk: &Desk, answered: &Answered<'_>, id: Uuid) -> CustomerResult<SignedIn> {
    let hash = desk.hash(answered.password, &answered.password_at()).await?;
    let (token, now) = (answered.token.hash(), desk.now());
    desk.db
        .write(async |tx| {
            let Some((email, person)) = store::take_signup(tx, id, token, now).await? else {
                return refuse(Refusal::TokenInvalid, answered.token_at);
            };
            let customer = Customer {
                id,
                email,
                is_enabled: true,
                verified_at: Some(now),
                first_name: person.first_name,
                last_name: person.last_name,
                phone: person.phone,
                accepts_marketing: person.accepts_marketing,
                tags: vec![],
                note: None,
                default_address_id: None,
                created_at: now,
                updated_at: now,
            };
            // The merchant has entered them meanwhile: another sign-up leads to that account.
            if !store::insert_customer(tx, &customer, Some(&hash)).await? {
                return refuse(Refusal::Taken, answered.token_at);
            }
            Ok(sign_in_tx(tx, desk, &customer).await?)
        })
        .await
}

async fn move_account(desk: &Desk, answered: &Answered<'_>, id: Uuid) -> CustomerResult<SignedIn> {
    let at = answered.password_at();
    let found = desk.db.read(async |conn| Ok::<_, Fault>(store::password_hash_by_id(conn, id).await?)).await?;
    let Some((key, before)) = found else { return refuse(Refusal::TokenInvalid, answered.token_at) };
    desk.admit(&PASSWORDS, &key, &at).await?;
    let verdict = desk.app.passwords.verify(desk.whose(), answered.password, Some(&before)).await;
    if verdict.map_err(|error| unchecked(error, &at))? == Verdict::No {
        return refuse(Refusal::Unidentified, &at);
    }
    desk.succeeded(&PASSWORDS, &key).await;
    let (token, now) = (answered.token.hash(), desk.now());
    let moved = desk.db.write(async |tx| {
        let found = store::lock(tx, id).await?.filter(|(_, hash)| hash.as_ref() == Some(&before));
        let sent_to = store::take_letter(tx, id, LetterKind::Email, token, now).await?;
        let (Some((mut customer, _)), Some(email)) = (found, sent_to) else {
            return refuse(Refusal::TokenInvalid, answered.token_at);
        };
        customer.email = email;
        customer.verified_at = Some(now);
        customer.updated_at = now.max(customer.updated_at);
        store::update_customer(tx, &customer).await?;
        // What was mailed to the address before leads nowhere any more.
        store::drop_letters(tx, id).await?;
        Ok(sign_in_tx(tx, desk, &customer).await?)
    });
    moved.await.map_err(|error| taken(error, answered.token_at))
}

/// The database's last word on whose an address is, as a refusal.
pub(super) fn taken(
    error: ServiceError<Vec<crate::customer::rule::CustomerRule>>,
    field: &[&str],
) -> ServiceError<Vec<crate::customer::rule::CustomerRule>> {
    match &error {
        ServiceError::Fault(Fault::Database(cause)) if constraint(cause) == Some(EMAIL_TAKEN) => {
            ServiceError::Rule(vec![Refusal::Taken.at(field)])
        }
        _ => error,
    }
}
