//! Signing up: everyone is answered alike, and what there is to say is mailed to the address.

use super::{Desk, MAILS, refuse, write_to_in_tx};
use crate::customer::model::{Email, PROOF_LIFE, Person, PersonChange, RESET_LIFE, spoken};
use crate::customer::rule::{Checks, CustomerResult, Refusal};
use crate::customer::store::{self, LetterKind, NewLetter, NewSignup};
use crate::error::Fault;
use crate::mail::letter::Letter;

/// Who would like to have an account.
#[derive(Clone)]
pub struct SignUp {
    pub email: String,
    /// Looked at, and not kept: whoever follows the mail's link says it again, and nobody else can know then what it is.
    pub password: String,
    pub person: PersonChange,
}

/// Asks whoever has the address to confirm it. Never succeeds at once: the refusal says that a mail is on its way, and
/// it is the same whether the address has an account or not.
pub async fn customer_create(desk: &Desk, new: &SignUp) -> CustomerResult<()> {
    let mut checks = Checks::within(&["input"]);
    let email = checks.email("email", &new.email);
    checks.password("password", &new.password);
    checks.person(&new.person);
    checks.end()?;
    let Some(email) = email else { return Ok(()) };
    let field = ["input", "email"];
    desk.admit(&MAILS, &email.key, &field).await?;
    let said = |part: &Option<Option<String>>| spoken(part.as_ref().and_then(Option::as_deref));
    let person = Person {
        first_name: said(&new.person.first_name),
        last_name: said(&new.person.last_name),
        phone: said(&new.person.phone),
        accepts_marketing: new.person.accepts_marketing.unwrap_or(false),
    };
    let address = email.address.clone();
    let place = desk.place(&field)?;
    desk.app.do_later(place, "a new account", sign_up(desk.clone(), email, person));
    refuse(Refusal::ConfirmByMail { address }, &field)
}

async fn sign_up(desk: Desk, email: Email, person: Person) -> Result<(), Fault> {
    let (now, token) = (desk.now(), desk.new_secret());
    desk.db
        .write(async |tx| {
            let Some(known) = store::by_email(tx.conn(), &email.key).await? else {
                let id = desk.new_id();
                let expires_at = now + PROOF_LIFE;
                let new = NewSignup { id, email: &email, person: &person, token: token.hash(), expires_at };
                store::put_signup(tx, &new, now).await?;
                write_to_in_tx(tx, &desk, Letter::CustomerAccountActivation, &email, (id, &token)).await?;
                return Ok::<_, Fault>(());
            };
            let (kind, expires_at) = (LetterKind::Reset, now + RESET_LIFE);
            let new = NewLetter { customer_id: known.id, kind, to: &known.email, token: token.hash(), expires_at };
            store::put_letter(tx, &new, now).await?;
            // Where the account has its mail, however the address was written now.
            write_to_in_tx(tx, &desk, Letter::CustomerAccountExists, &known.email, (known.id, &token)).await?;
            Ok(())
        })
        .await
}
