//! What customers change of themselves.

use super::{Desk, MAILS, refuse, sign_in_tx, tell_in_tx, write_to_in_tx};
use crate::customer::model::{AccessToken, Email, PROOF_LIFE, PersonChange};
use crate::customer::rule::{Checks, CustomerResult, Refusal};
use crate::customer::secret::Secret;
use crate::customer::store::{self, LetterKind, NewLetter};
use crate::error::Fault;
use crate::mail::letter::Letter;
use uuid::Uuid;

/// A change of an account; what is none stays.
#[derive(Clone, Default)]
pub struct AccountChange {
    pub person: PersonChange,
    /// Becomes theirs once it is confirmed.
    pub email: Option<String>,
    pub password: Option<String>,
}

/// Changes what a customer says of themselves; answers their id, and a token when a new password has ended all others.
///
/// Another address is theirs once whoever has it has confirmed it. Until then nobody is told whether it is taken.
pub async fn customer_update(
    desk: &Desk,
    token: &Secret,
    change: &AccountChange,
) -> CustomerResult<(Uuid, Option<AccessToken>)> {
    let mut checks = Checks::within(&["customer"]);
    let email = change.email.as_deref().and_then(|email| checks.email("email", email));
    if let Some(password) = &change.password {
        checks.password("password", password);
    }
    checks.person(&change.person);
    checks.end()?;
    let (field, now) = (["customerAccessToken"], desk.now());
    // Passwords are dear, and mails are sent to others: both only for who is known.
    let known = desk.db.read(async |conn| Ok::<_, Fault>(store::by_token(conn, token.hash(), now).await?)).await?;
    let Some(known) = known else { return refuse(Refusal::Unidentified, &field) };
    let email = email.filter(|email| email.key != known.email.key);
    if let Some(email) = &email {
        desk.admit(&MAILS, &email.key, &["customer", "email"]).await?;
    }
    let hash = match &change.password {
        Some(password) => Some(desk.hash(password, &["customer", "password"]).await?),
        None => None,
    };
    let proof = desk.new_secret();
    desk.db
        .write(async |tx| {
            let Some(mut customer) = store::lock_by_token(tx, token.hash(), now).await? else {
                return refuse(Refusal::Unidentified, &field);
            };
            change.person.apply(&mut customer);
            customer.updated_at = now.max(customer.updated_at);
            store::update_customer(tx, &customer).await?;
            if let Some(to) = &email {
                await_proof(tx, desk, customer.id, to, &proof).await?;
                write_to_in_tx(tx, desk, Letter::CustomerEmailVerification, to, (customer.id, &proof)).await?;
                tell_in_tx(tx, desk, Letter::CustomerEmailChangeRequested, &customer.email).await?;
            }
            let mut token = None;
            if let Some(hash) = &hash {
                store::set_password(tx, customer.id, hash).await?;
                store::delete_tokens_of(tx, customer.id).await?;
                token = Some(sign_in_tx(tx, desk, &customer).await?.token);
                tell_in_tx(tx, desk, Letter::CustomerPasswordChanged, &customer.email).await?;
            }
            Ok((customer.id, token))
        })
        .await
}

async fn await_proof(
    tx: &mut crate::db::TenantTx<'_>,
    desk: &Desk,
    customer_id: Uuid,
    to: &Email,
    proof: &Secret,
) -> Result<(), Fault> {
    let (now, kind, token) = (desk.now(), LetterKind::Email, proof.hash());
    store::put_letter(tx, &NewLetter { customer_id, kind, to, token, expires_at: now + PROOF_LIFE }, now).await?;
    Ok(())
}
